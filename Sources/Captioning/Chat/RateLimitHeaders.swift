public import Foundation

/// What a reply's headers say of the endpoint's quotas.
///
/// OpenAI's `x-ratelimit-limit-requests` and its like (platform.openai.com/docs/guides/rate-limits); also with LiteLLM's
/// `llm_provider-` in front, and the plain `x-ratelimit-limit` and `ratelimit-limit`, which mean requests.
public struct RateLimitHeaders: Hashable, Sendable {
    /// One quota.
    public struct Quota: Hashable, Sendable {
        /// How much a full quota is; nil when not said.
        public var limit: Int?
        /// How much of it is left; nil when not said.
        public var remaining: Int?
        /// How long until it is full again; nil when not said.
        public var reset: Duration?

        /// A quota.
        public init(limit: Int? = nil, remaining: Int? = nil, reset: Duration? = nil) {
            self.limit = limit
            self.remaining = remaining
            self.reset = reset
        }
    }

    /// Requests; nil when nothing is said of them.
    public var requests: Quota?
    /// Model tokens; nil when nothing is said of them.
    public var tokens: Quota?

    /// Headers.
    public init(requests: Quota? = nil, tokens: Quota? = nil) {
        self.requests = requests
        self.tokens = tokens
    }
}

extension HTTPReply {
    /// The quotas in the reply's headers; nil when there are none.
    ///
    /// `-1` and what cannot be read count as not said. Moments count from the reply's own `date`, or from `now`.
    public func rateLimits(now: Date) -> RateLimitHeaders? {
        let limits = RateLimitHeaders(
            requests: quota(["x-ratelimit-%-requests", "x-ratelimit-%", "ratelimit-%"], now),
            tokens: quota(["x-ratelimit-%-tokens"], now))
        return limits == RateLimitHeaders() ? nil : limits
    }

    private func quota(_ names: [String], _ now: Date) -> RateLimitHeaders.Quota? {
        func value(_ part: String) -> String? {
            let places = names.map { $0.replacing("%", with: part) }
            return (places + places.map { "llm_provider-" + $0 }).lazy.compactMap { header($0) }.first
        }
        func count(_ part: String) -> Int? {
            value(part).flatMap(HeaderTime.decimal).flatMap { $0 >= 0 && $0 < 1e15 ? Int($0) : nil }
        }
        let quota = RateLimitHeaders.Quota(
            limit: count("limit"), remaining: count("remaining"),
            reset: value("reset").flatMap { HeaderTime.wait($0, sentAt: sentAt ?? now) })
        return quota == RateLimitHeaders.Quota() ? nil : quota
    }

    /// When the server says it sent the reply; nil when it does not say.
    var sentAt: Date? { header("date").flatMap(HTTPDate.date(from:)) }
}
