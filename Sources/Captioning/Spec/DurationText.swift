extension Duration {
    /// Reads `250ms`, `1s`, `1.5s`, `15m`, `2h`, or a bare number of seconds; nil for anything else, and for less than
    /// nothing.
    public init?(text: String) {
        let units: [(suffix: String, seconds: Double)] = [("ms", 0.001), ("s", 1), ("m", 60), ("h", 3600)]
        let trimmed = text.filter { !$0.isWhitespace }
        let unit = units.first { trimmed.hasSuffix($0.suffix) }
        let digits = trimmed.dropLast(unit?.suffix.count ?? 0)
        guard let number = Double(digits), number.isFinite, number >= 0, number < 1e9,
            digits.allSatisfy({ $0.isNumber || $0 == "." })
        else { return nil }
        self = .milliseconds(Int64((number * (unit?.seconds ?? 1) * 1000).rounded()))
    }

    /// The same length of time as a spec writes it: `330s`, `15m`, `250ms`.
    public var text: String {
        let milliseconds = Int(self / .milliseconds(1))
        if milliseconds % 1000 != 0 { return "\(milliseconds)ms" }
        let seconds = milliseconds / 1000
        return seconds >= 120 && seconds % 60 == 0 ? "\(seconds / 60)m" : "\(seconds)s"
    }

    /// The same length of time in seconds.
    public var seconds: Double {
        self / .seconds(1)
    }
}
