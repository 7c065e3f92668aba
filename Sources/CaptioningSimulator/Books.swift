import Crypto
import Foundation
import Synchronization

/// What all requests share: the ledger, the timeline, the limits, the line of work, and a counter for ids.
final class Books: Sendable {
    /// A request's place among the others.
    struct Arrival: Sendable {
        /// How often the same request came before.
        let occurrence: Int
        /// Since the first request.
        let time: Duration
    }

    private struct State {
        var ledger = LedgerState()
        var timeline = TimelineState()
        var throttle: Throttle
        var queue: WorkQueue?
        var first: ContinuousClock.Instant?
        var lastID = 0

        /// The time since the first request; 0 before.
        func time(at instant: ContinuousClock.Instant) -> Duration {
            first.map { max($0.duration(to: instant), .zero) } ?? .zero
        }
    }

    private let state: Mutex<State>
    private let instant: @Sendable () -> ContinuousClock.Instant
    private let now: @Sendable () -> Date
    private let seed: UInt64

    init(options: SimulatorOptions) {
        state = Mutex(
            State(throttle: Throttle(options: options), queue: options.parallel.map(WorkQueue.init(places:))))
        instant = options.instant
        now = options.now
        seed = options.seed
    }

    var ledger: SimulatorLedger {
        state.withLock { $0.ledger.ledger }
    }

    /// The timeline up to now; empty before the first request.
    var timeline: SimulatorTimeline {
        let instant = instant()
        return state.withLock { state in
            if state.first != nil { state.timeline.advance(to: state.time(at: instant)) }
            return state.timeline.timeline
        }
    }

    /// The time since the first request; nil before.
    var time: Duration? {
        let instant = instant()
        return state.withLock { state in state.first.map { _ in state.time(at: instant) } }
    }

    /// Counts a request in.
    func arrive(_ digest: Data) -> Arrival {
        let instant = instant()
        return state.withLock { state in
            if state.first == nil {
                state.first = instant
                state.throttle.begin(at: now())
            }
            let time = state.time(at: instant)
            state.timeline.note(\.arrived, at: time)
            state.timeline.enter(at: time)
            let occurrence = state.ledger.arrive(digest, inFlight: state.timeline.inFlight)
            return Arrival(occurrence: occurrence, time: time)
        }
    }

    /// Counts a reply in that goes on after its request was counted out.
    func enter() {
        let instant = instant()
        state.withLock { $0.timeline.enter(at: $0.time(at: instant)) }
    }

    /// Counts a request out.
    func leave() {
        let instant = instant()
        state.withLock { $0.timeline.leave(at: $0.time(at: instant)) }
    }

    /// Asks the limits; a request that they let in is at work until `finish()`.
    ///
    /// - `isUnlucky`: Whether chance refuses it, whatever they say.
    /// - Returns: Why it is refused, nil when it is let in, and the headers that tell what is left.
    func admit(
        cost: Int, isUnlucky: Bool, at time: Duration
    ) -> (refusal: SimulatedError?, headers: [(String, String)]) {
        state.withLock { state in
            let refusal = state.throttle.refusal(ofRequestCosting: cost, isUnlucky: isUnlucky, at: time)
            if refusal == nil {
                state.timeline.note(\.accepted, at: time)
                state.timeline.note(\.acceptedTokens, cost, at: time)
            }
            return (refusal, state.throttle.headers(at: time))
        }
    }

    /// Takes note that a request that was let in is no longer at work.
    func finish() {
        state.withLock { $0.throttle.finish() }
    }

    /// When the work on a request ends, after the line before it.
    func end(ofWork length: Duration, arrivingAt time: Duration) -> Duration {
        state.withLock { $0.queue?.end(ofWork: length, arrivingAt: time) ?? time + length }
    }

    /// Changes the ledger.
    func note<Result: Sendable>(_ body: (inout LedgerState) -> Result) -> Result {
        state.withLock { body(&$0.ledger) }
    }

    /// Counts one more in the present second.
    func note(_ column: any WritableKeyPath<SimulatorTimeline, [Int]> & Sendable) {
        let instant = instant()
        state.withLock { $0.timeline.note(column, at: $0.time(at: instant)) }
    }

    /// A new id in the shape of the vendor's.
    func nextID() -> String {
        let number = state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
        let hash = SHA256.hash(data: Data("\(seed)/\(number)".utf8)).prefix(16).map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }
        let groups = [hash[0..<4], hash[4..<6], hash[6..<8], hash[8..<10], hash[10..<16]]
        return groups.map { $0.joined() }.joined(separator: "-")
    }
}
