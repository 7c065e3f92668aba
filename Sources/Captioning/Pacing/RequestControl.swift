import DequeModule
import Foundation

/// How many requests go to an endpoint at once, and how fast, by what it accepts and refuses.
///
/// One question decides what a refusal means: does a measure of our own pace separate the refused from the accepted? Requests
/// in flight may (`ConcurrencyWindow`), or requests per second (`FoundPace`); or everything is refused (`RefusalGate`), or
/// nothing separates them and it was chance (`RefusalTrial`). Pure: the caller says what time it is, in seconds.
struct RequestControl: Sendable {
    /// What is remembered of a request that was admitted.
    struct Mark: Hashable, Sendable {
        let startedAt: Double
        let generation: Int
        /// Requests in flight, this one included.
        let inFlight: Int
        /// Whether it finds out whether everything is refused still.
        let isTry: Bool
    }

    /// A wait that the server asks for, in seconds, after which a single request tries before the others follow.
    private static let longWait = 1.0
    /// A pace holds requests back when it did so within the last second, or two requests of its own.
    private static let bindingFor = 1.0
    /// How far the server's clock may be behind, in seconds, for a try at its full minute.
    private static let clockSkew = 0.25
    /// Answers may take longer than usual by this.
    private static let latencyMargin = 1.5

    /// As many as are in flight are spread over this part of an answer's time: answers that come together must not make bursts,
    /// which a limit per second would refuse like too many at work.
    private static let spreadShare = 0.5

    /// After so many tries no backoff grows any more.
    private static let maxTries = 32

    private let rules: Job.Retry
    /// How far the clock on the wall was into its minute at second 0.
    private let secondsIntoMinute: Double
    /// The limit that the spec, or the server, names: so many requests per minute.
    private let configured: Double?
    private var reported: Double?
    var window: ConcurrencyWindow
    var found: FoundPace?
    var requests: RateLimit
    var gate = RefusalGate()
    var trial = RefusalTrial()
    /// The lower pace that is being tried; nil when none is.
    var lowered: LoweredPace?
    var levels = LevelHistogram()
    var accepted: AcceptedCount
    /// Until when refused requests keep their places: as long as an answer takes, so that a refusal makes no room for the next.
    var refusedUntil: Deque<Double> = []
    /// Refusals in a row of requests with more in flight than nearly all that were accepted.
    var highRefusals = 0
    var echoRefusals = 0
    var nextPause = 0.0
    private var nextSlot = -Double.infinity
    private var lastBlockedAt = -Double.infinity
    private(set) var typicalLatency = 0.0

    init(limits: Job.Limits, rules: Job.Retry, secondsIntoMinute: Double, at now: Double) {
        self.rules = rules
        self.secondsIntoMinute = secondsIntoMinute
        window = ConcurrencyWindow(limits.concurrency)
        configured = limits.requestsPerMinute.map(Double.init)
        requests = RateLimit(perMinute: configured, burst: RateLimit.evenly, at: now)
        requests.startGently(at: now)
        accepted = AcceptedCount(base: (0, now))
    }

    /// Whether everything is refused.
    var isClosed: Bool { gate.isClosed }

    /// When a request may find out whether everything is refused still.
    var nextTry: Double { gate.nextTry }

    /// Whether what is refused is refused by chance, so that the item alone waits.
    var refusesByChance: Bool { !gate.isClosed && trial.isChance }

    /// The limit in force, in requests per minute; nil when none is known.
    var limitPerMinute: Double? {
        [configured, reported, found.map { $0.value * 60 }].compactMap(\.self).min()
    }

    /// Seconds until one more request may go, besides those in flight; 0 when it may, nil when an answer makes room.
    mutating func wait(inFlight: Int, at now: Double) -> Double? {
        if !gate.isClosed {
            guard inFlight < window.size else {
                window.didFill()
                return nil
            }
            while let first = refusedUntil.first, first <= now { refusedUntil.removeFirst() }
            if let first = refusedUntil.first, inFlight + refusedUntil.count >= window.size {
                window.didFill()
                return first - now
            }
        }
        if nextSlot > now { return nextSlot - now }
        let wait = requests.wait(for: 1, at: now)
        if wait > 0 { window.didNotFill() }
        guard wait > 0, found != nil else { return wait }
        lastBlockedAt = now
        guard !trial.isTrying, !gate.isClosed else { return wait }
        found?.raiseIfDue(at: now)
        applyPace(at: now)
        return requests.wait(for: 1, at: now)
    }

    /// Counts in what an earlier run sent.
    mutating func record(earlier count: Int, at time: Double) {
        requests.note(Double(count), at: time)
    }

    /// Admits a request that goes now.
    ///
    /// - `inFlight`: Requests in flight, this one included.
    mutating func admit(inFlight: Int, at now: Double) -> Mark {
        requests.take(1, at: now)
        nextSlot = max(nextSlot, now - RateLimit.evenly) + Self.spreadShare * typicalLatency / Double(window.size)
        accepted.total += 1
        gate.begin()
        trial.begin(isRaised: isRaised(at: now), at: now)
        if !trial.isTrying { settle(at: now) }
        return Mark(startedAt: now, generation: window.generation, inFlight: inFlight, isTry: gate.isClosed)
    }

    /// Takes a request out of the count that was not sent, or that the server does not count.
    mutating func uncount(_ mark: Mark) {
        accepted.total -= 1
        requests.uncount(1, takenAt: mark.startedAt)
    }

