public import SystemPackage

/// One spec over many images, with everything resolved: what a run does.
public struct Job: Sendable {
    /// Whom to ask.
    public struct Endpoint: Hashable, Sendable {
        /// The preset; it chooses the dialect and the image limits.
        public var provider: Provider
        /// The URL that `/chat/completions` is appended to, without a slash at the end.
        public var baseURL: String
        /// The model asked.
        public var model: String
        /// The name of the environment variable that holds the key; nil when the server needs none.
        public var apiKeyVariable: String?

        /// An endpoint.
        public init(provider: Provider, baseURL: String, model: String, apiKeyVariable: String?) {
            self.provider = provider
            self.baseURL = baseURL
            self.model = model
            self.apiKeyVariable = apiKeyVariable
        }

        /// What the server's errors mean.
        public var dialect: Dialect { .dialect(for: provider, host: host) }

        /// Whether DashScope itself answers, by preset or by address.
        var speaksDashScope: Bool { dialect.provider == .dashscope }

        /// What the server takes in images.
        public var imageLimits: ImageLimits { .limits(for: speaksDashScope ? .dashscope : provider) }

        /// The host of the base URL, lower case; empty when there is none.
        public var host: String {
            let afterScheme = baseURL.split(separator: "//", maxSplits: 1).last ?? ""
            let authority = afterScheme.prefix { $0 != "/" && $0 != "?" }
            let host = authority.split(separator: "@").last ?? ""
            return host.hasPrefix("[")
                ? String(host.prefix { $0 != "]" } + "]") : String(host.prefix { $0 != ":" }).lowercased()
        }
    }

    /// How fast.
    public struct Limits: Hashable, Sendable {
        /// Requests that may start per minute; nil means as many as the concurrency brings.
        public var requestsPerMinute: Int?
        /// Model tokens per minute; nil means unlimited.
        ///
        /// Noted, not enforced.
        public var tokensPerMinute: Int?
        /// Requests in flight at once.
        public var concurrency: Int

        /// Limits.
        public init(requestsPerMinute: Int? = nil, tokensPerMinute: Int? = nil, concurrency: Int = 8) {
            self.requestsPerMinute = requestsPerMinute
            self.tokensPerMinute = tokensPerMinute
            self.concurrency = concurrency
        }
    }

    /// How stubbornly.
    public struct Retry: Hashable, Sendable {
        /// Attempts per item in all; rate limits have a budget of their own, ten times as large.
        public var attempts: Int
        /// The first backoff, before jitter.
        public var base: Duration
        /// The longest backoff, before jitter.
        public var cap: Duration
        /// The longest that one whole request may take.
        ///
        /// DashScope cuts its own work at 300 s; giving up earlier drops answers that were paid for.
        public var timeout: Duration
        /// The longest that opening a connection may take.
        public var connectTimeout: Duration
        /// How long without any success before the run stops.
        public var giveUpAfter: Duration

        /// Retry rules; the defaults are those of a spec that says nothing.
        public init(
            attempts: Int = 6, base: Duration = .seconds(1), cap: Duration = .seconds(60),
            timeout: Duration = .seconds(330), connectTimeout: Duration = .seconds(10),
            giveUpAfter: Duration = .seconds(900)
        ) {
            self.attempts = attempts
            self.base = base
            self.cap = cap
            self.timeout = timeout
            self.connectTimeout = connectTimeout
            self.giveUpAfter = giveUpAfter
        }
    }

    /// The job's name.
    public var name: String
    /// The directory that relative paths start from: the spec's own, or the folder that stands in place of a spec.
    public var root: FilePath
    /// Where the images come from.
    public var images: [JobSpec.ImageSource]
    /// The system message's template; nil sends none.
    public var system: String?
    /// What every image is asked; never empty.
    public var prompts: [JobSpec.Prompt]
    /// The user's own template variables.
    public var variables: [String: String]
    /// Whom to ask.
    public var endpoint: Endpoint
    /// Request parameters, sent top-level.
    public var parameters: [String: JSONValue]
    /// How fast.
    public var limits: Limits
    /// How stubbornly.
    public var retry: Retry
    /// The SQLite file.
    public var store: FilePath
    /// What is legal but most likely a mistake.
    public var warnings: [SpecError.Problem]

    /// A job; `Job(resolving:)` makes one from a spec.
    public init(
        name: String, root: FilePath, images: [JobSpec.ImageSource], system: String? = nil,
        prompts: [JobSpec.Prompt], variables: [String: String] = [:], endpoint: Endpoint,
        parameters: [String: JSONValue] = [:], limits: Limits = Limits(), retry: Retry = Retry(), store: FilePath,
        warnings: [SpecError.Problem] = []
    ) {
        self.name = name
        self.root = root
        self.images = images
        self.system = system
        self.prompts = prompts
        self.variables = variables
        self.endpoint = endpoint
        self.parameters = parameters
        self.limits = limits
        self.retry = retry
        self.store = store
        self.warnings = warnings
    }
}
