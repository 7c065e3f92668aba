/// Makes foreign text fit for a terminal: text that a person reads must not move the cursor, write the clipboard, reverse
/// its own order or pretend to be a line of the program's.
package enum TerminalText {
    /// The text on one line.
    ///
    /// Control characters (C0, DEL, C1), line and paragraph separators and those that change the direction of writing are
    /// shown as JSON escapes them (`\n`, `\u001B`, `\u202E`), so that JSON stays the same JSON. What was made fit once
    /// stays as it is.
    package static func fit(_ text: String) -> String {
        guard text.utf8.contains(where: { !isPlain($0) }) else { return text }
        var result = ""
        result.reserveCapacity(text.utf8.count)
        for scalar in text.unicodeScalars {
            if isFit(scalar) { result.unicodeScalars.append(scalar) } else { result += escape(scalar) }
        }
        return result
    }

    /// Whether a terminal shows the character and does nothing else with it.
    package static func isFit(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F...0x9F: false
        // Separators that some terminals and pagers take for line ends.
        case 0x2028, 0x2029: false
        // Unicode's Bidi_Control characters.
        case 0x061C, 0x200E, 0x200F, 0x202A...0x202E, 0x2066...0x2069: false
        default: true
        }
    }

    /// The character as JSON escapes it; every one that is not fit has at most four digits.
    package static func escape(_ scalar: Unicode.Scalar) -> String {
        switch scalar {
        case "\n": return "\\n"
        case "\r": return "\\r"
        case "\t": return "\\t"
        default:
            let digits = String(scalar.value, radix: 16, uppercase: true)
            return "\\u" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
        }
    }

    private static func isPlain(_ byte: UInt8) -> Bool { (0x20..<0x7F).contains(byte) }
}
