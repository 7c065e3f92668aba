public import Foundation

extension HTTPReply {
    /// How long the server asks to wait before the next request; nil when it does not say, or says nonsense.
    ///
    /// The first that can be read wins: `retry-after-ms`, `retry-after` (seconds or a date), `llm_provider-retry-after`
    /// (LiteLLM), and on a 429 the longest `x-ratelimit-reset-*` whose `x-ratelimit-remaining-*` is 0.
    /// Waits of nothing, of negative length, into the past or over a week are nonsense. The caller sets its own limit.
    /// A date counts from the reply's own `date`, so that a server whose clock is wrong is understood, or from `now`.
    public func retryAfter(now: Date) -> Duration? {
        let milliseconds = header("retry-after-ms").flatMap(HeaderTime.decimal)
        if let wait = HeaderTime.wait(seconds: milliseconds.map { $0 / 1_000 }) { return wait }
        for name in ["retry-after", "llm_provider-retry-after"] {
            guard let value = header(name) else { continue }
            let date = HTTPDate.date(from: value)?.timeIntervalSince(sentAt ?? now)
            if let wait = HeaderTime.wait(seconds: HeaderTime.decimal(value) ?? date) { return wait }
        }
        guard status == 429 else { return nil }
        let limits = rateLimits(now: now)
        return [limits?.requests, limits?.tokens].compactMap { $0?.remaining == 0 ? $0?.reset : nil }.max()
    }
}
