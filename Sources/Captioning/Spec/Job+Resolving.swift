public import SystemPackage

/// What flags or the environment say over the spec; nil leaves the spec's word.
public struct SpecOverrides: Hashable, Sendable {
    /// Overrides `endpoint.provider`; the spec's region, base URL and key variable then no longer apply.
    ///
    /// The simulated provider in place of another has a store of its own, unless `store` names one.
    public var provider: Provider?
    /// Overrides `endpoint.region`.
    public var region: String?
    /// Overrides `endpoint.base_url`.
    public var baseURL: String?
    /// Overrides `endpoint.model`.
    public var model: String?
    /// Overrides `endpoint.api_key_env`.
    public var apiKeyVariable: String?
    /// Overrides `concurrency` of every endpoint.
    public var concurrency: Job.Concurrency?
    /// Overrides `limits.deadline`.
    public var deadline: Duration?
    /// Overrides `store`; relative to the working directory.
    public var store: FilePath?

    /// No overrides.
    public init() {}

    /// Whether they name another place to ask than the spec, which then counts alone.
    var namesEndpoint: Bool { provider != nil || region != nil || baseURL != nil || apiKeyVariable != nil }
}

extension Job {
    /// What an image is asked when the spec names no prompt.
    public static let defaultPrompt = JobSpec.Prompt(id: "caption", text: "Describe this image in one sentence.")

    /// Fills a spec up with overrides, presets and defaults.
    ///
    /// - `spec`: What the user wrote.
    /// - `file`: The spec's name for messages; nil for a bare folder.
    /// - `name`: The job's name when the spec has none.
    /// - `root`: The directory that relative paths start from.
    /// - `storeDirectory`: Where the store goes when the spec does not say.
    /// - `overrides`: Flags and environment.
    ///
    /// Throws `SpecError` with everything that does not fit together.
    public init(
        resolving spec: JobSpec, file: String?, name defaultName: String, root: FilePath, storeDirectory: FilePath,
        overrides: SpecOverrides = SpecOverrides()
    ) throws(SpecError) {
        var problems: [SpecError.Problem] = []
        var warnings = spec.warnings
        let name = spec.name ?? defaultName
        let sources = overrides.namesEndpoint ? [spec.endpoint] : spec.endpoints
        let endpoints = sources.enumerated().compactMap { place, source -> Endpoint? in
            let path = spec.listsEndpoints ? "endpoints[\(place)]" : "endpoint"
            guard var endpoint = Self.endpoint(source, overrides, root, path, file, &problems) else {
                return nil
            }
            Self.checkModel(endpoint, spec.parameters, path, file, &problems, &warnings)
            endpoint.limits = Limits(source.limits, else: spec.limits, overrides.concurrency)
            return endpoint
        }
        Self.checkTwins(endpoints, file, &problems)
        if name.contains("/") || name.contains("\0") {
            problems.append(
                .init(file: file, keyPath: "name", message: "must not contain '/'", hint: "it names the store"))
        }
        for (index, source) in spec.images.enumerated() {
            switch source {
            case .urls, .urlFile: break
            case .folder, .files, .manifest, .archive, .group: continue
            }
            if spec.fetch.place == .provider,
                let endpoint = endpoints.first(where: { !$0.imageLimits.acceptsRemoteURLs })
            {
                problems.append(
                    .init(
                        file: file, keyPath: "images[\(index)].urls",
                        message: "\(endpoint.provider.rawValue) does not download images",
                        hint: "'fetch: local' downloads them here"))
            }
        }
        guard problems.isEmpty, let first = endpoints.first else { throw SpecError(problems) }
        let defaults = Retry()
        self.init(
            name: name, root: root, images: spec.images, system: spec.system,
            prompts: spec.prompts.isEmpty ? [Self.defaultPrompt] : spec.prompts, variables: spec.variables,
            endpoint: first, parameters: spec.parameters,
            deadlines: Deadlines(run: overrides.deadline ?? spec.deadlines.run, item: spec.deadlines.item),
            retry: Retry(
                attempts: spec.retry.attempts ?? defaults.attempts, base: spec.retry.base ?? defaults.base,
                cap: spec.retry.cap ?? max(defaults.cap, spec.retry.base ?? .zero),
                timeout: spec.retry.timeout ?? defaults.timeout,
                connectTimeout: spec.retry.connectTimeout ?? defaults.connectTimeout,
                giveUpAfter: spec.retry.giveUpAfter ?? defaults.giveUpAfter),
            store: overrides.store
                ?? Self.store(
                    spec.store.map { root.pushing(FilePath($0)) } ?? storeDirectory.appending("\(name).sqlite"), spec,
                    overrides),
            warnings: warnings)
        self.endpoints = endpoints
        preparation = spec.preparation
        fetch = spec.fetch
        imageMemory = spec.imageMemory ?? Self.defaultImageMemory
    }

