/// The sections of a job spec and the keys that each may have: one table for the reader, the suggestions and the
/// JSON schema's test.
public enum SpecSection: String, CaseIterable, Sendable {
    /// The whole document.
    case job
    /// An `images` entry that names a folder.
    case folder
    /// An `images` entry that names files.
    case files
    /// An `images` entry that names URLs.
    case urls
    /// An `images` entry that names a manifest.
    case manifest
    /// An `images` entry that names an archive.
    case archive
    /// An `images` entry that names a group.
    case group
    /// The value of a `group` key.
    case groupMembers
    /// One of the `prompts`.
    case prompt
    /// The `endpoint`.
    case endpoint
    /// The job's `limits`.
    case limits
    /// The `limits` of one endpoint.
    case endpointLimits
    /// Who downloads remote images.
    case fetch
    /// What is done to images.
    case prepare
    /// The bounds of `concurrency`.
    case concurrency
    /// The `retry` rules.
    case retry

    /// The keys that the section may have, in the order of the documentation.
    public var keys: [String] {
        switch self {
        case .job:
            [
                "name", "images", "system", "prompts", "variables", "endpoint", "endpoints", "parameters", "fetch",
                "prepare", "limits", "retry", "store",
            ]
        case .folder: ["folder", "include", "exclude"]
        case .files: ["files"]
        case .urls: ["urls"]
        case .manifest: ["manifest", "image"]
        case .archive: ["archive", "include", "exclude"]
        case .group: ["group"]
        case .groupMembers: ["name", "files"]
        case .prompt: ["id", "text"]
        case .endpoint: ["provider", "region", "base_url", "model", "api_key_env", "ca_file", "limits"]
        case .limits: Self.endpointLimits.keys + ["deadline", "item_deadline", "image_memory"]
        case .endpointLimits: ["requests_per_minute", "tokens_per_minute", "requests_per_day", "concurrency"]
        case .fetch: ["by", "private_addresses", "timeout"]
        case .prepare: ["max_pixels", "format", "quality", "strip_metadata"]
        case .concurrency: ["min", "max"]
        case .retry: ["attempts", "base", "cap", "timeout", "connect_timeout", "give_up_after"]
        }
    }
}
