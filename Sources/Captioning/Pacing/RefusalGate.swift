/// Tells when an endpoint refuses everything, and lets single requests try until one is accepted.
///
/// A request counts as refused by the same trouble when it began before the first refusal came back, and as evidence only
/// when it began after. Pure: the caller says what time it is, in seconds.
struct RefusalGate: Sendable {
    /// Requests begun after a refusal that are refused too, and nearly all of those begun, before everything counts as refused.
    private static let refusalsToClose = 5
    private static let shareToClose = 0.8
    /// Most limits are per minute or shorter: within one, trouble may be over any moment.
    private static let firstMinute = 62.0
    private static let longestWaitInFirstMinute = 5.0

    /// A run of refusals that no accepted request has broken.
    private struct Run: Sendable {
        let startedAt: Double
        var begun = 0
        var refused = 0
    }

    private var run: Run?
    /// Since when everything is refused; nil while it is not.
    private(set) var closedAt: Double?
    /// When the next try may go.
    private(set) var nextTry = 0.0
    private var tries = 0
    /// When the last request began that was refused; the next one may be accepted because of what has left the server's count
    /// since.
    private(set) var lastRefused = 0.0

    var isClosed: Bool { closedAt != nil }

    /// Whether a request that began then is part of the same volley as the first refusal of the run.
    func isSameVolley(startedAt: Double) -> Bool {
        run.map { startedAt < $0.startedAt } ?? false
    }

    mutating func begin() { run?.begun += 1 }

    /// Records a refusal.
    ///
    /// - `backoff`: The wait after so many refused tries, in seconds.
    /// - `nextMinute`: When the next full minute begins.
    mutating func refuse(
        startedAt: Double, isTry: Bool, at now: Double, backoff: (Int) -> Double, nextMinute: Double
    ) {
        lastRefused = max(lastRefused, startedAt)
        if let closedAt {
            guard isTry else { return }
            tries += 1
            var wait = backoff(tries)
            if now - closedAt < Self.firstMinute { wait = min(wait, Self.longestWaitInFirstMinute) }
            // Some servers count from full minute to full minute.
            nextTry = min(now + wait, nextMinute)
            return
        }
        if run == nil { run = Run(startedAt: now) } else if !isSameVolley(startedAt: startedAt) { run?.refused += 1 }
        guard let run,
            run.refused >= Self.refusalsToClose, Double(run.refused) >= Double(run.begun) * Self.shareToClose
        else { return }
        close(until: min(now + backoff(1), nextMinute), at: now)
        tries = 1
    }

    /// Holds everything back until a time, and then lets a single request try.
    mutating func close(until time: Double, at now: Double) {
        closedAt = closedAt ?? now
        nextTry = max(nextTry, time)
    }

    /// Goes on with what an earlier run found: everything is refused, after so many tries.
    mutating func hold(until time: Double, tries: Int, at now: Double) {
        // Its first minute is over.
        closedAt = now - Self.firstMinute
        nextTry = time
        self.tries = tries
    }

    /// Records that a request was accepted.
    ///
    /// Returns since when everything had been refused, when this ends it.
    mutating func accept(startedAt: Double, isTry: Bool) -> Double? {
        if let closedAt {
            guard isTry else { return nil }
            self.closedAt = nil
            run = nil
            tries = 0
            return closedAt
        }
        if let run, startedAt >= run.startedAt { self.run = nil }
        return nil
    }
}