    /// Where answers go that nobody named a store for: simulated ones apart from those of the provider that the spec means.
    private static func store(_ path: FilePath, _ spec: JobSpec, _ overrides: SpecOverrides) -> FilePath {
        let isTrial = overrides.provider == .simulated && spec.endpoints.contains { $0.provider != .simulated }
        return isTrial ? simulatedStore(besides: path) : path
    }

    /// The store beside another one that holds the answers of the simulated provider: `photos.simulated.sqlite`.
    package static func simulatedStore(besides path: FilePath) -> FilePath {
        guard let name = path.lastComponent else { return path }
        let ending = name.extension.map { ".\($0)" } ?? ""
        return path.removingLastComponent().appending("\(name.stem).simulated\(ending)")
    }

    /// The same endpoint twice would be asked twice as fast as its limits allow.
    private static func checkTwins(_ endpoints: [Endpoint], _ file: String?, _ problems: inout [SpecError.Problem]) {
        func identity(_ endpoint: Endpoint) -> [String?] {
            [endpoint.baseURL, endpoint.model, endpoint.apiKeyVariable]
        }
        for (place, endpoint) in endpoints.enumerated() {
            if let twin = endpoints[..<place].firstIndex(where: { identity($0) == identity(endpoint) }) {
                problems.append(
                    .init(
                        file: file, keyPath: "endpoints[\(place)]", message: "is the same as endpoints[\(twin)]",
                        hint: "list each base URL, model and key once"))
            }
        }
    }

