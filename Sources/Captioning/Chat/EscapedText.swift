/// Takes escapes off a text, one layer after another, and knows where in the original each byte stands.
///
/// Written by hand, because no decoder takes a text in which several kinds of escapes are mixed and some are wrong.
struct EscapedText {
    /// The text as it is now.
    private(set) var bytes: [UInt8]
    /// Where each byte begins in the original, and behind the last one where the original ends.
    ///
    /// Empty while no layer was taken off.
    private var origins: [UInt32] = []

    init(_ original: UnsafeBufferPointer<UInt8>) {
        bytes = Array(original)
    }

    /// The bytes of the original that a range of the present text was made from.
    func source(of range: Range<Int>) -> Range<Int> {
        Int(origin(of: range.lowerBound))..<Int(origin(of: range.upperBound))
    }

    private func origin(of position: Int) -> UInt32 {
        origins.isEmpty ? UInt32(clamping: position) : origins[position]
    }

    /// Takes off one layer; false when there was none.
    ///
    /// | written | becomes |
    /// |---|---|
    /// | `\u0073`, `\\u0073`, `\x73`, `%73`, `&#115;`, `&#x73;` | `s` |
    /// | `\/`, `\"`, `&amp;` | `/`, `"`, `&` |
    /// | control characters, zero-width and other invisible ones, U+FFFD | nothing |
    mutating func takeOffEscapes() -> Bool {
        // Most texts have none.
        guard let first = bytes.indices.first(where: { unit(at: $0) != (bytes[$0], 1) }) else { return false }
        var plain = Array(bytes[..<first])
        var starts = (0..<first).map(origin)
        plain.reserveCapacity(bytes.count)
        starts.reserveCapacity(bytes.count + 1)
        var position = first
        while position < bytes.count {
            let (byte, length) = unit(at: position)
            if let byte {
                plain.append(byte)
                starts.append(origin(of: position))
            }
            position += length
        }
        starts.append(origin(of: bytes.count))
        (bytes, origins) = (plain, starts)
        return true
    }

    /// Stands for a character that is in no key.
    private static let other: UInt8 = 0xFF

    /// The byte that is written at a place, nil for none, and how long it is written.
    private func unit(at start: Int) -> (byte: UInt8?, length: Int) {
        let byte = bytes[start]
        switch byte {
        case 0x00..<0x20, 0x7F: return (nil, 1)
        case UInt8(ascii: "\\"): return backslash(at: start)
        case UInt8(ascii: "%"):
            guard let value = number(at: start + 1, digits: 2, radix: 16) else { return (byte, 1) }
            return (visible(value), 3)
        case UInt8(ascii: "&"): return reference(at: start)
        case 0xC2...0xEF: return (invisibleLength(at: start).map { (nil, $0) }) ?? (byte, 1)
        default: return (byte, 1)
        }
    }

    /// However often it was doubled.
    private func backslash(at start: Int) -> (UInt8?, Int) {
        var end = start
        while end < bytes.count, bytes[end] == UInt8(ascii: "\\") { end += 1 }
        guard end < bytes.count else { return (bytes[start], end - start) }
        let digits = [UInt8(ascii: "u"): 4, UInt8(ascii: "x"): 2][bytes[end]]
        if let digits, let value = number(at: end + 1, digits: digits, radix: 16) {
            return (visible(value), end + 1 + digits - start)
        }
        // The character itself is judged next.
        return (nil, end - start)
    }

    private func reference(at start: Int) -> (UInt8?, Int) {
        let name = bytes[start...].dropFirst().prefix(10)
        guard let end = name.firstIndex(of: UInt8(ascii: ";")) else { return (bytes[start], 1) }
        let text = String(decoding: bytes[start + 1..<end], as: UTF8.self).lowercased()
        let value =
            text.hasPrefix("#x")
            ? Int(text.dropFirst(2), radix: 16)
            : text.hasPrefix("#") ? Int(text.dropFirst()) : text == "amp" ? 0x26 : nil
        return value.map { (visible($0), end + 1 - start) } ?? (bytes[start], 1)
    }

    private func visible(_ value: Int) -> UInt8? {
        switch value {
        case 0x21..<0x7F: UInt8(value)
        case ..<0x20, 0x7F..<0xA0, 0xAD, 0x200B...0x200F, 0x202A...0x202E, 0x2060...0x206F, 0xFEFF, 0xFFFD: nil
        default: Self.other
        }
    }

    /// The length of a character in UTF-8 that nobody sees; nil for every other.
    private func invisibleLength(at start: Int) -> Int? {
        let rest = bytes[start...].prefix(3)
        guard let second = rest.dropFirst().first else { return nil }
        switch (bytes[start], second, rest.dropFirst(2).first ?? 0) {
        case (0xC2, 0x80...0x9F, _), (0xC2, 0xAD, _): return 2
        case (0xE2, 0x80, 0x8B...0x8F), (0xE2, 0x80, 0xAA...0xAE), (0xE2, 0x81, 0xA0...0xAF), (0xEF, 0xBB, 0xBF),
            (0xEF, 0xBF, 0xBD):
            return 3
        default: return nil
        }
    }

    private func number(at start: Int, digits: Int, radix: Int) -> Int? {
        guard start + digits <= bytes.count else { return nil }
        let text = bytes[start..<start + digits]
        guard text.allSatisfy({ $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "-") }) else { return nil }
        return Int(String(decoding: text, as: UTF8.self), radix: radix)
    }
}
