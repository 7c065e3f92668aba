public import Foundation

/// What happens during a run, for whoever draws it.
public enum RunEvent: Hashable, Sendable {
    /// A request is about to be made for an item.
    case started(Item)
    /// An item has its caption; `isReused` when it was taken from an identical request.
    case completed(Item, Usage, isReused: Bool)
    /// An attempt failed, and the item will be tried again.
    case retrying(Item, Failure, notBefore: Date)
    /// An item has failed for good.
    case failed(Item, Failure)
    /// An attempt was broken off; the item is pending again.
    case interrupted(Item)
    /// Nothing can be sent for so long, because of a rate limit or because all that is left waits for a retry.
    case waiting(WaitReason, Duration)
    /// No new requests are made; those in flight are waited for.
    case draining(inFlight: Int)
}

/// Why a run sends nothing for a while.
public enum WaitReason: String, Hashable, Sendable {
    /// The provider asked to slow down.
    case rateLimited = "rate limited"
    /// The endpoint cannot be reached or is not serving.
    case unavailable = "endpoint not available"
    /// Everything left waits for its next attempt.
    case retry = "waiting to retry"
}

/// How a run ended.
public enum RunEnd: Hashable, Sendable {
    /// Nothing is pending (within the run's limit).
    case finished
    /// Graceful shutdown or cancellation; the rest stays pending.
    case interrupted
    /// The run had to stop; the rest stays pending.
    case stopped(StopReason)
}
