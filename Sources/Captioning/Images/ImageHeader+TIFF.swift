extension ImageHeader {
    /// Width and length (tags 256 and 257) of the first directory, in either byte order, TIFF or BigTIFF.
    static func tiff(_ bytes: ByteView) -> Facts? {
        let isBig = bytes.has("MM")
        func number(_ offset: Int, _ size: Int) -> Int? {
            isBig ? bytes.big(at: offset, bytes: size) : bytes.little(at: offset, bytes: size)
        }
        // BigTIFF has version 43, offsets of 8 bytes and wider entries.
        let isWide = number(2, 2) == 43
        guard let directory = isWide ? number(8, 8) : number(4, 4), directory <= bytes.count,
            let entries = number(directory, isWide ? 8 : 2)
        else { return nil }
        let (countBytes, entryBytes, valueOffset) = isWide ? (8, 20, 12) : (2, 12, 8)
        var width: Int?
        var height: Int?
        var offset = directory + countBytes
        for _ in 0..<min(entries, ByteView.mostSteps) {
            guard let tag = number(offset, 2), let type = number(offset + 2, 2) else { break }
            if tag == 256 || tag == 257 {
                let size = sizes[type].flatMap { $0 <= entryBytes - valueOffset ? $0 : nil }
                let value = size.flatMap { number(offset + valueOffset, $0) }
                if tag == 256 { width = value } else { height = value }
            }
            if width != nil, height != nil { break }
            offset += entryBytes
        }
        guard let width, let height else { return nil }
        return Facts(width: width, height: height)
    }

    /// Bytes of a value by its type: BYTE, SHORT, LONG, LONG8.
    private static let sizes = [1: 1, 3: 2, 4: 4, 16: 8]
}
