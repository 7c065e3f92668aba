import CaptioningTesting
import SystemPackage
import Testing

@testable import Captioning

struct JobResolvingTests {
    static let presets: [(Provider, String, String?, String?)] = [
        (.dashscope, "https://dashscope-intl.aliyuncs.com/compatible-mode/v1", "qwen3-vl-plus", "DASHSCOPE_API_KEY"),
        (.openai, "https://api.openai.com/v1", nil, "OPENAI_API_KEY"),
        (.openrouter, "https://openrouter.ai/api/v1", nil, "OPENROUTER_API_KEY"),
        (.ollama, "http://localhost:11434/v1", nil, nil), (.vllm, "http://localhost:8000/v1", nil, nil),
        (.lmstudio, "http://localhost:1234/v1", nil, nil),
        (.simulated, Job.Endpoint.insideURL, "qwen3-vl-plus", nil),
    ]

    @Test(arguments: presets)
    func `a provider's name brings its address, key variable and model`(
        provider: Provider, baseURL: String, model: String?, key: String?
    ) throws {
        let named = try jobBeside("endpoint: {provider: \(provider), model: my-model}").endpoint
        #expect(
            named == .init(provider: provider, baseURL: baseURL, model: "my-model", apiKeyVariable: key))
        if let model {
            #expect(try jobBeside("endpoint: {provider: \(provider)}").endpoint.model == model)
        } else {
            let found = try resolvingProblems("endpoint: {provider: \(provider)}")
            #expect(found.map(\.keyPath) == ["endpoint.model"])
            #expect(found.map(\.hint) == ["'curl \(baseURL)/models' lists what a server has"])
        }
    }

    @Test(arguments: [
        ("singapore", "dashscope-intl.aliyuncs.com"), ("virginia", "dashscope-us.aliyuncs.com"),
        ("beijing", "dashscope.aliyuncs.com"), ("hongkong", "cn-hongkong.dashscope.aliyuncs.com"),
    ])
    func `a region brings its address`(region: String, host: String) throws {
        #expect(
            try jobBeside("endpoint: {region: \(region)}").endpoint.baseURL == "https://\(host)/compatible-mode/v1")
    }

    @Test func `a region that is not known is a problem`() throws {
        let near = try resolvingProblems("endpoint: {region: Singapur}")
        #expect(near.map(\.hint) == ["did you mean 'singapore'?"])
        let far = try resolvingProblems("endpoint: {region: mars}")
        #expect(far.map(\.hint) == ["known: singapore, virginia, beijing, hongkong; or set base_url"])
        let none = try resolvingProblems("endpoint: {provider: vllm, model: m, region: singapore}")
        #expect(none.map(\.description) == ["job.yaml: endpoint.region: vllm has no regions (leave it out)"])
    }

    @Test func `a job that says nothing has the defaults`() throws {
        let job = try jobBeside("")
        #expect(job.name == "holiday")
        #expect(job.root == "/photos")
        #expect(job.store == "/photos/holiday.sqlite")
        #expect(job.prompts == [Job.defaultPrompt])
        #expect(job.system == nil)
        #expect(job.endpoint.provider == .dashscope)
        #expect(job.parameters.isEmpty)
        #expect(job.limits == .init(requestsPerMinute: nil, tokensPerMinute: nil))
        #expect(
            job.retry
                == .init(
                    attempts: 6, base: .seconds(1), cap: .seconds(60), timeout: .seconds(330),
                    connectTimeout: .seconds(10), giveUpAfter: .seconds(900)))
        #expect(job.warnings.isEmpty)
    }

    @Test func `what a spec says wins over the defaults`() throws {
        let job = try jobBeside(
            """
            name: trip
            limits: {requests_per_minute: 60, tokens_per_minute: 1000, concurrency: 2}
            retry: {attempts: 2, base: 90s, timeout: 5s, connect_timeout: 1s, give_up_after: 2m}
            """)
        #expect(job.name == "trip")
        #expect(job.store == "/photos/trip.sqlite")
        #expect(job.limits == .init(requestsPerMinute: 60, tokensPerMinute: 1000, concurrency: 2))
        // The longest wait follows a first wait that is longer than its default.
        #expect(
            job.retry
                == .init(
                    attempts: 2, base: .seconds(90), cap: .seconds(90), timeout: .seconds(5),
                    connectTimeout: .seconds(1), giveUpAfter: .seconds(120)))
        #expect(try jobBeside("retry: {cap: 5m}").retry.cap == .seconds(300))
    }

    @Test func `flags win over the spec`() throws {
        var flags = SpecOverrides()
        flags.region = "virginia"
        flags.model = "qwen3.7-plus"
        flags.apiKeyVariable = "OTHER_KEY"
        flags.concurrency = 3
        flags.store = "elsewhere.db"
        let job = try jobBeside(
            """
            endpoint: {provider: dashscope, region: beijing, model: qwen3-vl-plus, api_key_env: MY_KEY}
            limits: {concurrency: 9, requests_per_minute: 60}
            store: spec.sqlite
            """, overrides: flags)
        #expect(
            job.endpoint
                == .init(
                    provider: .dashscope, baseURL: "https://dashscope-us.aliyuncs.com/compatible-mode/v1",
                    model: "qwen3.7-plus", apiKeyVariable: "OTHER_KEY",
                    limits: .init(requestsPerMinute: 60, concurrency: 3)))
        #expect(job.store == "elsewhere.db")
    }

    @Test func `a base URL wins over a region, a flag's over the spec's`() throws {
        let lines = "endpoint: {region: beijing, base_url: 'https://proxy.example.com/v1', provider: dashscope}"
        #expect(try jobBeside(lines).endpoint.baseURL == "https://proxy.example.com/v1")
        var flags = SpecOverrides()
        flags.baseURL = "http://localhost:9/v1"
        let endpoint = try jobBeside(lines, overrides: flags).endpoint
        #expect(endpoint.baseURL == "http://localhost:9/v1")
        #expect(endpoint.provider == .dashscope)
    }

    @Test func `another provider by flag drops the spec's address, region and key`() throws {
        var flags = SpecOverrides()
        flags.provider = .ollama
        let job = try jobBeside(
            """
            endpoint: {provider: dashscope, region: beijing, base_url: 'https://x.example/v1', model: m, api_key_env: K}
            """, overrides: flags)
        #expect(
            job.endpoint
                == .init(provider: .ollama, baseURL: "http://localhost:11434/v1", model: "m", apiKeyVariable: nil))
    }

    @Test(arguments: [
        ("endpoint: {provider: dashscope, region: beijing, api_key_env: K}", Provider.dashscope),
        ("endpoint: {region: beijing, api_key_env: K}", .dashscope),
        ("endpoint: {base_url: 'https://x.example/v1', model: m, api_key_env: K}", .custom),
    ])
    func `the same provider by flag keeps the spec's address and key`(lines: String, provider: Provider) throws {
        var flags = SpecOverrides()
        flags.provider = provider
        let endpoint = try jobBeside(lines, overrides: flags).endpoint
        #expect(endpoint == (try jobBeside(lines).endpoint))
        #expect(endpoint.apiKeyVariable == "K")
    }

    @Test func `a base URL without a provider is a custom server`() throws {
        let lines = "endpoint: {base_url: 'http://localhost:8000/v1', model: m}"
        #expect(
            try jobBeside(lines).endpoint
                == .init(provider: .custom, baseURL: "http://localhost:8000/v1", model: "m", apiKeyVariable: nil))
    }

    @Test func `a custom server needs an address and a model`() throws {
        let found = try resolvingProblems("endpoint: {provider: custom}")
        #expect(found.map(\.keyPath) == ["endpoint.base_url", "endpoint.model"])
        #expect(found.first?.message == "provider 'custom' needs a base URL")
    }

    @Test(arguments: ["localhost:8000/v1", "ftp://example.com/v1", "http://", "https://a b/v1"])
    func `a base URL that is no URL is a problem`(url: String) throws {
        let found = try resolvingProblems("endpoint: {base_url: '\(url)', model: m}")
        #expect(found.map(\.keyPath) == ["endpoint.base_url"])
    }

    @Test func `a password in a base URL is refused and not repeated`() throws {
        let found = try resolvingProblems("endpoint: {base_url: 'https://me:secret@example.com/v1', model: m}")
        #expect(found.map(\.message) == ["must not hold a user name or password"])
        #expect(found.allSatisfy { !$0.description.contains("secret") })
    }

    @Test(arguments: [
        "?key=hush-1", "?api-key=hush-1", "?api_key=hush-1", "?APIKEY=hush-1", "?api-version=1&subscription-key=hush-1",
        "?access_token=hush-1", "?a=b;sig=hush-1", "?api%5Fkey=hush-1", "?x-goog-api-key=hush-1", "#token=hush-1",
        "?key",
        "?code=sk-hush-12345678", "/sk-hush-12345678",
    ])
    func `a key in a base URL is refused and not repeated`(ending: String) throws {
        let found = try resolvingProblems("endpoint: {base_url: 'https://example.com/v1\(ending)', model: m}")
        #expect(found.map(\.keyPath) == ["endpoint.base_url"])
        #expect(found.allSatisfy { $0.message.hasPrefix("must not hold a key") })
        #expect(found.allSatisfy { !$0.description.contains("hush") })
    }

    @Test func `a file of certificates is found beside the spec, and looked at`() async throws {
        try await TemporaryFolder.use { folder in
            try folder.write("-----BEGIN CERTIFICATE-----\n".utf8, to: "tls/ca.pem")
            try folder.write("no certificate".utf8, to: "other.pem")
            let lines = "endpoint: {base_url: 'https://localhost/v1', model: m, ca_file: "
            let job = try jobBeside(lines + "./tls/ca.pem}", root: folder.path)
            #expect(job.endpoint.caFile == folder.path.appending("tls/ca.pem"))
            for (name, message) in [
                ("missing.pem", "No such file"), ("tls", "is no file of certificates"), ("/dev/zero", "is no file"),
                ("other.pem", "holds no certificate in PEM"),
            ] {
                let error = #expect(throws: SpecError.self) { try jobBeside(lines + name + "}", root: folder.path) }
                #expect(error?.problems.map(\.keyPath) == ["endpoint.ca_file"])
                #expect(error?.problems.first?.message.contains(message) == true, "\(error.debugDescription)")
            }
        }
    }

    @Test func `a query without a key stays behind a base URL`() throws {
        for ending in ["?api-version=2024-10-21", "/chat/completions?api-version=2024-10-21&deployment=x"] {
            let job = try jobBeside("endpoint: {base_url: 'https://example.com/v1\(ending)', model: m}")
            let query = ending.drop { $0 != "?" }
            #expect(job.endpoint.baseURL == "https://example.com/v1\(query)")
        }
    }

    @Test(arguments: ["", "/", "//", "/chat/completions", "/chat/completions/"])
    func `what people paste behind a base URL is trimmed`(ending: String) throws {
        let lines = "endpoint: {base_url: 'http://localhost:8000/v1\(ending)', model: m}"
        #expect(try jobBeside(lines).endpoint.baseURL == "http://localhost:8000/v1")
    }

    @Test(arguments: ["provider: dashscope", "provider: simulated", "base_url: 'https://dashscope.aliyuncs.com/v1'"])
    func `a model that only streams is refused where the vendor serves it`(endpoint: String) throws {
        let found = try resolvingProblems("endpoint: {\(endpoint), model: qvq-max}")
        #expect(
            found.map(\.description) == [
                "job.yaml: endpoint.model: 'qvq-max' answers in streaming mode only, and requests here are never "
                    + "streamed (choose another model, such as qwen3-vl-plus)"
            ])
    }

    @Test(arguments: ["provider: vllm", "provider: ollama", "base_url: 'https://example.com/v1'"])
    func `a model that only streams elsewhere is sent to other servers`(endpoint: String) throws {
        let job = try jobBeside("endpoint: {\(endpoint), model: qvq-72b-preview}")
        #expect(job.endpoint.model == "qvq-72b-preview")
        #expect(job.warnings.isEmpty)
    }

    @Test(arguments: ["qwen3-vl-flash", "qwen-vl-max-2024-11-19", "qwen9-vl-nobody", "gpt-4o"])
    func `a retired or unknown model is sent with a warning`(model: String) throws {
        let job = try jobBeside("endpoint: {model: \(model)}")
        #expect(job.endpoint.model == model)
        #expect(job.warnings.map(\.keyPath) == ["endpoint.model"])
        #expect(try jobBeside("endpoint: {provider: vllm, model: \(model)}").warnings.isEmpty)
    }

    @Test func `thinking on DashScope comes with a warning, and the spec's own warnings stay`() throws {
        let lines = "parameters: {enable_thinking: true, temprature: 1}"
        #expect(
            try jobBeside(lines).warnings.map(\.keyPath) == ["parameters.temprature", "parameters.enable_thinking"])
        #expect(try jobBeside("parameters: {enable_thinking: false}").warnings.isEmpty)
    }

    @Test(arguments: [Provider.ollama, .lmstudio])
    func `URLs are refused for a server that does not download`(provider: Provider) throws {
        let spec = try JobSpec(
            yaml:
                "images: [files: a.jpg, urls: 'https://example.com/a.jpg']\nendpoint: {provider: \(provider), model: m}",
            file: "job.yaml")
        #expect {
            _ = try Job(resolving: spec, file: "job.yaml", name: "j", root: "/", storeDirectory: "/")
        } throws: { error in
            (error as? SpecError)?.problems == [
                .init(
                    file: "job.yaml", keyPath: "images[1].urls",
                    message: "\(provider.rawValue) does not download images",
                    hint: "'fetch: local' downloads them here")
            ]
        }
        var local = spec
        local.fetch.place = .local
        #expect(
            try Job(resolving: local, file: "job.yaml", name: "j", root: "/", storeDirectory: "/").fetch.place == .local
        )
    }

    @Test(arguments: [
        ("", "/photos/holiday.sqlite"), ("name: 'a b'", "/photos/a b.sqlite"), ("store: r.db", "/photos/r.db"),
        ("store: ../r.db", "/photos/../r.db"), ("store: /data/r.db", "/data/r.db"), ("name: ..", "/photos/...sqlite"),
    ])
    func `the store is beside the spec unless it is named`(lines: String, store: FilePath) throws {
        #expect(try jobBeside(lines).store == store)
    }

    @Test func `a name with a slash names no store`() throws {
        let found = try resolvingProblems("name: a/b\nendpoint: {provider: vllm}")
        #expect(found.map(\.keyPath) == ["endpoint.model", "name"])
    }

    @Test func `a bare folder is a job with the defaults`() throws {
        let job = try Job(
            resolving: .folder(), file: nil, name: "photos", root: "/home/me/photos", storeDirectory: "/home/me")
        #expect(job.images == [.folder(path: ".", include: [], exclude: [])])
        #expect(job.store == "/home/me/photos.sqlite")
        #expect(job.prompts == [Job.defaultPrompt])
    }
}
