/// What the server's own headers leave to spend, with what is under way and not in their count yet.
///
/// Pure: the caller says what time it is, in seconds.
struct ServerQuotas: Sendable {
    private struct Quota: Sendable {
        var left: Double
        let full: Double?
        /// When it is full, or renewed.
        let resetAt: Double
        let notedAt: Double
        /// What comes back per second when it comes back evenly; nil when it comes all at once.
        let refill: Double?

        func left(at now: Double) -> Double {
            if now >= resetAt { return full ?? .infinity }
            return left + (refill ?? 0) * (now - notedAt)
        }
    }

    private var requests: Quota?
    private var tokens: Quota?
    private var typicalTokens = 0.0

    /// Seconds until one more request is left; 0 when there is.
    func wait(at now: Double) -> Double {
        max(Self.wait(for: 1, requests, at: now), Self.wait(for: typicalTokens, tokens, at: now))
    }

    /// Counts a request in that goes now.
    mutating func take(tokens spent: Double) {
        requests?.left -= 1
        tokens?.left -= spent
    }

    /// Takes the headers of a reply.
    ///
    /// - `inFlight`: Other requests under way: the server may not have counted them yet.
    /// - `tokensPerRequest`: What each of them will cost.
    mutating func note(_ headers: RateLimitHeaders, inFlight: Int, tokensPerRequest: Double, at now: Double) {
        typicalTokens = tokensPerRequest
        if let quota = headers.requests { requests = Self.quota(quota, underWay: Double(inFlight), at: now) }
        if let quota = headers.tokens {
            tokens = Self.quota(quota, underWay: Double(inFlight) * tokensPerRequest, at: now)
        }
    }

    private static func quota(_ told: RateLimitHeaders.Quota, underWay: Double, at now: Double) -> Quota? {
        guard let remaining = told.remaining, let reset = told.reset, reset.seconds > 0 else { return nil }
        var refill: Double?
        if let limit = told.limit, limit > remaining {
            let used = Double(limit) - Double(remaining)
            // Evenly refilled by the minute, as OpenAI does, when the time to full fits that.
            let expected = used / Double(limit) * 60
            if abs(expected - reset.seconds) < max(1.5, expected * 0.1) { refill = used / reset.seconds }
        }
        return Quota(
            left: Double(remaining) - underWay, full: told.limit.map(Double.init), resetAt: now + reset.seconds,
            notedAt: now, refill: refill)
    }

    private static func wait(for cost: Double, _ quota: Quota?, at now: Double) -> Double {
        guard let quota, cost > 0 else { return 0 }
        let missing = min(cost, quota.full ?? cost) - quota.left(at: now)
        guard missing > 1e-6 else { return 0 }
        let untilReset = max(quota.resetAt - now, 0.001)
        return min(quota.refill.map { max(missing / $0, 0.001) } ?? untilReset, untilReset)
    }
}

extension RateLimitHeaders.Quota {
    /// Whether the limit is one per minute rather than per day: its reset is near.
    var isPerMinute: Bool { reset.map { $0 <= .seconds(120) } ?? false }
}
