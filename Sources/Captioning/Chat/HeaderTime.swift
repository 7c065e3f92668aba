import Foundation

/// Reads the times in headers that say how long to wait.
enum HeaderTime {
    /// The longest wait that makes sense, in seconds: a week.
    static let longest = 7 * 86_400.0

    /// How long until the moment or the time that a text names.
    ///
    /// Seconds, a duration as Go prints it, Unix seconds or milliseconds, an ISO 8601 or an HTTP date. Nil for everything
    /// else, and for waits of nothing, of negative length or over a week.
    static func wait(_ text: String, sentAt: Date) -> Duration? {
        let seconds: Double? =
            if let number = decimal(text) {
                switch number {
                case 1e12...: number / 1000 - sentAt.timeIntervalSince1970
                case 1e9...: number - sentAt.timeIntervalSince1970
                default: number
                }
            } else {
                goDuration(text) ?? moment(text)?.timeIntervalSince(sentAt)
            }
        return wait(seconds: seconds)
    }

    /// A wait of a sensible length; nil for anything else.
    static func wait(seconds: Double?) -> Duration? {
        guard let seconds, seconds > 0, seconds <= longest else { return nil }
        return .seconds(seconds)
    }

    /// The moment that an HTTP date or an ISO 8601 date names.
    private static func moment(_ text: String) -> Date? {
        HTTPDate.date(from: text) ?? (try? Date(text, strategy: .iso8601))
            ?? (try? Date(text, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true)))
    }

    /// Digits with at most one point; `Double.init` alone would also take `inf`, `nan` and `0x1p9`.
    static func decimal(_ text: some StringProtocol) -> Double? {
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
