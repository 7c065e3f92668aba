import Glibc
import Testing

@testable import CaptionCLI

struct TerminalTests {
    @Test(
        .enabled(if: isatty(STDERR_FILENO) == 0, "standard error is a terminal and knows its own width"),
        arguments: [("132", 132), ("20", 20), ("-7", 80), ("0", 80), ("nonsense", 80), ("", 80)])
    func `without a terminal the width is that of COLUMNS, or 80`(columns: String, width: Int) {
        #expect(Terminal(environment: ["COLUMNS": columns]).width() == width)
        #expect(Terminal(environment: [:]).width() == 80)
    }

    @Test(arguments: [
        ([:], true, true), (["NO_COLOR": ""], true, true), (["NO_COLOR": "1"], true, false),
        (["NO_COLOR": "0"], true, false), (["TERM": "dumb"], false, false), (["TERM": "xterm"], true, true),
    ])
    func `a terminal is redrawn unless dumb, and coloured unless NO_COLOR is set`(
        environment: [String: String], isInteractive: Bool, usesColor: Bool
    ) {
        let terminal = Terminal(environment: environment, isTerminal: true)
        #expect(terminal.isInteractive == isInteractive)
        #expect(terminal.usesColor == usesColor)
    }

    @Test func `what is no terminal is neither redrawn nor coloured`() {
        let terminal = Terminal(environment: ["TERM": "xterm"], isTerminal: false)
        #expect(!terminal.isInteractive)
        #expect(!terminal.usesColor)
    }
}
