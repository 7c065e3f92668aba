public import Foundation

/// Decides what becomes of an item after a failed attempt.
///
/// Pure: jitter comes from a generator, the time from the caller.
public struct RetryPolicy: Sendable {
    /// The spec's rules.
    public let rules: Job.Retry

    /// Attempts for answers that came but are doubtful (moderated away, or cut by the server): each one costs money.
    static let doubtfulAttempts = 4
    /// How many broken idle connections an item may meet before they count as failures.
    static let freeReconnects = 3
    /// The longest wait that a server's `Retry-After` is believed.
    static let longestRetryAfter = Duration.seconds(120)

    /// A policy for the rules.
    public init(rules: Job.Retry) {
        self.rules = rules
    }

    /// What the policy needs to know of the endpoint besides the failure itself.
    public struct Situation: Hashable, Sendable {
        /// Failed attempts of the item that counted, this one not included.
        public var failures: Int
        /// Rate-limited attempts of the item, this one not included.
        public var throttles: Int
        /// Doubtful answers for the item, this one not included.
        public var doubts: Int
        /// Whether the endpoint has given any usable sign of life in this run.
        public var hasAnswered: Bool
        /// How long ago the last sign of life (or the run's start) was.
        public var silence: Duration

        /// A situation.
        public init(
            failures: Int = 0, throttles: Int = 0, doubts: Int = 0, hasAnswered: Bool = true, silence: Duration = .zero
        ) {
            self.failures = failures
            self.throttles = throttles
            self.doubts = doubts
            self.hasAnswered = hasAnswered
            self.silence = silence
        }
    }

    /// What becomes of the item.
    public func disposition(
        after failure: Failure, in situation: Situation, now: Date, using generator: inout some RandomNumberGenerator
    ) -> Disposition {
        func retry(_ budget: Disposition.Budget?, attempt: Int) -> Disposition {
            let wait = self.wait(afterAttempt: attempt, asked: failure.retryAfter, using: &generator)
            return .retry(notBefore: now.addingTimeInterval(wait.seconds), counts: budget)
        }
        let attempt = situation.failures + 1
        let isSilentTooLong = situation.silence >= rules.giveUpAfter
        switch failure.kind {
        case .unauthorized: return .stopRun(.unauthorized(failure))
        case .fatal: return .stopRun(.fatal(failure))
        case .interrupted: return .retry(notBefore: now, counts: nil)
        case .truncated, .refused, .unreadableImage: return .gaveUp
        case .filtered, .cutShort:
            let doubt = situation.doubts + 1
            return doubt < min(Self.doubtfulAttempts, rules.attempts) ? retry(.doubts, attempt: doubt) : .gaveUp
        case .rateLimited:
            if isSilentTooLong { return .stopRun(.unavailable(failure)) }
            let throttle = situation.throttles + 1
            return throttle < rules.attempts * 10 ? retry(.throttles, attempt: throttle) : .gaveUp
        case .connectionLost:
            // Counted with the rate limits: a connection that was closed while idle is no failure of the image.
            if situation.throttles < Self.freeReconnects { return .retry(notBefore: now, counts: .throttles) }
            return unavailable(failure, attempt, situation, retry)
        case .unavailable:
            return unavailable(failure, attempt, situation, retry)
        case .transient:
            if isSilentTooLong { return .stopRun(.unavailable(failure)) }
            return attempt < rules.attempts ? retry(.failures, attempt: attempt) : .gaveUp
        }
    }

    /// An endpoint that is down is no image's fault: the item never fails for it.
    ///
    /// At first contact the run stops when one item's attempts are used up; an endpoint that has answered before is
    /// waited for until `giveUpAfter`.
    private func unavailable(
        _ failure: Failure, _ attempt: Int, _ situation: Situation,
        _ retry: (Disposition.Budget?, Int) -> Disposition
    ) -> Disposition {
        if situation.silence >= rules.giveUpAfter { return .stopRun(.unavailable(failure)) }
        if attempt < rules.attempts { return retry(.failures, attempt) }
        return situation.hasAnswered ? retry(nil, attempt) : .stopRun(.unavailable(failure))
    }

    /// How long to wait before the next attempt.
    ///
    /// The server's own word wins, up to 120 s; otherwise full jitter: evenly between 0 and `backoff(afterAttempt:)`.
    func wait(
        afterAttempt attempt: Int, asked: Duration?, using generator: inout some RandomNumberGenerator
    ) -> Duration {
        if let asked { return min(max(asked, .zero), Self.longestRetryAfter) }
        let most = backoff(afterAttempt: attempt).seconds
        return .milliseconds(Int64(Double.random(in: 0...max(most, 0.001), using: &generator) * 1000))
    }

    /// The longest wait after an attempt, before jitter.
    ///
    /// `base · 2^(attempt − 1)`, never more than `cap`. With the defaults (1 s, 60 s):
    /// attempt 1 → 1 s, 2 → 2 s, 4 → 8 s, 7 and later → 60 s.
    ///
    /// - `attempt`: The number of the attempt that failed, from 1.
    public func backoff(afterAttempt attempt: Int) -> Duration {
        min(rules.base * (1 << min(max(attempt - 1, 0), 30)), rules.cap)
    }
}
