public import Foundation

/// Where a job's items, attempts and captions live: the truth that a run can always start again from.
///
/// Every method is one transaction; `record` returns only when its row is on disk. All throw `StoreError`. What changes the
/// store runs to its end also when the calling task is cancelled: a reply that was paid for must be recorded.
public protocol JobStore: Sendable {
    /// Compares the plan with what the store holds. Changes nothing.
    ///
    /// - Throws: `SpecError` from the planner, too.
    func compare(_ planner: Planner) async throws -> PlanSummary

    /// Takes the plan over: new images become pending items, images that are gone are set aside, nothing done is undone.
    ///
    /// A plan that is the last one still, by its spec and the state of its folders, is not walked again.
    ///
    /// - `stale`: What to do with results whose request has changed since; nil leaves them stale.
    /// - Throws: `SpecError` from the planner, too.
    @discardableResult
    func add(_ planner: Planner, stale: StaleChoice?) async throws -> TakenPlan

    /// Prepares a run: returns the claims of a dead run to pending, closes their attempts as interrupted, and gives every
    /// pending item a fresh budget of attempts, due at once unless a server asked to wait. Items that failed without a request (their image could not be read) are
    /// pending again, too.
    ///
    /// Call it only as the store's one runner.
    /// - Returns: How many attempts had been open.
    func beginRun(now: Date) async throws -> Int

    /// The place in the plan of the `count`-th item that is pending; nil when there are no more than that.
    func position(ofPending count: Int) async throws -> Int?

    /// Takes up to `count` items that are due and writes their attempt rows, before anything is spent.
    ///
    /// Due retries come first, then items in plan order.
    ///
    /// - `count`: At least 1.
    func claim(upTo count: Int, within scope: ClaimScope, for endpoint: Job.Endpoint, now: Date) async throws
        -> ClaimResult

    /// Marks an attempt as sent: when, and where to.
    ///
    /// After a crash only an attempt with the mark counts as sent, and against the limits of no other endpoint. The mark
    /// survives the death of the process; a power failure may undo it.
    func markSent(_ attempt: Attempt.ID, to endpoint: Job.Endpoint, at time: Date) async throws

    /// Takes claims back of which nothing was sent: their items are pending as they were, and there was no attempt.
    func release(_ claims: [Claim]) async throws

    /// Completes an attempt and moves its item on. Returns when it is on disk; records that arrive together share one
    /// transaction.
    func record(_ report: AttemptReport, of claim: Claim, then disposition: Disposition) async throws

    /// A stored whole answer to the same bytes and the same request; nil when there is none.
    func completion(matching fingerprint: Data) async throws -> (Completion, Attempt.ID)?

    /// Makes failed items pending again, with a fresh budget of attempts.
    ///
    /// - Returns: How many items.
    func requeue(_ selection: RequeueSelection) async throws -> Int

    /// What was sent to an endpoint since a time, for limits that hold across runs; in any order.
    func spending(at endpoint: Job.Endpoint, since time: Date) async throws -> [Spending]

    /// How long an endpoint is still to be left alone, as it asked an earlier run or as that had decided; nil when it may be
    /// asked.
    func hold(of endpoint: Job.Endpoint, now: Date) async throws -> EndpointHold?

    /// What the store holds, by counts.
    func summary() async throws -> StoreSummary

    /// Checks the ledger's own rules over every row; changes nothing.
    ///
    /// - Returns: What is wrong, one sentence each; empty when all is well.
    func verify() async throws -> [String]

    /// The columns of the job's manifests, as the last plan found them; empty without one.
    func manifestColumns() async throws -> [String]

    /// Calls `visit` for every exported row, in plan order, without holding them all.
    ///
    /// Rows that do not hold what was written are left out.
    ///
    /// - `isAll`: Whether images and prompts that the spec no longer names come too, at the end.
    /// - Returns: What is damaged or missing, one sentence each; empty when all is well.
    func forEachRow(isAll: Bool, _ visit: @escaping @Sendable (ExportRow) throws -> Void) async throws -> [String]

    /// Every attempt for the images of that name, in plan order and oldest first; one entry without an attempt for an
    /// item that has none.
    ///
    /// - `promptID`: Only this prompt's; nil means all.
    func history(of image: ImageName, promptID: String?) async throws -> [AttemptHistory]
}

/// What to do with results whose request has changed since.
public enum StaleChoice: String, Hashable, Sendable, CaseIterable {
    /// Ask again; the old answers stay in the store's history.
    case redo
    /// Take them as they are.
    case keep
}

/// Which items a run may take.
public struct ClaimScope: Hashable, Sendable {
    /// The last place in the plan that counts; nil means all.
    public var lastPosition: Int?
    /// When the run began: claims tell of the item's attempts since then.
    public var runBegan: Date

    /// A scope.
    public init(lastPosition: Int? = nil, runBegan: Date = .distantPast) {
        self.lastPosition = lastPosition
        self.runBegan = runBegan
    }

    /// Every item.
    public static let all = ClaimScope()
}

