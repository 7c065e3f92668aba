/// Renders a run's progress as one line.
struct ProgressLine {
    let state: ProgressState
    /// Time since the run's start.
    let time: Duration

    /// A line to redraw in place, never longer than `width` columns.
    ///
    /// The bar shrinks first; then details go from the right.
    func drawn(width: Int, usesColor: Bool) -> String {
        let head = "\(state.settled)/\(state.total)"
        var details = self.details
        let room = max(width - 1, 1)
        func length() -> Int { ([head] + details).joined(separator: "  ").count }
        while !details.isEmpty, length() > room { details.removeLast() }
        let text = ([head] + details).joined(separator: "  ")
        let barWidth = min(30, room - text.count - 3)
        guard barWidth >= 5 else { return String(text.prefix(room)) }
        let bar = Self.bar(share: share, width: barWidth)
        let colored = usesColor ? "\u{1B}[32m\(bar)\u{1B}[0m" : bar
        return "▕\(colored)▏ \(text)"
    }

    /// A line for a log.
    var plain: String {
        (["captioned \(state.settled) of \(state.total)"] + details).joined(separator: ", ")
    }

    /// Most wanted first.
    private var details: [String] {
        var parts: [String] = []
        if state.isDraining {
            parts.append("stopping, \(state.inFlight) in flight")
        } else if let waiting = state.waiting, waiting.until > time {
            parts.append("\(waiting.reason), \(Self.short(waiting.until - time))")
        }
        if state.failed > 0 { parts.append("\(state.failed) failed") }
        if let rate = state.rate(at: time) {
            parts.append(Self.speed(rate))
        }
        if let remaining = state.remaining(at: time), state.settled < state.total {
            parts.append("ETA \(Self.short(remaining))")
        }
        if !state.isDraining {
            let room = state.rooms.values.reduce(0, +)
            parts.append(room > 0 ? "\(state.inFlight) of \(room) in flight" : "\(state.inFlight) in flight")
        }
        if state.retries > 0 { parts.append(state.retries == 1 ? "1 retry" : "\(state.retries) retries") }
        let tokens = state.tokens
        if tokens > 0 { parts.append("\(Self.count(tokens)) tokens") }
        if state.reused > 0 { parts.append("\(state.reused) reused") }
        return parts
    }

    private var share: Double {
        state.total > 0 ? min(Double(state.settled) / Double(state.total), 1) : 1
    }

    private static func bar(share: Double, width: Int) -> String {
        let eighths = Int((share * Double(width * 8)).rounded(.down))
        let partial = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8]
        let full = String(repeating: "█", count: eighths / 8) + partial
        return full + String(repeating: " ", count: width - full.count)
    }

    /// `12s`, `3m10s`, `1h02m`.
    static func short(_ duration: Duration) -> String {
        let seconds = max(Int((duration / .seconds(1)).rounded(.up)), 0)
        if seconds < 60 { return "\(seconds)s" }
        func twoDigits(_ number: Int) -> String { number < 10 ? "0\(number)" : String(number) }
        if seconds < 3600 { return "\(seconds / 60)m\(twoDigits(seconds % 60))s" }
        return "\(seconds / 3600)h\(twoDigits(seconds / 60 % 60))m"
    }

    /// `950`, `12.3k`, `1.2M`.
    static func count(_ number: Int) -> String {
        if number < 1000 { return String(number) }
        if number < 999_950 { return oneDecimal(Double(number) / 1000) + "k" }
        return oneDecimal(Double(number) / 1_000_000) + "M"
    }

    /// `4.2 images/s`, `25 images/s`, `2.5 images/min`.
    static func speed(_ perSecond: Double) -> String {
        if perSecond < 0.1 { return oneDecimal(perSecond * 60) + " images/min" }
        return (perSecond >= 10 ? String(Int(perSecond.rounded())) : oneDecimal(perSecond)) + " images/s"
    }

    private static func oneDecimal(_ number: Double) -> String {
        let tenths = Int((number * 10).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }
}
