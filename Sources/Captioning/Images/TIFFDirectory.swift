/// A directory of a TIFF file, or of the block of that kind in which other formats carry EXIF.
struct TIFFDirectory {
    /// One entry.
    struct Field {
        let tag: Int
        let type: Int
        /// Where the values stand; nil when they are of an unknown kind, or not within the bytes.
        let values: Range<Int>?
        /// Bytes of one value.
        let valueBytes: Int
        /// Whether the values stand in the entry itself.
        let isInside: Bool
    }

    private let bytes: ByteView
    private let isBig: Bool
    private let isWide: Bool
    private let start: Int
    private let count: Int

    /// The first directory; nil when the bytes begin none.
    init?(_ bytes: ByteView) {
        let isBig = bytes.has("MM")
        guard isBig || bytes.has("II") else { return nil }
        // BigTIFF has version 43, offsets of 8 bytes and wider entries.
        let isWide = (isBig ? bytes.big(at: 2, bytes: 2) : bytes.little(at: 2, bytes: 2)) == 43
        let (place, size) = isWide ? (8, 8) : (4, 4)
        guard let offset = isBig ? bytes.big(at: place, bytes: size) : bytes.little(at: place, bytes: size) else {
            return nil
        }
        self.init(bytes, isBig: isBig, isWide: isWide, at: offset)
    }

    private init?(_ bytes: ByteView, isBig: Bool, isWide: Bool, at offset: Int) {
        self.bytes = bytes
        self.isBig = isBig
        self.isWide = isWide
        let size = isWide ? 8 : 2
        guard offset > 0, offset <= bytes.count,
            let entries = isBig ? bytes.big(at: offset, bytes: size) : bytes.little(at: offset, bytes: size)
        else { return nil }
        start = offset + size
        count = min(entries, ByteView.mostSteps)
    }

    /// Another directory of the same file; nil when there is none at the offset.
    func directory(at offset: Int) -> TIFFDirectory? {
        TIFFDirectory(bytes, isBig: isBig, isWide: isWide, at: offset)
    }

    /// Where the directory begins.
    var offset: Int { start - (isWide ? 8 : 2) }

    /// The bytes of the directory itself.
    var byteCount: Int { start + count * entryBytes + offsetBytes - offset }

    /// Where the next directory of the chain begins; 0 behind the last, nil when the bytes end before.
    var next: Int? { number(start + count * entryBytes, offsetBytes) }

    /// The entries, as far as the bytes go.
    var fields: some Sequence<Field> {
        (0..<count).lazy.map { field(at: start + $0 * entryBytes) }.prefix { $0 != nil }.compactMap(\.self)
    }

    /// A field's values as numbers, at most so many; nil when they are none.
    func numbers(of field: Field, upTo limit: Int) -> [Int]? {
        guard let values = field.values, Self.unsigned.contains(field.type) else { return nil }
        let places = stride(from: values.lowerBound, to: values.upperBound, by: field.valueBytes)
        let numbers = places.prefix(limit).compactMap { number($0, field.valueBytes) }
        return numbers.isEmpty ? nil : numbers
    }

    /// The first value of each of the tags that the directory has.
    func values(of tags: Set<Int>) -> [Int: Int] {
        var found: [Int: Int] = [:]
        for field in fields where tags.contains(field.tag) && found[field.tag] == nil {
            found[field.tag] = numbers(of: field, upTo: 1)?.first
            if found.count == tags.count { break }
        }
        return found
    }

    private var entryBytes: Int { isWide ? 20 : 12 }
    private var offsetBytes: Int { isWide ? 8 : 4 }

    private func field(at offset: Int) -> Field? {
        let valueOffset = offset + (isWide ? 12 : 8)
        guard let tag = number(offset, 2), let type = number(offset + 2, 2),
            let length = number(offset + 4, offsetBytes), number(valueOffset, offsetBytes) != nil
        else { return nil }
        guard let size = Self.sizes[type] else {
            return Field(tag: tag, type: type, values: nil, valueBytes: 1, isInside: false)
        }
        // What does not fit the entry stands where the entry says.
        let isInside = length <= offsetBytes / size
        let place = isInside ? valueOffset : number(valueOffset, offsetBytes)
        let (total, overflow) = length.multipliedReportingOverflow(by: size)
        guard let place, !overflow, place <= bytes.count, total <= bytes.count - place else {
            return Field(tag: tag, type: type, values: nil, valueBytes: size, isInside: isInside)
        }
        return Field(tag: tag, type: type, values: place..<place + total, valueBytes: size, isInside: isInside)
    }

    private func number(_ offset: Int, _ size: Int) -> Int? {
        isBig ? bytes.big(at: offset, bytes: size) : bytes.little(at: offset, bytes: size)
    }

    /// Bytes of a value by its type (TIFF 6.0, section 2, and BigTIFF's LONG8, SLONG8 and IFD8).
    private static let sizes = [
        1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8,
    ]
    /// BYTE, SHORT, LONG, IFD, LONG8, IFD8.
    private static let unsigned: Set<Int> = [1, 3, 4, 13, 16, 18]
}

extension ByteView {
    /// How a picture with this EXIF block is to be turned, 1 to 8 as EXIF numbers it; 1 when it does not say.
    ///
    /// Some writers put the text "Exif" in front of the block.
    func exifOrientation(in range: Range<Int>) -> Int {
        let start = has("Exif\0\0", at: range.lowerBound) ? range.lowerBound + 6 : range.lowerBound
        guard start < range.upperBound, let directory = TIFFDirectory(part(start..<range.upperBound)),
            let orientation = directory.values(of: [274])[274], (1...8).contains(orientation)
        else { return 1 }
        return orientation
    }
}
