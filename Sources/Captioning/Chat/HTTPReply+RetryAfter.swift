public import Foundation

extension HTTPReply {
    /// How long the server asks to wait before the next request; nil when it does not say, or says nonsense.
    ///
    /// The first that can be read wins: `retry-after-ms`, `retry-after` (seconds or a date), `llm_provider-retry-after`
    /// (LiteLLM), and on a 429 the longest reset of a quota that is used up, or of any when it says of none what is left
    /// (`rateLimits(now:)`).
    /// Waits of nothing, of negative length, into the past or over a week are nonsense. The caller sets its own limit.
    /// A date counts from the reply's own `date`, so that a server whose clock is wrong is understood, or from `now`.
    public func retryAfter(now: Date) -> Duration? {
        let now = sentAt ?? now
        if let wait = header("retry-after-ms").flatMap({ Self.wait(HeaderText.decimal($0).map { $0 / 1_000 }) }) {
            return wait
        }
        for name in ["retry-after", "llm_provider-retry-after"] {
            guard let value = header(name) else { continue }
            let seconds = HeaderText.decimal(value) ?? HTTPDate.date(from: value)?.timeIntervalSince(now)
            if let wait = Self.wait(seconds) { return wait }
        }
        guard status == 429, let quotas = rateLimits(now: now) else { return nil }
        let saysWhatIsLeft = hasHeader(containing: "remaining")
        return [quotas.requests, quotas.tokens].compactMap { quota in
            quota?.remaining == 0 || !saysWhatIsLeft ? quota?.reset : nil
        }.max().flatMap { $0 > .zero ? $0 : nil }
    }

    /// When the server says that it sent the reply; nil when it does not say.
    var sentAt: Date? { header("date").flatMap(HTTPDate.date(from:)) }

    private static func wait(_ seconds: Double?) -> Duration? {
        guard let seconds, seconds > 0, seconds <= HeaderText.longest else { return nil }
        return .seconds(seconds)
    }
}
