import DequeModule
import Foundation

/// A child could not write to the store.
struct ChildFailure: Error {
    let error: any Error
    /// Whether it was about a request that is sent, not one that was being prepared.
    let wasInFlight: Bool
}

/// How a child of the run's group ended.
enum ChildEnd: Sendable {
    case ready(PreparedRequest)
    /// The store's answer to a claim that was made when so many changes had been seen.
    case claimed(ClaimResult, after: Int, at: Date)
    /// The item was settled without a request.
    case settled(Disposition)
    /// `latency` in seconds; nil when there was no answer.
    case attempt(Disposition, latency: Double?)
    case alarm(Double)
    case shutdown
}

/// What the loop knows.
///
/// Times are seconds since the start.
struct RunLoop<C: Clock> {
    /// An alarm that is set serves for one that is due this much earlier, in seconds.
    static var alarmTolerance: Double { 0.002 }

    let pool: EndpointPool
    let start: C.Instant
    let deadline: Double?
    var time = 0.0
    /// Requests that can be sent as soon as an endpoint has room.
    var ready: Deque<PreparedRequest> = []
    var preparing = 0
    /// Items that the store has handed out and nobody prepares yet.
    var claimed: [Claim] = []
    var isClaiming = false
    /// Items that have become due again; a claim from before knows nothing of them.
    private(set) var changes = 0
    /// Requests that are sent and whose attempts are not on disk yet.
    var inFlight = 0
    /// When the store may have something again.
    var nextClaim = 0.0
    var nextAlarm = Double.infinity
    var announced: (reason: WaitReason, until: Double)?
    /// How the run ends as soon as nothing is in flight.
    var pendingEnd: RunEnd?
    var isBrokenOff = false
    /// About what an answer takes, the slow ones included, in seconds.
    private(set) var typicalLatency = 0.0

    init(pool: EndpointPool, start: C.Instant, deadline: Double?) {
        self.pool = pool
        self.start = start
        self.deadline = deadline
    }

    /// Whether nothing is under way.
    var isIdle: Bool { ready.isEmpty && preparing == 0 && inFlight == 0 && !isClaiming && claimed.isEmpty }

    mutating func handle(_ end: ChildEnd, at now: Date) {
        switch end {
        case .alarm(let alarm):
            if alarm == nextAlarm { nextAlarm = .infinity }
        case .ready(let request):
            preparing -= 1
            ready.append(request)
        case .claimed(let result, let changes, let now):
            isClaiming = false
            switch result {
            case .claimed(let claims): claimed = claims
            // Something may have become due since: ask again.
            case .waiting where changes != self.changes, .finished where changes != self.changes: break
            case .waiting(until: let due): nextClaim = time + max(due.timeIntervalSince(now), 0.001)
            case .finished: nextClaim = .infinity
            }
        case .settled(let disposition):
            preparing -= 1
            noteDue(disposition, at: now)
        case .shutdown: break
        case .attempt(let disposition, let latency):
            inFlight -= 1
            if let latency { typicalLatency += (latency * 2 - typicalLatency) * 0.1 }
            noteDue(disposition, at: now)
        }
    }

    mutating func noteFailure(_ failure: ChildFailure) {
        if failure.wasInFlight { inFlight -= 1 } else { preparing -= 1 }
    }

    private mutating func noteDue(_ disposition: Disposition, at now: Date) {
        changes += 1
        switch disposition {
        case .retry(let due, _): nextClaim = min(nextClaim, time + max(due.timeIntervalSince(now), 0))
        case .putBack: nextClaim = min(nextClaim, time)
        case .done, .gaveUp: break
        }
    }
}
