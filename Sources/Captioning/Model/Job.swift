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
        /// Certificates (PEM) of authorities that may vouch for the server beside those that the system knows; nil for no
        /// others.
        public var caFile: FilePath?
        /// How fast this endpoint may be asked.
        public var limits: Limits

        /// An endpoint.
        public init(
            provider: Provider, baseURL: String, model: String, apiKeyVariable: String?, caFile: FilePath? = nil,
            limits: Limits = Limits()
        ) {
            self.provider = provider
            self.baseURL = baseURL
            self.model = model
            self.apiKeyVariable = apiKeyVariable
            self.caFile = caFile
            self.limits = limits
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

    /// How many requests may be in flight at once.
    ///
    /// Equal bounds fix the number; between different ones the run finds what the endpoint takes.
    public struct Concurrency: Hashable, Sendable, ExpressibleByIntegerLiteral {
        /// The most that a spec may ask for.
        public static let largest = 1024

        /// Never fewer than these, once the endpoint has answered; at least 1.
        public var least: Int
        /// Never more than these; at least `least`.
        public var most: Int

        /// Bounds; the defaults are those of a spec that says nothing.
        public init(least: Int = 1, most: Int = 256) {
            self.least = least
            self.most = most
        }

        /// A fixed number.
        public init(fixed count: Int) {
            self.init(least: count, most: count)
        }

        /// A fixed number.
        public init(integerLiteral count: Int) {
            self.init(fixed: count)
        }

        /// Whether the number is given rather than found.
        public var isFixed: Bool { least == most }

        /// As a spec writes it: `32`, or `4 to 256`.
        public var text: String { isFixed ? "\(most)" : "\(least) to \(most)" }
    }

    /// How fast one endpoint may be asked.
    public struct Limits: Hashable, Sendable {
        /// Requests that may start in any 60 seconds; nil means that the provider's limit is not known.
        public var requestsPerMinute: Int?
        /// Model tokens, input and output, in any 60 seconds; nil means that the provider's limit is not known.
        public var tokensPerMinute: Int?
        /// Requests that may start in any 24 hours; nil means that the provider's limit is not known.
        public var requestsPerDay: Int?
        /// Requests in flight at once.
        public var concurrency: Concurrency

        /// Limits.
        public init(
            requestsPerMinute: Int? = nil, tokensPerMinute: Int? = nil, requestsPerDay: Int? = nil,
            concurrency: Concurrency = Concurrency()
        ) {
            self.requestsPerMinute = requestsPerMinute
            self.tokensPerMinute = tokensPerMinute
            self.requestsPerDay = requestsPerDay
            self.concurrency = concurrency
        }
    }

    /// When to stop trying, whatever is left.
    public struct Deadlines: Hashable, Sendable {
        /// How long a run may take; what is not answered by then stays pending.
        ///
        /// Nil means as long as it needs.
        public var run: Duration?
        /// How long after its first attempt in a run an item may begin another one.
        ///
        /// Nil means as long as it has attempts.
        public var item: Duration?

        /// Deadlines; none by default.
        public init(run: Duration? = nil, item: Duration? = nil) {
            self.run = run
            self.item = item
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
        /// How long without any answer, from any endpoint, before the run stops.
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

    /// The memory for images of a spec that says nothing: 256 MB.
    public static let defaultImageMemory = 256_000_000
    /// The memory for images that a spec may ask for.
    static let imageMemoryRange = 16_000_000...1_000_000_000_000

    /// The memory for images as a spec writes it, such as `256MB`.
    public var imageMemoryText: String { ByteCountText.text(imageMemory) }

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
    /// Whom to ask; never empty.
    ///
    /// Work goes to whichever has room.
    public var endpoints: [Endpoint]
    /// Request parameters, sent top-level.
    public var parameters: [String: JSONValue]
    /// Who downloads remote images.
    public var fetch = ImageFetch()
    /// What is done to images before they are sent.
    public var preparation = ImagePreparation()
    /// The most bytes of memory for images: files, downloads, pixels while they are decoded, bodies while they are sent.
    ///
    /// An image that needs more by itself is worked on alone.
    public var imageMemory = defaultImageMemory
    /// When to stop trying.
    public var deadlines: Deadlines
    /// How stubbornly.
    public var retry: Retry
    /// The SQLite file.
    public var store: FilePath
    /// What is legal but most likely a mistake.
    public var warnings: [SpecError.Problem]

    /// The endpoint that is listed first.
    public var endpoint: Endpoint {
        get { endpoints[0] }
        set { endpoints[0] = newValue }
    }

    /// The limits of the endpoint that is listed first.
    public var limits: Limits {
        get { endpoint.limits }
        set { endpoint.limits = newValue }
    }

    /// A job with one endpoint; `Job(resolving:)` makes one from a spec.
    ///
    /// `limits` are the endpoint's; nil leaves those that it has.
    public init(
        name: String, root: FilePath, images: [JobSpec.ImageSource], system: String? = nil,
        prompts: [JobSpec.Prompt], variables: [String: String] = [:], endpoint: Endpoint,
        parameters: [String: JSONValue] = [:], limits: Limits? = nil, deadlines: Deadlines = Deadlines(),
        retry: Retry = Retry(), store: FilePath,
        warnings: [SpecError.Problem] = []
    ) {
        self.name = name
        self.root = root
        self.images = images
        self.system = system
        self.prompts = prompts
        self.variables = variables
        endpoints = [endpoint]
        self.parameters = parameters
        self.deadlines = deadlines
        self.retry = retry
        self.store = store
        self.warnings = warnings
        if let limits { self.limits = limits }
    }
}
