/// What a run would do: the plan against the store.
public struct PlanSummary: Hashable, Sendable, Codable {
    /// Counts of items.
    public struct Counts: Hashable, Sendable, Codable {
        /// All items.
        public var total = 0
        /// Items with a caption to the present request, or to an older one that was kept.
        public var done = 0
        /// Items that a run would send.
        public var pending = 0
        /// Items that failed for good.
        public var failed = 0
        /// Items with a caption to a request that has changed since.
        public var stale = 0

        /// Nothing.
        public init() {}
    }

    /// Everything in the plan.
    public var items = Counts()
    /// The same by prompt id.
    public var prompts: [String: Counts] = [:]
    /// Planned items by kind: `file`, `url`, `group`.
    public var kinds: [String: Int] = [:]
    /// Items in the store that the spec no longer names; they are kept, not sent and not exported.
    public var setAside = 0
    /// Files in the job's folders that are not planned.
    public var skippedFiles = 0
    /// What the walk over the folders noticed.
    public var warnings: [String] = []

    /// An empty plan.
    public init() {}
}

/// What taking a plan over has shown.
public struct TakenPlan: Hashable, Sendable {
    /// Items with a caption to a request that has changed since, and of which nothing else was decided.
    public var stale = 0
    /// What the walk over the folders noticed.
    public var warnings: [String] = []

    /// A plan without anything to tell.
    public init() {}
}

/// What a store holds.
public struct StoreSummary: Hashable, Sendable, Codable {
    /// Items that failed for good, with one code.
    public struct FailureGroup: Hashable, Sendable, Codable {
        /// The error code.
        public var code: String
        /// How many items.
        public var count: Int
        /// One of their messages.
        public var example: String

        /// A group.
        public init(code: String, count: Int, example: String) {
            self.code = code
            self.count = count
            self.example = example
        }
    }

    /// The job's name.
    public var name = ""
    /// Items in the plan.
    public var total = 0
    /// Items with a caption.
    public var done = 0
    /// Items still to do, those in flight included.
    public var pending = 0
    /// Items in flight, or of a run that died.
    public var claimed = 0
    /// Items that wait for a retry.
    public var retrying = 0
    /// Items that failed for good.
    public var failed = 0
    /// Items that the spec no longer names.
    public var setAside = 0
    /// Captions that were reused instead of asked again.
    public var reused = 0
    /// Attempts in all.
    public var attempts = 0
    /// Input tokens of all attempts, as far as reported.
    public var promptTokens = 0
    /// Output tokens of all attempts, as far as reported.
    public var completionTokens = 0
    /// Failed items by code, the largest group first.
    public var failures: [FailureGroup] = []

    /// An empty store.
    public init() {}
}