/// The right to make one attempt for one item.
public struct Claim: Hashable, Sendable {
    /// The item.
    public var item: Item
    /// The attempt row that was written for it.
    public var attemptID: Attempt.ID
    /// When that was, as it is stored.
    public var startedAt: Date
    /// Failed attempts that count against the item's budget, so far.
    public var failures: Int
    /// Attempts that were rate limited, so far; they have a budget of their own.
    public var throttles: Int
    /// Answers that were moderated away or cut by the server, so far; each one cost money.
    public var doubts: Int
    /// The item's earlier attempts in this run, oldest first.
    public var earlier: [Earlier]

    /// An attempt before this one.
    public struct Earlier: Hashable, Sendable {
        /// When it began.
        public var startedAt: Date
        /// When it ended.
        public var finishedAt: Date
        /// Its error code; nil when it had none.
        public var errorCode: String?
        /// Its HTTP status; nil when no reply came.
        public var httpStatus: Int?

        /// An attempt.
        public init(startedAt: Date, finishedAt: Date, errorCode: String?, httpStatus: Int?) {
            self.startedAt = startedAt
            self.finishedAt = finishedAt
            self.errorCode = errorCode
            self.httpStatus = httpStatus
        }
    }

    /// A claim.
    public init(
        item: Item, attemptID: Attempt.ID, startedAt: Date, failures: Int = 0, throttles: Int = 0, doubts: Int = 0,
        earlier: [Earlier] = []
    ) {
        self.item = item
        self.attemptID = attemptID
        self.startedAt = startedAt
        self.failures = failures
        self.throttles = throttles
        self.doubts = doubts
        self.earlier = earlier
    }
}

/// What a store has for a runner that asks for work.
public enum ClaimResult: Hashable, Sendable {
    /// At least one claim.
    case claimed([Claim])
    /// Nothing is due before then.
    case waiting(until: Date)
    /// Nothing is pending.
    case finished
}

/// What becomes of an item after an attempt.
public enum Disposition: Hashable, Sendable {
    /// The item has its caption.
    case done
    /// The item is tried again, not before then.
    case retry(notBefore: Date, counts: Budget?)
    /// The item has failed for good.
    case gaveUp
    /// The item goes back to pending as it was; the attempt was no fault of its own.
    case putBack

    /// The budget of attempts that a retry counts against.
    public enum Budget: Hashable, Sendable {
        /// The item's ordinary budget.
        case failures
        /// The larger one of rate limits.
        case throttles
        /// The smaller one of doubtful answers.
        case doubts
    }
}

/// Why a run stops before everything is done.
public enum StopReason: Hashable, Sendable {
    /// The key was refused (exit 77).
    case unauthorized(Failure)
    /// No request can succeed (exit 1).
    case fatal(Failure)
    /// The endpoint cannot be reached or has answered nothing for too long (exit 69).
    case unavailable(Failure)
}

/// How one attempt went, as it is recorded.
public struct AttemptReport: Hashable, Sendable {
    /// How it ended.
    public var outcome: Outcome
    /// Whether a request went out; false when the image could not be read or an answer was reused.
    public var wasSent: Bool
    /// The HTTP status; nil when no reply came.
    public var httpStatus: Int?
    /// The provider's name for the request; nil when it gave none.
    public var requestID: String?
    /// When the attempt ended.
    public var finishedAt: Date
    /// From the first byte sent to the last byte received; nil when nothing was sent.
    public var latency: Duration?
    /// SHA-256 over the request's texts and the image's bytes, 32 bytes; nil when the image could not be read.
    public var fingerprint: Data?
    /// Where the request went; nil means where the claim said.
    public var endpoint: Job.Endpoint?
    /// What was sent of the images; nil when nothing was, or only addresses.
    public var images: SentImages?
    /// What the reply says of the endpoint's quotas; not stored.
    public var rateLimits: RateLimitHeaders?
    /// Until when the endpoint is left alone because of this attempt; nil when it is not.
    public var holdUntil: Date?

    /// A report.
    public init(
        outcome: Outcome, wasSent: Bool, httpStatus: Int? = nil, requestID: String? = nil, finishedAt: Date,
        latency: Duration? = nil, fingerprint: Data? = nil, endpoint: Job.Endpoint? = nil
    ) {
        self.outcome = outcome
        self.wasSent = wasSent
        self.httpStatus = httpStatus
        self.requestID = requestID
        self.finishedAt = finishedAt
        self.latency = latency
        self.fingerprint = fingerprint
        self.endpoint = endpoint
    }
}

/// A time in which an endpoint is left alone.
public struct EndpointHold: Hashable, Sendable {
    /// From now on; zero when it has just ended, and nothing was answered since.
    public var remaining: Duration
    /// The whole of it, from the refusal on; over 0.
    public var wait: Duration

    /// A hold.
    public init(remaining: Duration, wait: Duration) {
        self.remaining = remaining
        self.wait = wait
    }
}

/// Which failed items to requeue; nil members do not narrow the choice.
public struct RequeueSelection: Hashable, Sendable {
    /// The error code, as status and CSV show it.
    public var code: String?
    /// A glob over image names, as SQLite's GLOB understands it.
    public var imagePattern: String?

    /// A selection; all failed items by default.
    public init(code: String? = nil, imagePattern: String? = nil) {
        self.code = code
        self.imagePattern = imagePattern
    }
}
