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

    /// More segments, chunks, boxes or entries than any real file has in front of its size.
    ///
    /// Every walk over a file ends after so many steps, so that no file, however made, keeps a reader busy.
    static let mostSteps = 65_536

    subscript(offset: Int) -> UInt8? {
        offset >= 0 && offset < count ? data[start + offset] : nil
    }

    /// An unsigned number, most significant byte first; nil outside the bytes or above `Int.max`.
    func big(at offset: Int, bytes size: Int) -> Int? {
        guard holds(size, at: offset) else { return nil }
        // In place: the indices of `Data` cost more than the bytes.
        return Int(
            exactly: data.withUnsafeBytes { $0[offset..<offset + size].reduce(0 as UInt64) { $0 << 8 | UInt64($1) } })
    }

    /// An unsigned number, least significant byte first; nil outside the bytes or above `Int.max`.
    func little(at offset: Int, bytes size: Int) -> Int? {
        guard holds(size, at: offset) else { return nil }
        let value = data.withUnsafeBytes { bytes in
            bytes[offset..<offset + size].reversed().reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
        }
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
        // Searching the bytes in place is far quicker than through the indices of `Data`.
        return data.withUnsafeBytes { $0[offset..<end].firstIndex(of: byte) }
    }

    /// The offset behind the next place where the text stands, within the next mebibyte.
    func end(of text: String, from offset: Int) -> Int? {
        let wanted = Array(text.utf8)
        let last = min(count, offset + 1_048_576) - wanted.count
        guard offset >= 0, offset <= last else { return nil }
        return data.withUnsafeBytes { bytes in
            (offset...last).first { bytes[$0..<$0 + wanted.count].elementsEqual(wanted) }.map { $0 + wanted.count }
        }
    }

    /// The offset of the first byte that is no white space.
    func skippingSpace(from offset: Int) -> Int {
        var offset = offset
        let limit = offset + Self.mostSteps
        while offset < limit, let byte = self[offset], byte == 0x20 || (0x09...0x0D).contains(byte) { offset += 1 }
        return offset
    }

    /// The bytes of a range as text, cut to the bytes that exist; invalid UTF-8 becomes U+FFFD.
    func text(_ range: Range<Int>) -> String {
        let range = range.clamped(to: 0..<count)
        return String(decoding: data[(start + range.lowerBound)..<(start + range.upperBound)], as: UTF8.self)
    }

    /// Whether all bytes of a range are 0, as far as they exist.
    func isZero(_ range: Range<Int>) -> Bool {
        let range = range.clamped(to: 0..<count)
        return data.withUnsafeBytes { $0[range].allSatisfy { $0 == 0 } }
    }

    /// The bytes of a range, cut to those that exist.
    func bytes(_ range: Range<Int>) -> [UInt8] {
        let range = range.clamped(to: 0..<count)
        return Array(data[(start + range.lowerBound)..<(start + range.upperBound)])
    }

    /// The bytes of a range, cut to those that exist, as a view of their own.
    func part(_ range: Range<Int>) -> ByteView {
        let range = range.clamped(to: 0..<count)
        return ByteView(data[(start + range.lowerBound)..<(start + range.upperBound)])
    }

    private func holds(_ size: Int, at offset: Int) -> Bool {
        size >= 0 && size <= count && offset >= 0 && offset <= count - size
    }
}
