import ArgumentParser
import Captioning
import Foundation
import SystemPackage

/// The spec that a command is about, and what flags say over it.
struct JobOptions: ParsableArguments {
    @Argument(help: "A job spec (YAML or JSON); or a folder, .zip or .tar of images: a job with the defaults.")
    var spec: String

    @Option(
        help: ArgumentHelp(
            "The provider preset: \(Provider.allCases.map(\.rawValue).joined(separator: ", ")).", valueName: "name"))
    var provider: String?

    @Option(help: "The provider's region, such as singapore or beijing.")
    var region: String?

    @Option(help: ArgumentHelp("The server's base URL, such as http://localhost:8000/v1.", valueName: "url"))
    var baseUrl: String?

    @Option(help: "The model to ask.")
    var model: String?

    @Option(
        help: ArgumentHelp(
            "The environment variable that holds the key (its name, not the key).", valueName: "variable"))
    var apiKeyEnv: String?

    @Option(help: ArgumentHelp("The SQLite file; default: beside the spec.", valueName: "file"))
    var store: String?

    /// Where a setting came from, for `caption plan`.
    enum Origin: String, Encodable {
        case flag, environment, spec, `default`
    }

    /// A job with what its settings came from.
    struct Loaded {
        var job: Job
        var origins: [String: Origin]
    }

    /// Reads the spec and resolves it: flag over environment over spec over default.
    func load(
        _ context: Context, concurrency: Job.Concurrency? = nil, deadline: Duration? = nil
    ) throws -> Loaded {
        let path = context.path(spec)
        let isFolder = isDirectory(path)
        let isArchive = !isFolder && path.lastComponent.map(Self.isArchive) == true
        let archive = try isArchive ? archiveName(path) : nil
        let isSpec = !isFolder && archive == nil
        let parsed = isFolder ? JobSpec.folder() : try archive.map(JobSpec.archive) ?? JobSpec(path: path, name: spec)
        var origins: [String: Origin] = [:]
        func pick(_ name: String, _ flag: String?, _ variable: String, inSpec: Bool) -> String? {
            let fromEnvironment = context.environment[variable].flatMap { $0.isEmpty ? nil : $0 }
            origins[name] = flag != nil ? .flag : fromEnvironment != nil ? .environment : inSpec ? .spec : .default
            return flag ?? fromEnvironment
        }
        var overrides = SpecOverrides()
        if let name = pick("provider", provider, "CAPTION_PROVIDER", inSpec: parsed.endpoint.provider != nil) {
            guard let known = Provider(rawValue: name) else {
                throw CommandFailure(
                    status: .badUsage,
                    message:
                        "unknown provider '\(name)'; known: \(Provider.allCases.map(\.rawValue).joined(separator: ", "))"
                )
            }
            overrides.provider = known
        }
        overrides.region = pick("region", region, "CAPTION_REGION", inSpec: parsed.endpoint.region != nil)
        overrides.baseURL = pick("base_url", baseUrl, "CAPTION_BASE_URL", inSpec: parsed.endpoint.baseURL != nil)
        overrides.model = pick("model", model, "CAPTION_MODEL", inSpec: parsed.endpoint.model != nil)
        overrides.apiKeyVariable = pick(
            "api_key_env", apiKeyEnv, "CAPTION_API_KEY_ENV", inSpec: parsed.endpoint.apiKeyVariable != nil)
        overrides.store = pick("store", store, "CAPTION_STORE", inSpec: parsed.store != nil).map(context.path)
        overrides.concurrency = concurrency
        overrides.deadline = deadline
        origins["deadline"] = deadline != nil ? .flag : parsed.deadlines.run != nil ? .spec : .default
        origins["concurrency"] =
            concurrency != nil
            ? .flag : parsed.limits.concurrency ?? parsed.endpoint.limits.concurrency != nil ? .spec : .default
        let name = ImageName(bytes: path.lastComponent.map { FilePath(root: nil, [$0]).bytes } ?? []).lossyText
        let stem = isSpec ? FilePath.Component(name)?.stem ?? name : name
        let job = try Job(
            resolving: parsed, file: isSpec ? spec : nil, name: stem.isEmpty ? "caption" : stem,
            root: isFolder ? path : path.removingLastComponent(), storeDirectory: path.removingLastComponent(),
            overrides: overrides)
        guard job.store.validText != nil else {
            throw CommandFailure(
                status: .badUsage,
                message:
                    "the store's path '\(job.store.string)' is not UTF-8, as SQLite needs it; name another with --store"
            )
        }
        return Loaded(job: job, origins: origins)
    }

    /// The name under which a bare archive is planned.
    private func archiveName(_ path: FilePath) throws -> String? {
        guard let name = path.lastComponent, let text = FilePath(root: nil, [name]).validText else {
            throw CommandFailure(
                status: .badUsage, message: "the name of '\(path.string)' is not UTF-8; rename the archive")
        }
        return text
    }

    private static func isArchive(_ name: FilePath.Component) -> Bool {
        ["zip", "tar"].contains(name.extension?.lowercased())
    }
}

extension JobOptions {
    /// The command line that does something else with the same job: everything that was given for it is given again, so
    /// that no printed line asks another server or another store.
    ///
    /// What the environment says is not repeated; it holds for the next command, too.
    func command(_ name: String, _ more: [String] = []) -> String {
        let settings = [
            ("--provider", provider), ("--region", region), ("--base-url", baseUrl), ("--model", model),
            ("--api-key-env", apiKeyEnv), ("--store", store),
        ]
        return Self.command(name, spec, settings.flatMap(ShellText.option) + more)
    }

    /// The command line for a spec about which no more was said.
    static func command(_ name: String, _ spec: String, _ more: [String] = []) -> String {
        ShellText.line(["caption", name, ShellText.path(spec)] + more)
    }

    /// The command line that tries the same job without a key: other words about the provider would contradict.
    func simulatedCommand(_ name: String, _ more: [String] = []) -> String {
        var options = self
        (options.provider, options.region, options.baseUrl, options.apiKeyEnv) = ("simulated", nil, nil, nil)
        return options.command(name, more)
    }
}

extension Job {
    /// Says what is legal but most likely a mistake.
    func printWarnings(_ context: Context) {
        for warning in warnings { context.note("warning: \(warning)") }
    }
}
