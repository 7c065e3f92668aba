public import Foundation

extension HTTPReply {
    /// How long the server asks to wait before the next request; nil when it does not say, or says nonsense.
    ///
    /// The first that can be read wins: `retry-after-ms`, `retry-after` (seconds or a date), `llm_provider-retry-after`
    /// (LiteLLM), and on a 429 the longest `x-ratelimit-reset-*` whose `x-ratelimit-remaining-*` is 0.
    /// Waits of nothing, of negative length, into the past or over a week are nonsense. The caller sets its own limit.
    /// A date counts from the reply's own `date`, or from `now` when it has none.
    public func retryAfter(now: Date) -> Duration? {
        if let wait = header("retry-after-ms").flatMap({ Self.wait(seconds: Self.decimal($0).map { $0 / 1_000 }) }) {
            return wait
        }
        for name in ["retry-after", "llm_provider-retry-after"] {
            guard let value = header(name) else { continue }
            // The server's clock may be wrong; by its own time of sending, the difference is right.
            let sentAt = header("date").flatMap(HTTPDate.date(from:)) ?? now
            let seconds = Self.decimal(value) ?? HTTPDate.date(from: value)?.timeIntervalSince(sentAt)
            if let wait = Self.wait(seconds: seconds) { return wait }
        }
        guard status == 429 else { return nil }
        return ["requests", "tokens"].compactMap(resetWait).max()
    }

    private func resetWait(_ resource: String) -> Duration? {
        guard let remaining = header("x-ratelimit-remaining-\(resource)").flatMap(Self.decimal), remaining == 0,
            let reset = header("x-ratelimit-reset-\(resource)")
        else { return nil }
        return Self.wait(seconds: Self.decimal(reset) ?? Self.goDuration(reset))
    }

    private static func wait(seconds: Double?) -> Duration? {
        guard let seconds, seconds > 0, seconds <= 7 * 86_400 else { return nil }
        return .seconds(seconds)
    }

    /// Digits with at most one point; `Double.init` alone would also take `inf`, `nan` and `0x1p9`.
    private static func decimal(_ text: some StringProtocol) -> Double? {
        let trimmed = text.trimmingCharacters(in: .whitespaces)
        guard trimmed.allSatisfy({ $0 == "." || ("0"..."9").contains($0) }) else { return nil }
        return Double(trimmed)
    }

    /// Seconds of a duration as Go prints it: `1s`, `6m0s`, `41ms`, `2s81ms`, `1h2m3.5s`.
    private static func goDuration(_ text: String) -> Double? {
        let units = [
            "ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1, "m": 60, "h": 3_600, "d": 86_400,
        ]
        var rest = Substring(text.trimmingCharacters(in: .whitespaces))
        var total = 0.0
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let number = rest.prefix { $0 == "." || ("0"..."9").contains($0) }
            rest = rest.dropFirst(number.count)
            let unit = rest.prefix { $0.isLetter }
            rest = rest.dropFirst(unit.count)
            guard let count = decimal(number), let length = units[String(unit)] else { return nil }
            total += count * length
        }
        return total
    }
}
