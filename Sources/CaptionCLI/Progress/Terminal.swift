import Glibc

/// How progress may be drawn on standard error.
struct Terminal: Sendable {
    /// Whether standard error is a terminal, so that a line may be redrawn.
    var isInteractive: Bool
    /// Whether colours are wanted.
    var usesColor: Bool
    /// Columns of a line, asked anew each time because windows change.
    var width: @Sendable () -> Int

    /// No terminal: plain lines.
    static let none = Terminal(isInteractive: false, usesColor: false, width: { 80 })

    init(isInteractive: Bool, usesColor: Bool, width: @escaping @Sendable () -> Int) {
        self.isInteractive = isInteractive
        self.usesColor = usesColor
        self.width = width
    }

    /// The real one; `NO_COLOR` and `TERM=dumb` are respected.
    init(environment: [String: String], isTerminal: Bool = isatty(STDERR_FILENO) == 1) {
        isInteractive = isTerminal && environment["TERM"] != "dumb"
        usesColor = isInteractive && (environment["NO_COLOR"] ?? "").isEmpty
        let columns = environment["COLUMNS"].flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil } ?? 80
        width = {
            var size = winsize()
            // A fresh pseudo-terminal reports 0 columns: not known.
            let isKnown = ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
            return isKnown ? Int(size.ws_col) : max(columns, 20)
        }
    }
}
