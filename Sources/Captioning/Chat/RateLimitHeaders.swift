public import Foundation

/// What a reply's `x-ratelimit-*` headers say of the endpoint's quotas.
///
/// Over which time a quota runs, the headers do not say: OpenAI counts by the minute, Groq its requests by the day.
public struct RateLimitHeaders: Hashable, Sendable {
    /// One quota; nil in a field means that the server does not say, or says nonsense.
    public struct Quota: Hashable, Sendable {
        /// How many fit into the quota; at least 1.
        public var limit: Int?
        /// How many are left of it.
        public var remaining: Int?
        /// From now until the quota is full or renewed; at most a week.
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

    /// What a reply said.
    public init(requests: Quota? = nil, tokens: Quota? = nil) {
        self.requests = requests
        self.tokens = tokens
    }
}

extension HTTPReply {
    /// What the reply says of the endpoint's quotas; nil when it says nothing that can be read.
    ///
    /// Each quota is taken whole from the first family of headers that speaks of it: `x-ratelimit-limit-requests` (OpenAI,
    /// Azure, Groq, LiteLLM), for requests also `x-ratelimit-limit` (OpenRouter) and `ratelimit-limit` (the IETF's draft),
    /// and last those that LiteLLM passes on from its upstream under `llm_provider-`.
    /// A reset may be a wait or a moment (`HeaderText.secondsUntil`); a moment counts from the reply's own `date`, or from `now`.
    public func rateLimits(now: Date) -> RateLimitHeaders? {
        guard hasHeader(containing: "ratelimit") else { return nil }
        let now = sentAt ?? now
        let limits = RateLimitHeaders(
            requests: quota(
                ["x-ratelimit-*-requests", "x-ratelimit-*", "ratelimit-*"], now: now),
            tokens: quota(["x-ratelimit-*-tokens"], now: now))
        return limits == RateLimitHeaders() ? nil : limits
    }

    private func quota(_ families: [String], now: Date) -> RateLimitHeaders.Quota? {
        for family in families + families.map({ "llm_provider-" + $0 }) {
            func value(_ field: String) -> String? { header(family.replacing("*", with: field)) }
            let quota = RateLimitHeaders.Quota(
                limit: value("limit").flatMap(HeaderText.count).flatMap { $0 > 0 ? $0 : nil },
                remaining: value("remaining").flatMap(HeaderText.count),
                reset: value("reset").flatMap { HeaderText.secondsUntil($0, now: now) }.map { .seconds($0) })
            if quota != RateLimitHeaders.Quota() { return quota }
        }
        return nil
    }
}
