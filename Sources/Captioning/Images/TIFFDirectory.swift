/// The first directory of a TIFF file, and of the block of that kind in which other formats carry EXIF.
struct TIFFDirectory {
    private let bytes: ByteView
    private let isBig: Bool
    private let isWide: Bool
    private let start: Int
    private let count: Int

    /// The first directory; nil when the bytes begin none.
    init?(_ bytes: ByteView) {
        self.bytes = bytes
        isBig = bytes.has("MM")
        guard isBig || bytes.has("II") else { return nil }
        func number(_ offset: Int, _ size: Int, _ isBig: Bool) -> Int? {
            isBig ? bytes.big(at: offset, bytes: size) : bytes.little(at: offset, bytes: size)
        }
        // BigTIFF has version 43, offsets of 8 bytes and wider entries.
        isWide = number(2, 2, isBig) == 43
        guard let directory = isWide ? number(8, 8, isBig) : number(4, 4, isBig), directory <= bytes.count,
            let entries = number(directory, isWide ? 8 : 2, isBig)
        else { return nil }
        start = directory + (isWide ? 8 : 2)
        count = min(entries, ByteView.mostSteps)
    }

    /// The first value of each of the tags that the directory has.
    func values(of tags: Set<Int>) -> [Int: Int] {
        var found: [Int: Int] = [:]
        let (entryBytes, valueOffset) = isWide ? (20, 12) : (12, 8)
        for place in 0..<count {
            let offset = start + place * entryBytes
            guard found.count < tags.count, let tag = number(offset, 2), let type = number(offset + 2, 2),
                let length = number(offset + 4, isWide ? 8 : 4)
            else { break }
            guard tags.contains(tag), found[tag] == nil, let size = Self.sizes[type] else { continue }
            let room = entryBytes - valueOffset
            // What does not fit the entry stands where the entry says.
            let place = length <= room / size ? offset + valueOffset : number(offset + valueOffset, room)
            found[tag] = place.flatMap { number($0, size) }
        }
        return found
    }

    private func number(_ offset: Int, _ size: Int) -> Int? {
        isBig ? bytes.big(at: offset, bytes: size) : bytes.little(at: offset, bytes: size)
    }

    /// Bytes of a value by its type: BYTE, SHORT, LONG, LONG8.
    private static let sizes = [1: 1, 3: 2, 4: 4, 16: 8]
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