    private static func endpoint(
        _ spec: JobSpec.Endpoint, _ overrides: SpecOverrides, _ root: FilePath, _ path: String, _ file: String?,
        _ problems: inout [SpecError.Problem]
    ) -> Endpoint? {
        let provider =
            overrides.provider ?? spec.provider ?? (overrides.baseURL ?? spec.baseURL != nil ? .custom : .dashscope)
        // A flag that names another provider means that provider's own address and key, not the spec's.
        let specProvider = spec.provider ?? (spec.baseURL != nil ? .custom : .dashscope)
        let isSpecs = overrides.provider == nil || overrides.provider == specProvider
        let preset = ProviderPreset.preset(for: provider)
        let before = problems.count
        func report(_ key: String, _ message: String, _ hint: String?) {
            problems.append(.init(file: file, keyPath: join(path, key), message: message, hint: hint))
        }
        var baseURL = overrides.baseURL ?? (isSpecs ? spec.baseURL : nil)
        if let region = overrides.region ?? (isSpecs ? spec.region : nil) {
            let known = preset.regions.map(\.name).filter { !$0.isEmpty }
            let url = preset.regions.first { $0.name == region }?.baseURL
            if known.isEmpty {
                report("region", "\(provider.rawValue) has no regions", "leave it out")
            } else if url == nil {
                let near = suggestion(for: region, among: known)
                report(
                    "region", "unknown region '\(region)'",
                    near.map { "did you mean '\($0)'?" } ?? "known: \(list(known)); or set base_url")
            }
            baseURL = baseURL ?? url
        }
        baseURL = baseURL ?? preset.regions.first?.baseURL
        if let url = baseURL {
            if !isRemote(url) {
                report("base_url", "'\(url)' is no http:// or https:// URL", "such as http://localhost:8000/v1")
            } else if url.contains("@") {
                report("base_url", "must not hold a user name or password", "name a key variable in api_key_env")
            } else if let name = KeyInURL.name(in: url) {
                report(
                    "base_url", "must not hold a key (it has \(name))",
                    "name the variable that holds the key in api_key_env; a base URL is stored and shown")
            }
        } else if problems.count == before {
            report("base_url", "provider '\(provider.rawValue)' needs a base URL", "such as http://localhost:8000/v1")
        }
        let model = overrides.model ?? spec.model ?? preset.model
        if model == nil {
            report("model", "name the model to ask", "'curl \(baseURL ?? "BASE_URL")/models' lists what a server has")
        }
        let caFile = isSpecs ? spec.caFile.map { root.pushing(FilePath($0)).lexicallyNormalized() } : nil
        if let caFile, let problem = CertificateFile.problem(at: caFile) {
            report(
                "ca_file", "'\(caFile.string)' \(problem)",
                "a file of certificates in PEM; relative to the spec's folder")
        }
        guard problems.count == before, var url = baseURL, let model else { return nil }
        let query = url.firstIndex(of: "?").map { String(url[$0...]) } ?? ""
        url.removeLast(query.count)
        while url.hasSuffix("/") { url.removeLast() }
        if url.hasSuffix("/chat/completions") { url.removeLast("/chat/completions".count) }
        url += query
        return Endpoint(
            provider: provider, baseURL: url, model: model,
            apiKeyVariable: overrides.apiKeyVariable ?? (isSpecs ? spec.apiKeyVariable : nil) ?? preset.apiKeyVariable,
            caFile: caFile)
    }

    private static func checkModel(
        _ endpoint: Endpoint, _ parameters: [String: JSONValue], _ path: String, _ file: String?,
        _ problems: inout [SpecError.Problem], _ warnings: inout [SpecError.Problem]
    ) {
        // The vendor's own service streams these models only; the open ones answer either way on other servers.
        let isVendors = endpoint.provider == .simulated || endpoint.speaksDashScope
        if isVendors, KnownModels.isStreamingOnly(endpoint.model) {
            problems.append(
                .init(
                    file: file, keyPath: join(path, "model"),
                    message: "'\(endpoint.model)' answers in streaming mode only, and requests here are never streamed",
                    hint: "choose another model, such as qwen3-vl-plus"))
        } else if let advice = KnownModels.advice(for: endpoint.model, provider: endpoint.provider) {
            warnings.append(.init(file: file, keyPath: join(path, "model"), message: advice))
        }
        if parameters["enable_thinking"] == .bool(true), endpoint.speaksDashScope,
            !warnings.contains(where: { $0.keyPath == "parameters.enable_thinking" })
        {
            warnings.append(
                .init(
                    file: file, keyPath: "parameters.enable_thinking",
                    message: "thinking is billed as output, and long answers may be cut at 180 s without streaming"))
        }
    }
}

extension Job.Limits {
    /// What an endpoint's own limits say, and the job's where they are silent.
    init(_ own: JobSpec.Limits, else job: JobSpec.Limits, _ override: Job.Concurrency?) {
        self.init(
            requestsPerMinute: own.requestsPerMinute ?? job.requestsPerMinute,
            tokensPerMinute: own.tokensPerMinute ?? job.tokensPerMinute,
            requestsPerDay: own.requestsPerDay ?? job.requestsPerDay,
            concurrency: override ?? own.concurrency ?? job.concurrency ?? Job.Concurrency())
    }
}
