public import Foundation

/// What happens during a run, for whoever draws it.
public enum RunEvent: Hashable, Sendable {
    /// A request goes out for an item, to the endpoint at this place in the job.
    case started(Item, endpoint: Int)
    /// An item has its caption; `isReused` when it was taken from an identical request.
    case completed(Item, Usage, isReused: Bool)
    /// An attempt failed, and the item will be tried again.
    case retrying(Item, Failure, notBefore: Date)
    /// An item has failed for good; `wasSent` says whether a request had gone out for it this time.
    case failed(Item, Failure, wasSent: Bool)
    /// An attempt was broken off, or failed for no fault of the item's; the item is pending again.
    case interrupted(Item)
    /// A reply that was paid for could not be written to the store: whoever hears of it must keep it.
    case unrecorded(Claim, AttemptReport)
    /// Nothing can be sent for so long, and why.
    case waiting(WaitReason, Duration)
    /// An endpoint, by its place in the job, takes more or less than before, or has changed its health.
    case endpoint(Int, EndpointState)
    /// No new requests are made; those in flight are waited for.
    case draining(inFlight: Int)
}

/// Why a run sends nothing for a while.
public enum WaitReason: String, Hashable, Sendable, Codable {
    /// The provider asked to slow down.
    case rateLimited = "rate limited"
    /// The endpoint cannot be reached or is not serving.
    case unavailable = "endpoint not available"
    /// Everything left waits for its next attempt.
    case retry = "waiting to retry"
    /// The limit of requests per minute is used up.
    case requestsPerMinute = "requests per minute"
    /// The limit of model tokens per minute is used up.
    case tokensPerMinute = "tokens per minute"
    /// The limit of requests per day is used up.
    case requestsPerDay = "requests per day"
}

/// How a run ended.
public enum RunEnd: Hashable, Sendable {
    /// Nothing is pending (within the run's limit).
    case finished
    /// Graceful shutdown or cancellation; the rest stays pending.
    case interrupted
    /// The job's deadline has come; the rest stays pending.
    case deadline
    /// The run had to stop; the rest stays pending.
    case stopped(StopReason)
}