    /// Records the server's own word for its limit per minute.
    mutating func report(limit: Int, at now: Double) {
        guard limit > 0, reported != Double(limit) else { return }
        reported = Double(limit)
        applyPace(at: now)
    }

    /// Records an answer.
    ///
    /// - `mayGrow`: Whether it speaks for more requests at once.
    mutating func accept(_ mark: Mark, latency: Double, mayGrow: Bool, at now: Double) {
        typicalLatency += (latency - typicalLatency) * (typicalLatency == 0 ? 1 : 0.1)
        levels.record(mark.inFlight, isAccepted: true)
        if mayGrow {
            window.didAnswer(generation: mark.generation, inFlight: mark.inFlight, latency: latency, at: now)
            // Under a pace that is known, nothing need be found out: so many are in flight with it.
            if let pace = limitPerMinute { window.reach(pace / 60 * typicalLatency * Self.latencyMargin + 2) }
        }
        if let closedAt = gate.accept(startedAt: mark.startedAt, isTry: mark.isTry) {
            reopen(closedAt: closedAt, tryAt: mark.startedAt, at: now)
        }
    }

    /// Records a refusal; the request is out of the count already.
    ///
    /// - `asked`: Seconds that the server asks to wait; nil when it does not say.
    /// - `isGrowth`: Whether the server says that the rate grew too quickly.
    mutating func refuse(_ mark: Mark, inFlight: Int, asked: Double?, isGrowth: Bool, at now: Double) {
        let wasClosed = gate.isClosed
        if isGrowth { requests.startGently(at: now, firstShare: 0.5, over: 15) }
        if let asked, asked > Self.longWait, !trial.isChance { gate.close(until: now + asked, at: now) }
        refusedUntil.append(max(now + typicalLatency, refusedUntil.last ?? 0))
        let isVolley = gate.isSameVolley(startedAt: mark.startedAt)
        gate.refuse(
            startedAt: mark.startedAt, isTry: mark.isTry, at: now,
            backoff: { RetryPolicy(rules: rules).endpointBackoff(afterTry: $0).seconds },
            nextMinute: now + 60 - (now + secondsIntoMinute).truncatingRemainder(dividingBy: 60) + Self.clockSkew)
        if gate.isClosed {
            if !wasClosed { close(at: now) }
            return
        }
        if isVolley {
            stepBack(mark, inFlight: inFlight, isVolley: true, at: now)
        } else if !isExplained(mark, inFlight: inFlight, at: now) {
            slowDown(mark, at: now)
        }
    }

    /// Goes on where an earlier run ended that found everything refused.
    ///
    /// - `time`: When a single request may try.
    /// - `lastWait`: Seconds that the earlier run waited before; the backoff goes on from there.
    mutating func hold(until time: Double, lastWait: Double, at now: Double) {
        let policy = RetryPolicy(rules: rules)
        let tries = (1...Self.maxTries).first { policy.backoff(afterAttempt: $0).seconds >= lastWait }
        gate.hold(until: time, tries: tries ?? Self.maxTries, at: now)
        close(at: now)
    }

    /// Whether a found pace held requests back of late, so that a refusal may come of it.
    func isPaceBinding(at now: Double) -> Bool {
        guard let found else { return false }
        return now - lastBlockedAt < max(Self.bindingFor, 2 / found.value)
    }

    /// Whether the pace has been raised of late; nil while refusals may come of what was sent before it was lowered.
    func isRaised(at now: Double) -> Bool? {
        guard let found else { return true }
        return now < found.echoEnds ? nil : found.isRaised
    }

    /// Makes what was found the pace in force.
    mutating func applyPace(at now: Double) {
        let limit = [configured, reported].compactMap(\.self).min()
        let pace = [limit.map { $0 / RateLimit.evenMinute }, found?.value].compactMap(\.self).min()
        requests.setLimit(limit, pace: pace.map { $0 * 60 }, burst: RateLimit.evenly, at: now)
    }
}

/// Requests that were not refused, counted from when an endpoint last began to take requests.
struct AcceptedCount: Sendable {
    /// Fewer tell nothing of a limit.
    private static let least = 5.0

    var total = 0.0
    var base: (count: Double, at: Double)
    /// When everything began to be refused: the count, and how many of
    /// them are of so many seconds before.
    var closing: (count: Double, recent: Double, seconds: Double, horizon: Double, at: Double)?

    /// What was taken until now, per second: since the base, and as long before the refusals as the server looks back; nil
    /// when too few tell.
    ///
    /// - `horizon`: Seconds that the server is known to look back; nil when it is not known.
    func rate(over horizon: Double?, at now: Double) -> Double? {
        guard let closing, now > closing.at, total - base.count >= Self.least else { return nil }
        let whole = (total - base.count) / (horizon ?? (now - base.at))
        if base.at >= closing.at - closing.horizon { return whole }
        return (closing.recent + total - closing.count) / (closing.seconds + now - closing.at)
    }
}

/// A lower pace on trial.
struct LoweredPace: Sendable {
    /// The pace to go back to; nil when there was none.
    let before: FoundPace?
    /// Requests per second that were taken before.
    let rate: Double
    /// Since when the present one is tried.
    let startedAt: Double
    /// Requests per second that were taken at the lower pace before the present one; 0 for none.
    let lastRate: Double
}
