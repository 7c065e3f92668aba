/// What the user wrote: a job spec, read and checked on its own, before presets, flags and environment fill it up.
///
/// Absent is nil (or empty, for lists and maps); defaults come in with `Job`.
public struct JobSpec: Hashable, Sendable {
    /// One entry of `images`.
    public enum ImageSource: Hashable, Sendable {
        /// Every image in a folder and below; globs select among them.
        ///
        /// `include` empty means: every file with an image extension.
        case folder(path: String, include: [String], exclude: [String])
        /// The named files.
        case files([String])
        /// Remote images; the provider downloads them.
        case urls([String])
        /// Remote images, one URL a line of a text file.
        case urlFile(path: String)
        /// The images that a CSV or JSON lines file names, with what else it says of each.
        ///
        /// `image` is the column that names them: paths relative to the file's folder, or URLs.
        case manifest(path: String, image: String)
        /// Every image in a zip or tar archive; globs select among them as in a folder.
        case archive(path: String, include: [String], exclude: [String])
        /// Several files in one request, under one name.
        case group(name: String, files: [String])
    }

    /// One prompt: every image is asked each of them.
    public struct Prompt: Hashable, Sendable {
        /// The prompt's id in results.
        public var id: String
        /// Mustache text.
        public var text: String

        /// A prompt.
        public init(id: String, text: String) {
            self.id = id
            self.text = text
        }
    }

    /// The `endpoint` as written.
    public struct Endpoint: Hashable, Sendable {
        /// The preset.
        public var provider: Provider?
        /// The preset's region.
        public var region: String?
        /// Overrides the preset's base URL.
        public var baseURL: String?
        /// The model asked.
        public var model: String?
        /// The name of the environment variable that holds the key.
        public var apiKeyVariable: String?
        /// A file of certificates (PEM) that vouch for the server.
        public var caFile: String?
        /// How fast this endpoint may be asked; what it does not say, the job's own limits do.
        public var limits = Limits()

        /// An endpoint of which nothing is said yet.
        public init() {}
    }

    /// The `limits` as written.
    public struct Limits: Hashable, Sendable {
        /// Requests that may start per minute, at least 1.
        public var requestsPerMinute: Int?
        /// Model tokens per minute, at least 1.
        public var tokensPerMinute: Int?
        /// Requests that may start per day, at least 1.
        public var requestsPerDay: Int?
        /// Requests in flight at once, 1 to 1024.
        public var concurrency: Job.Concurrency?

        /// Limits of which nothing is said yet.
        public init() {}
    }

    /// The `retry` rules as written.
    public struct Retry: Hashable, Sendable {
        /// Attempts per item in all, 1 to 100.
        public var attempts: Int?
        /// The first backoff.
        public var base: Duration?
        /// The longest backoff.
        public var cap: Duration?
        /// The longest that one whole request may take.
        public var timeout: Duration?
        /// The longest that opening a connection may take.
        public var connectTimeout: Duration?
        /// How long without any success before the run stops.
        public var giveUpAfter: Duration?

        /// Rules of which nothing is said yet.
        public init() {}
    }

    /// The job's name; nil means the file's.
    public var name: String?
    /// Where the images come from.
    public var images: [ImageSource] = []
    /// The system message, Mustache text; nil sends none.
    public var system: String?
    /// What every image is asked; empty means the default prompt.
    public var prompts: [Prompt] = []
    /// The user's own template variables.
    public var variables: [String: String] = [:]
    /// Whom to ask; never empty.
    public var endpoints = [Endpoint()]
    /// Whether they stand under `endpoints:` rather than `endpoint:`.
    public var listsEndpoints = false
    /// Request parameters, passed through top-level.
    public var parameters: [String: JSONValue] = [:]
    /// How fast each endpoint may be asked that does not say so itself.
    public var limits = Limits()
    /// Who downloads remote images.
    public var fetch = ImageFetch()
    /// What is done to images before they are sent.
    public var preparation = ImagePreparation()
    /// When to stop trying.
    public var deadlines = Job.Deadlines()
    /// The most bytes of memory for images.
    public var imageMemory: Int?
    /// How stubbornly.
    public var retry = Retry()
    /// The store's path; nil means beside the spec.
    public var store: String?
    /// What is legal but most likely a mistake.
    public var warnings: [SpecError.Problem] = []

    /// A spec of which nothing is said yet.
    public init() {}

    /// The endpoint that is listed first.
    public var endpoint: Endpoint {
        get { endpoints[0] }
        set { endpoints[0] = newValue }
    }

    /// The spec of a bare archive beside it: every image in it, all defaults.
    public static func archive(_ name: String) -> JobSpec {
        var spec = JobSpec()
        spec.images = [.archive(path: name, include: [], exclude: [])]
        return spec
    }

    /// The spec of a bare folder: every image in it, all defaults.
    public static func folder() -> JobSpec {
        var spec = JobSpec()
        spec.images = [.folder(path: ".", include: [], exclude: [])]
        return spec
    }
}

extension [JobSpec.ImageSource] {
    /// Whether a manifest sets variables for each image; only it tells which.
    var haveManifest: Bool {
        contains { if case .manifest = $0 { true } else { false } }
    }

    /// Whether images are listed in a file, of any length and perhaps more than once.
    var haveList: Bool {
        contains { source in
            switch source {
            case .manifest, .urlFile, .archive: true
            case .folder, .files, .urls, .group: false
            }
        }
    }
}
