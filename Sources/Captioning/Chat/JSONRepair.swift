import Foundation

extension JSONValue {
    /// Parses a reply's body, mending what servers get wrong; nil when it is no JSON even so.
    ///
    /// A reply was paid for, so a stray `NaN` beside the caption must not cost the caption.
    init?(reply body: Data) {
        if let value = try? JSONValue(parsing: body) {
            self = value
        } else if let value = try? JSONValue(parsing: JSONRepair.repaired(body)) {
            self = value
        } else {
            return nil
        }
    }
}

/// Mends JSON that is almost right, without understanding its structure.
enum JSONRepair {
    /// The same JSON with faults mended.
    ///
    /// A byte order mark is removed, bytes that are no UTF-8 and unpaired surrogate escapes are replaced, control
    /// characters in strings are escaped, and words that are no numbers (`NaN`, `-Infinity`, `1e400`) become `null`.
    static func repaired(_ body: Data) -> Data {
        var scanner = Scanner(bytes: Array(String(decoding: body, as: UTF8.self).utf8))
        scanner.run()
        return Data(scanner.output)
    }

    private struct Scanner {
        let bytes: [UInt8]
        var output: [UInt8] = []
        var position = 0

        init(bytes: [UInt8]) {
            self.bytes = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(bytes.dropFirst(3)) : bytes
            output.reserveCapacity(bytes.count)
        }

        mutating func run() {
            while position < bytes.count {
                if bytes[position] == UInt8(ascii: "\"") {
                    scanString()
                } else if Self.isWord(bytes[position]) {
                    scanWord()
                } else {
                    output.append(bytes[position])
                    position += 1
                }
            }
        }

        private mutating func scanString() {
            output.append(bytes[position])
            position += 1
            while position < bytes.count {
                let byte = bytes[position]
                if byte == UInt8(ascii: "\\") {
                    scanEscape()
                } else if byte < 0x20 {
                    let digits = String(byte, radix: 16)
                    output += Array(("\\u" + String(repeating: "0", count: 4 - digits.count) + digits).utf8)
                    position += 1
                } else {
                    output.append(byte)
                    position += 1
                    if byte == UInt8(ascii: "\"") { return }
                }
            }
        }

        private mutating func scanEscape() {
            guard let unit = unicodeEscape(at: position) else {
                let end = min(position + 2, bytes.count)
                output += bytes[position..<end]
                position = end
                return
            }
            let isPair: Bool
            if 0xD800..<0xDC00 ~= unit, let low = unicodeEscape(at: position + 6) {
                isPair = 0xDC00..<0xE000 ~= low
            } else {
                isPair = false
            }
            let length = isPair ? 12 : 6
            if 0xD800..<0xE000 ~= unit && !isPair {
                output += Array("\\uFFFD".utf8)
            } else {
                output += bytes[position..<position + length]
            }
            position += length
        }

        private func unicodeEscape(at start: Int) -> UInt16? {
            guard start + 6 <= bytes.count, bytes[start] == UInt8(ascii: "\\"), bytes[start + 1] == UInt8(ascii: "u")
            else { return nil }
            return UInt16(String(decoding: bytes[start + 2..<start + 6], as: UTF8.self), radix: 16)
        }

        private mutating func scanWord() {
            var end = position
            while end < bytes.count, Self.isWord(bytes[end]) { end += 1 }
            let word = String(decoding: bytes[position..<end], as: UTF8.self)
            let isJSON = ["true", "false", "null"].contains(word) || Double(word)?.isFinite == true
            output += isJSON ? Array(bytes[position..<end]) : Array("null".utf8)
            position = end
        }

        private static func isWord(_ byte: UInt8) -> Bool {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."):
                true
            default: false
            }
        }
    }
}
