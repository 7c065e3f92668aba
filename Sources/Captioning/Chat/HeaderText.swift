import Foundation

/// Reads the numbers, durations and moments that header fields hold.
enum HeaderText {
    /// Longer waits than this, a week, are nonsense: no quota takes longer to renew.
    static let longest: Double = 7 * 86_400

    /// Digits with at most one point; `Double.init` alone would also take `inf`, `nan` and `0x1p9`.
    static func decimal(_ text: some StringProtocol) -> Double? {
        let trimmed = text.trimmingCharacters(in: .whitespaces)
        guard trimmed.allSatisfy({ $0 == "." || ("0"..."9").contains($0) }) else { return nil }
        return Double(trimmed)
    }

    /// A whole number of things, also at the head of a list (`100, 100;w=60`); nil for `-1`, which means unlimited or
    /// unknown, and for what no vendor counts.
    static func count(_ text: String) -> Int? {
        guard let number = decimal(text.prefix { $0 != "," && $0 != ";" }), number < 1e15 else { return nil }
        return Int(exactly: number)
    }

    /// Seconds of a duration as Go prints it: `1s`, `6m0s`, `41ms`, `2s81ms`, `1h2m3.5s`.
    static func goDuration(_ text: String) -> Double? {
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

    /// Seconds until a moment that is given as a wait, or as a date that counts from `now`.
    ///
    /// | text | read as |
    /// |---|---|
    /// | `30`, `0.5` | seconds |
    /// | `6m0s`, `41ms` | a duration as Go prints it |
    /// | `1741305600` | seconds since 1970 |
    /// | `1741305600000` | milliseconds since 1970 |
    /// | `2025-03-07T00:00:00Z` | ISO 8601 |
    /// | `Fri, 07 Mar 2025 00:00:00 GMT` | a date of HTTP |
    ///
    /// Nil for anything else, for a moment that has passed and for one further away than `longest`: then the server's
    /// clock or ours is wrong.
    static func secondsUntil(_ text: String, now: Date) -> Double? {
        let seconds: Double?
        if let number = decimal(text) {
            seconds =
                switch number {
                case ...longest: number
                case 1e9..<1e11: Date(timeIntervalSince1970: number).timeIntervalSince(now)
                case 1e12..<1e14: Date(timeIntervalSince1970: number / 1_000).timeIntervalSince(now)
                default: nil
                }
        } else {
            seconds = goDuration(text) ?? date(text)?.timeIntervalSince(now)
        }
        return seconds.flatMap { 0...longest ~= $0 ? $0 : nil }
    }

    private static func date(_ text: String) -> Date? {
        if let date = HTTPDate.date(from: text) { return date }
        let trimmed = text.trimmingCharacters(in: .whitespaces)
        return (try? Date(trimmed, strategy: .iso8601))
            ?? (try? Date(trimmed, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true)))
    }
}
