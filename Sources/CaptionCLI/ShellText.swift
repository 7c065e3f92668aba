import Captioning

/// Makes command lines that can be copied from the terminal into a shell.
enum ShellText {
    /// The words as one command line.
    static func line(_ words: [String]) -> String {
        words.map(quoted).joined(separator: " ")
    }

    /// An option with its value: one word when the value could pass for an option itself.
    static func option(_ name: String, _ value: String?) -> [String] {
        guard let value else { return [] }
        return value.hasPrefix("-") ? ["\(name)=\(value)"] : [name, value]
    }

    /// A path that cannot be taken for an option.
    static func path(_ path: String) -> String {
        path.hasPrefix("-") ? "./" + path : path
    }

    /// A word as a shell takes it, on one line and fit for a terminal.
    ///
    /// Plain words stay as they are and others stand in single quotes, as every shell reads them. Only what a terminal
    /// must not see, and bytes that are not UTF-8, need `$'…'` (bash, zsh, ksh, and POSIX since 2024).
    static func quoted(_ word: String) -> String {
        let bytes = ArgumentBytes.bytes(word)
        if !bytes.isEmpty, bytes.allSatisfy(isPlain) { return word }
        let text = String(validating: bytes, as: UTF8.self)
        if let text, text.unicodeScalars.allSatisfy(TerminalText.isFit) {
            return "'" + text.replacing("'", with: "'\\''") + "'"
        }
        let escaped = bytes.map { byte -> String in
            switch byte {
            case UInt8(ascii: "'"), UInt8(ascii: "\\"): "\\" + String(UnicodeScalar(byte))
            case 0x20..<0x7F: String(UnicodeScalar(byte))
            default: "\\" + octal(byte)
            }
        }
        return "$'" + escaped.joined() + "'"
    }

    /// Three digits, so that what follows cannot be taken for a fourth.
    private static func octal(_ byte: UInt8) -> String {
        let digits = String(byte, radix: 8)
        return String(repeating: "0", count: 3 - digits.count) + digits
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"):
            true
        default: "-_./:,+@%=".utf8.contains(byte)
        }
    }
}
