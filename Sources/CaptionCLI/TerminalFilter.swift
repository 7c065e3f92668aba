import Captioning
import Foundation

/// Makes data that is written to a terminal fit for it, piece by piece.
///
/// A program that reads standard output gets every byte as it is. A terminal is read by a person, and there a caption must
/// not be able to act; `ls` and `git` do the same with names. JSON stays the same JSON.
struct TerminalFilter {
    /// A character that the next piece completes, or a carriage return that a line feed may follow.
    private var held: [UInt8] = []

    /// The next piece as the terminal may have it.
    mutating func passing(_ data: Data) -> Data {
        var bytes = held + data
        held = Array(bytes.suffix(Self.openBytes(of: bytes)))
        bytes.removeLast(held.count)
        var text = ""
        let scalars = Array(String(decoding: bytes, as: UTF8.self).unicodeScalars)
        for (index, scalar) in scalars.enumerated() {
            let endsLine = scalar == "\r" && index + 1 < scalars.count && scalars[index + 1] == "\n"
            if endsLine || scalar == "\n" || scalar == "\t" || TerminalText.isFit(scalar) {
                text.unicodeScalars.append(scalar)
            } else {
                text += TerminalText.escape(scalar)
            }
        }
        return Data(text.utf8)
    }

    /// How many bytes at the end wait for more.
    private static func openBytes(of bytes: [UInt8]) -> Int {
        guard let last = bytes.last else { return 0 }
        if last == UInt8(ascii: "\r") { return 1 }
        for count in 1...min(3, bytes.count) {
            let byte = bytes[bytes.count - count]
            // A byte that begins a character of more bytes than there are.
            if byte >= 0xC0 { return (byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : 2) > count ? count : 0 }
            if byte < 0x80 { return 0 }
        }
        return 0
    }
}
