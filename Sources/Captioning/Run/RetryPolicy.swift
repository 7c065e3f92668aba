public import Foundation

/// Decides what becomes of an item after a failed attempt.
///
/// Pure: jitter comes from a generator, the time from the caller. When to stop the whole run is not decided here.
public struct RetryPolicy: Sendable {
    /// The spec's rules.
    public let rules: Job.Retry
    /// How long after its first attempt an item may begin another; nil means as long as it has attempts.
    public let itemDeadline: Duration?

    /// Attempts for answers that came but are doubtful (moderated away, or cut by the server): each one costs money.
    static let doubtfulAttempts = 4
    /// How many broken idle connections an item may meet before they count as failures.
    static let freeReconnects = 3
    /// The same server error so often in a row may be the item's own, when other items succeed meanwhile.
    static let sameErrors = 3
    /// And is, when it would come about by the endpoint's usual share of such errors less often than this.
    static let accident = 1e-4
    /// The refused attempts that an item may have while others succeed, for each ordinary one.
    static let refusalsPerAttempt = 10
    /// An endpoint that is in trouble is asked no more often than this, whatever the spec's backoff: the shortest wait, and
    /// the least that the longest wait may be.
    static let endpointBackoff = (base: Duration.milliseconds(250), cap: Duration.seconds(1))

    /// A policy for the rules.
    public init(rules: Job.Retry, itemDeadline: Duration? = nil) {
        self.rules = rules
        self.itemDeadline = itemDeadline
    }

    /// What the policy needs to know besides the failure itself.
    public struct Situation: Hashable, Sendable {
        /// Failed attempts of the item that counted, this one not included.
        public var failures: Int
        /// Rate-limited attempts of the item, this one not included.
        public var throttles: Int
        /// Doubtful answers for the item, this one not included.
        public var doubts: Int
        /// How often the item had this very error in a row, this time included.
        public var sameErrors: Int
        /// How often the item had this very error at all, this time not included.
        public var sameCause: Int
        /// The share of the endpoint's recent attempts that ended with a server error, from 0 to 1.
        public var errorShare: Double
        /// Whether the endpoint asks to slow down, rather than failing.
        public var isRefusal: Bool
        /// Whether the endpoint refuses some requests at any pace, so that the item alone waits.
        public var isRefusedByChance: Bool
        /// Whether another item succeeded at the same endpoint since the item's last attempt.
        public var othersSucceededSince: Bool
        /// When the item's first attempt of this run began; nil when this is the first.
        public var firstAttempt: Date?
        /// Whether another item succeeded at the same endpoint after that attempt had failed.
        public var othersSucceed: Bool
        /// Whether the endpoint fails whatever it is asked.
        public var isEndpointDown: Bool
        /// Whether a request went out.
        public var wasSent: Bool

        /// A situation.
        public init(
            failures: Int = 0, throttles: Int = 0, doubts: Int = 0, sameErrors: Int = 1, sameCause: Int = 0,
            errorShare: Double = 0, isRefusal: Bool = false, isRefusedByChance: Bool = false,
            othersSucceededSince: Bool = true, firstAttempt: Date? = nil, othersSucceed: Bool = true,
            isEndpointDown: Bool = false, wasSent: Bool = true
        ) {
            self.failures = failures
            self.throttles = throttles
            self.doubts = doubts
            self.sameErrors = sameErrors
            self.sameCause = sameCause
            self.errorShare = errorShare
            self.isRefusal = isRefusal
            self.isRefusedByChance = isRefusedByChance
            self.othersSucceededSince = othersSucceededSince
            self.firstAttempt = firstAttempt
            self.othersSucceed = othersSucceed
            self.isEndpointDown = isEndpointDown
            self.wasSent = wasSent
        }
    }

    /// What becomes of the item.
    public func disposition(
        after failure: Failure, in situation: Situation, now: Date, using generator: inout some RandomNumberGenerator
    ) -> Disposition {
        let attempt = situation.failures + 1
        /// One more attempt after a wait, if the item's deadline leaves time for it.
        func retry(_ budget: Disposition.Budget?, after wait: Duration) -> Disposition {
            let due = now.addingTimeInterval(wait.seconds)
            if let itemDeadline, due.timeIntervalSince(situation.firstAttempt ?? now) >= itemDeadline.seconds {
                return .gaveUp
            }
            return .retry(notBefore: due, counts: budget)
        }
        func wait(_ attempt: Int) -> Duration {
            self.wait(afterAttempt: attempt, asked: failure.retryAfter, using: &generator)
        }
        if situation.isRefusal || failure.kind == .rateLimited { return afterRefusal() }
        switch failure.kind {
        // The endpoint's trouble, whatever the item.
        case .unauthorized, .fatal: return .putBack
        case .interrupted: return .putBack
        case .truncated, .refused, .unreadableImage: return .gaveUp
        case .filtered, .cutShort:
            let doubt = situation.doubts + 1
            let most = min(failure.attemptLimit ?? Self.doubtfulAttempts, rules.attempts)
            return doubt < most ? retry(.doubts, after: wait(doubt)) : .gaveUp
        case .connectionLost where situation.sameCause < Self.freeReconnects:
            // Counted with the refusals: a connection that was closed while idle is no failure of the image.
            return retry(.throttles, after: .zero)
        case .connectionLost, .unavailable, .transient, .rateLimited:
            // An endpoint that is down is no image's fault; one that serves others all the while is.
            if !situation.wasSent || (situation.isEndpointDown && !situation.othersSucceed) {
                return retry(nil, after: wait(attempt))
            }
            if situation.isOwnError { return .gaveUp }
            // What makes sense for this cause only counts attempts that ended by it.
            if let limit = failure.attemptLimit, situation.sameCause + 1 >= limit { return .gaveUp }
            return attempt < rules.attempts ? retry(.failures, after: wait(attempt)) : .gaveUp
        }
        /// The endpoint slows down, and another may take the item at once; refused by chance, the item waits by itself.
        ///
        /// While nothing succeeds, no refusal is the item's.
        func afterRefusal() -> Disposition {
            let counts = situation.othersSucceededSince
            if counts, situation.throttles + 1 >= rules.attempts * Self.refusalsPerAttempt { return .gaveUp }
            let pause = situation.isRefusedByChance ? wait(situation.throttles + 1) : .zero
            return retry(counts ? .throttles : nil, after: pause)
        }
    }

    /// How long to wait before the next attempt.
    ///
    /// The server's own word wins, up to `give_up_after`; otherwise full jitter: evenly between 0 and
    /// `backoff(afterAttempt:)`.
    func wait(
        afterAttempt attempt: Int, asked: Duration?, using generator: inout some RandomNumberGenerator
    ) -> Duration {
        if let asked { return min(max(asked, .zero), rules.giveUpAfter) }
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
        Self.backoff(rules.base, rules.cap, attempt)
    }

    /// The wait before an endpoint is tried again that has failed, or refused everything, so many times.
    func endpointBackoff(afterTry count: Int) -> Duration {
        let least = Self.endpointBackoff
        return Self.backoff(max(rules.base, least.base), max(rules.cap, least.cap), count)
    }

    private static func backoff(_ base: Duration, _ cap: Duration, _ count: Int) -> Duration {
        min(base * (1 << min(max(count - 1, 0), 30)), cap)
    }
}

extension RetryPolicy.Situation {
    /// Whether the same server error came so often in a row that it is no accident.
    var isOwnError: Bool {
        sameErrors >= RetryPolicy.sameErrors && othersSucceed
            && pow(min(max(errorShare, 0), 1), Double(sameErrors)) < RetryPolicy.accident
    }
}
