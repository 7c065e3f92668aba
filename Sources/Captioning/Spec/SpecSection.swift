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
    /// An `images` entry that names a group.
    case group
    /// The value of a `group` key.
    case groupMembers
    /// One of the `prompts`.
    case prompt
    /// The `endpoint`.
    case endpoint
    /// The `limits`.
    case limits
    /// The `retry` rules.
    case retry

    /// The keys that the section may have, in the order of the documentation.
    public var keys: [String] {
        switch self {
        case .job:
            [
                "name", "images", "system", "prompts", "variables", "endpoint", "parameters", "limits", "retry",
                "store",
            ]
        case .folder: ["folder", "include", "exclude"]
        case .files: ["files"]
        case .urls: ["urls"]
        case .group: ["group"]
        case .groupMembers: ["name", "files"]
        case .prompt: ["id", "text"]
        case .endpoint: ["provider", "region", "base_url", "model", "api_key_env"]
        case .limits: ["requests_per_minute", "tokens_per_minute", "concurrency"]
        case .retry: ["attempts", "base", "cap", "timeout", "connect_timeout", "give_up_after"]
        }
    }
}
