public import Foundation

/// The keys of a run, as what no store, log, message or export may hold: finds them in texts however they are written.
///
/// A server can repeat the key that it was sent, and not only as it is: escaped as in JSON, percent-encoded, as an HTML
/// reference, in base64 (the whole header or a part of it), in hexadecimal digits, in UTF-16, or with characters between
/// that nobody sees. Every text that comes from a server passes through here once it is decoded, before it is cut or
/// joined, and once more after.
///
/// One pass over a text finds all forms of all keys, in a time that grows with its length alone. It shows itself as `***`.
public struct Secrets: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Nothing to hide.
    public static let none = Secrets([])

    /// What stands in place of a key.
    static let mask = "***"
    /// Shorter keys would blank out ordinary words; no provider issues one.
    static let shortestKey = 8
    /// A text that was escaped more often than this is no echo but a code of its own.
    private static let mostLayers = 4

    /// Every form of every key, by its first eight bytes.
    private let forms: [UInt64: [[UInt8]]]
    /// A bit for every hash that a first part has, so that most places of a text cost one look.
    private let filter: [UInt64]

    /// Takes keys; words that stand where a server needs no key (`EMPTY`, `ollama`, `not-needed`) are no secrets.
    public init(_ keys: [String]) {
        var forms: [UInt64: [[UInt8]]] = [:]
        var filter = [UInt64](repeating: 0, count: 64)
        for form in Set(keys.filter(Self.isSecret).flatMap(Self.forms)) {
            let start = form.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            forms[start, default: []].append(form)
            let hash = Self.hash(start)
            filter[hash >> 6] |= 1 << (hash & 63)
        }
        self.forms = forms
        self.filter = filter
    }

    /// `***`.
    public var description: String { Self.mask }

    /// `***`.
    public var debugDescription: String { Self.mask }

    /// Shows nothing of the keys.
    public var customMirror: Mirror { Mirror(self, children: []) }

    /// The text with `***` in place of every key.
    public func scrubbed(_ text: String) -> String {
        guard !forms.isEmpty, text.utf8.count >= Self.shortestKey else { return text }
        var text = text
        let clean: [UInt8]? = text.withUTF8 { masked($0) }
        return clean.map { String(decoding: $0, as: UTF8.self) } ?? text
    }

    /// The bytes with `***` in place of every key.
    public func scrubbed(_ data: Data) -> Data {
        guard !forms.isEmpty, data.count >= Self.shortestKey else { return data }
        let clean: [UInt8]? = data.withUnsafeBytes { masked($0.bindMemory(to: UInt8.self)) }
        return clean.map { Data($0) } ?? data
    }

    /// Nil when there is nothing to mask.
    private func masked(_ bytes: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        var found = ranges(in: bytes)
        var layer = EscapedText(bytes)
        for _ in 0..<Self.mostLayers where layer.takeOffEscapes() {
            found += layer.bytes.withUnsafeBufferPointer { ranges(in: $0) }.map(layer.source)
        }
        guard !found.isEmpty else { return nil }
        found.sort { $0.lowerBound < $1.lowerBound }
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var position = 0
        for range in found where range.upperBound > position {
            if range.lowerBound >= position {
                result += bytes[position..<range.lowerBound]
                result += Self.mask.utf8
            }
            position = range.upperBound
        }
        return result + bytes[position...]
    }

    /// Where keys stand, in order and without overlap.
    private func ranges(in bytes: UnsafeBufferPointer<UInt8>) -> [Range<Int>] {
        var ranges: [Range<Int>] = []
        var last: UInt64 = 0
        var first = 0
        for (index, byte) in bytes.enumerated() {
            last = last << 8 | UInt64(byte)
            let start = index - 7
            guard start >= first else { continue }
            let hash = Self.hash(last)
            guard filter[hash >> 6] >> (hash & 63) & 1 == 1, let candidates = forms[last] else { continue }
            let match = candidates.filter { bytes[start...].starts(with: $0) }.map(\.count).max()
            guard let match else { continue }
            ranges.append(start..<start + match)
            first = start + match
        }
        return ranges
    }

    private static func hash(_ start: UInt64) -> Int {
        Int(truncatingIfNeeded: (start &* 0x9E37_79B9_7F4A_7C15) >> 52)
    }

    // MARK: - Keys and their forms

    /// What people set where a local server wants some key and looks at none, by letters and digits.
    private static let placeholders: Set<String> = [
        "anything", "dummykey", "fakekey", "localhost", "lmstudio", "llamacpp", "noapikey", "nokeyneeded",
        "nokeyrequired", "notapplicable", "notneeded", "notrequired", "notused", "placeholder", "sknokeyrequired",
        "sknotneeded", "sknotrequired", "undefined", "whatever", "yourapikey", "yourkeyhere", "yourapikeyhere",
    ]

    private static func isSecret(_ key: String) -> Bool {
        guard key.utf8.count >= shortestKey else { return false }
        let word = key.lowercased().filter { $0.isASCII && ($0.isLetter || $0.isNumber) }
        return !placeholders.contains(word) && Set(word).count > 1
    }

    private static func forms(of key: String) -> [[UInt8]] {
        let plain = Array(key.utf8)
        let wide: [UInt8] = plain.flatMap { [$0, 0] }
        let digits = plain.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
        let encodings: [[UInt8]] = [plain, wide, [0] + wide.dropLast()]
        return [plain, Array(digits.utf8), Array(digits.uppercased().utf8)] + encodings.flatMap(base64Cores)
    }

    /// The characters of base64 that the bytes alone decide, wherever among other bytes they stand; in both alphabets.
    private static func base64Cores(of bytes: [UInt8]) -> [[UInt8]] {
        (0..<3).flatMap { offset in
            let encoded = Array((Data(count: offset) + bytes).base64EncodedData())
            let core = Array(encoded[((offset * 8 + 5) / 6)..<((offset + bytes.count) * 8 / 6)])
            let urlSafe = core.map { byte in
                byte == UInt8(ascii: "+") ? UInt8(ascii: "-") : byte == UInt8(ascii: "/") ? UInt8(ascii: "_") : byte
            }
            return [core, urlSafe]
        }
    }
}
