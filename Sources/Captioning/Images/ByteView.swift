import Foundation

/// Bytes read by distance from their start, never past their end.
///
/// Everything that a file claims about itself goes through here: a read outside the bytes is nil, whatever the offset.
struct ByteView {
    private let data: Data
    private let start: Data.Index

    init(_ data: Data) {
        self.data = data
        self.start = data.startIndex
    }

    var count: Int { data.count }

    subscript(offset: Int) -> UInt8? {
        offset >= 0 && offset < count ? data[start + offset] : nil
    }

    /// An unsigned number, most significant byte first; nil outside the bytes or above `Int.max`.
    func big(at offset: Int, bytes size: Int) -> Int? {
        guard holds(size, at: offset) else { return nil }
        var value: UInt64 = 0
        for index in offset..<offset + size { value = value << 8 | UInt64(data[start + index]) }
        return Int(exactly: value)
    }

    /// An unsigned number, least significant byte first; nil outside the bytes or above `Int.max`.
    func little(at offset: Int, bytes size: Int) -> Int? {
        guard holds(size, at: offset) else { return nil }
        var value: UInt64 = 0
        for index in (offset..<offset + size).reversed() { value = value << 8 | UInt64(data[start + index]) }
        return Int(exactly: value)
    }

    /// Whether the text's bytes stand at the offset, in this case.
    func has(_ text: String, at offset: Int = 0) -> Bool {
        has(text.utf8, at: offset)
    }

    /// Whether the bytes stand at the offset.
    func has(_ bytes: some Collection<UInt8>, at offset: Int = 0) -> Bool {
        holds(bytes.count, at: offset) && data[(start + offset)..<(start + offset + bytes.count)].elementsEqual(bytes)
    }

    /// The offset of the next such byte, in front of the limit if there is one.
    func next(_ byte: UInt8, from offset: Int, before limit: Int? = nil) -> Int? {
        let end = min(limit ?? count, count)
        guard offset >= 0, offset < end else { return nil }
        return data[(start + offset)..<(start + end)].firstIndex(of: byte).map { $0 - start }
    }

    /// The offset behind the next place where the text stands.
    func end(of text: String, from offset: Int) -> Int? {
        guard offset >= 0, offset < count else { return nil }
        return data.range(of: Data(text.utf8), in: (start + offset)..<data.endIndex).map { $0.upperBound - start }
    }

    /// The bytes of a range as text, cut to the bytes that exist; invalid UTF-8 becomes U+FFFD.
    func text(_ range: Range<Int>) -> String {
        let range = range.clamped(to: 0..<count)
        return String(decoding: data[(start + range.lowerBound)..<(start + range.upperBound)], as: UTF8.self)
    }

    private func holds(_ size: Int, at offset: Int) -> Bool {
        size >= 0 && size <= count && offset >= 0 && offset <= count - size
    }
}
