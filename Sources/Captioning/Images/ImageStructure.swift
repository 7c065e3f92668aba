import Foundation

/// How a file is put together: whether it ends as its format says, and which of its bytes the picture does not need.
///
/// Nothing is decoded. Time is linear in the bytes, whatever they claim.
struct ImageStructure {
    /// Whether the file ends where its format ends; true as well where the format does not tell.
    var isWhole = true
    /// What the picture needs, in order; nil where metadata cannot be told from pixels.
    var needed: [Range<Int>]?

    /// The structure of a file of that format.
    init(of data: Data, _ format: ImageFormat) {
        let bytes = ByteView(data)
        switch format {
        case .jpeg: readJPEG(bytes)
        case .png: readPNG(bytes)
        case .webp: readWebP(bytes)
        case .gif: readGIF(bytes)
        case .bmp: readBMP(bytes)
        case .heic, .avif: readBoxes(bytes)
        case .jpeg2000, .tiff, .psd, .ico, .qoi, .svg: break
        }
    }

    /// The file without what the picture does not need; nil when there is nothing to leave out.
    func withoutMetadata(_ data: Data, _ format: ImageFormat) -> Data? {
        guard isWhole, let needed, needed.reduce(0, { $0 + $1.count }) < data.count else { return nil }
        var result = Data(capacity: data.count)
        for range in needed { result += data[data.startIndex + range.lowerBound..<data.startIndex + range.upperBound] }
        if format == .webp {
            withUnsafeBytes(of: UInt32(result.count - 8).littleEndian) { result.replaceSubrange(4..<8, with: $0) }
            // The flags of the canvas tell which chunks follow: no EXIF and no XMP any more.
            if ByteView(result).has("VP8X", at: 12), result.count > 20 { result[20] &= ~0x0C }
        }
        return result
    }

    // MARK: - JPEG

    /// Segments up to the end of the image; what follows (a second picture, a film) is not needed.
    private mutating func readJPEG(_ bytes: ByteView) {
        var needed = [0..<2]
        var offset = 2
        isWhole = false
        walk: for _ in 0..<ByteView.mostSteps {
            guard let start = bytes.next(0xFF, from: offset), let marker = bytes[start + 1] else { break }
            switch marker {
            case 0xFF:
                offset = start + 1
            case 0x00, 0x01, 0xD0...0xD8:
                offset = start + 2
            case 0xD9:
                isWhole = true
                Self.add(start..<start + 2, to: &needed)
                break walk
            default:
                guard let length = bytes.big(at: start + 2, bytes: 2) else { break walk }
                // Decoders pass over a length that cannot be one.
                var end = start + 2 + (length >= 2 ? length : 0)
                guard end <= bytes.count else { break walk }
                if marker == 0xDA { end = Self.endOfScan(bytes, from: end) }
                if Self.isNeeded(marker, bytes, at: start) { Self.add(start..<end, to: &needed) }
                offset = end
            }
        }
        self.needed = needed
    }

    /// Where the marker behind a scan's data begins; the end of the bytes when there is none.
    private static func endOfScan(_ bytes: ByteView, from start: Int) -> Int {
        var offset = start
        while let found = bytes.next(0xFF, from: offset) {
            switch bytes[found + 1] {
            case nil: return bytes.count
            case 0xFF: offset = found + 1
            case .some(0x00), .some(0xD0...0xD7): offset = found + 2
            default: return found
            }
        }
        return bytes.count
    }

    /// Tables, frames and scans are; of the applications' segments JFIF, the colour profile and Adobe's colour transform.
    private static func isNeeded(_ marker: UInt8, _ bytes: ByteView, at start: Int) -> Bool {
        switch marker {
        case 0xE0: bytes.has("JFIF\0", at: start + 4)
        case 0xE2: bytes.has("ICC_PROFILE\0", at: start + 4)
        case 0xEE: bytes.has("Adobe", at: start + 4)
        case 0xE1, 0xE3...0xED, 0xEF, 0xFE: false
        default: true
        }
    }

    // MARK: - PNG

    /// Chunks that decide how the picture looks, and how an animation runs.
    private static let neededChunks: Set<String> = [
        "IHDR", "PLTE", "IDAT", "IEND", "tRNS", "gAMA", "cHRM", "sRGB", "iCCP", "sBIT", "bKGD", "pHYs", "cICP", "mDCV",
        "cLLI", "acTL", "fcTL", "fdAT",
    ]

    private mutating func readPNG(_ bytes: ByteView) {
        var needed = [0..<8]
        var offset = 8
        isWhole = false
        while let length = bytes.big(at: offset, bytes: 4), length <= bytes.count - offset - 12 {
            let type = bytes.text(offset + 4..<offset + 8)
            let end = offset + 12 + length
            if Self.neededChunks.contains(type) { Self.add(offset..<end, to: &needed) }
            offset = end
            if type == "IEND" {
                isWhole = true
                break
            }
        }
        self.needed = needed
    }

    // MARK: - WebP

    private mutating func readWebP(_ bytes: ByteView) {
        guard let size = bytes.little(at: 4, bytes: 4), size >= 4, size <= bytes.count - 8 else {
            isWhole = false
            return
        }
        var needed = [0..<12]
        var offset = 12
        let end = 8 + size
        while offset < end {
            guard let length = bytes.little(at: offset + 4, bytes: 4), length <= end - offset - 8 else {
                isWhole = false
                break
            }
            let next = min(offset + 8 + length + length % 2, bytes.count)
            if !bytes.has("EXIF", at: offset), !bytes.has("XMP ", at: offset) { Self.add(offset..<next, to: &needed) }
            offset = next
        }
        self.needed = needed
    }

    // MARK: - Others

    /// Whether a GIF's blocks lead to its trailer.
    private mutating func readGIF(_ bytes: ByteView) {
        var offset = 13 + ImageHeader.colorTableBytes(bytes[10])
        while let block = bytes[offset] {
            switch block {
            case 0x21: offset = ImageHeader.skipSubBlocks(bytes, from: offset + 2)
            case 0x2C:
                let table = ImageHeader.colorTableBytes(bytes[offset + 9])
                offset = ImageHeader.skipSubBlocks(bytes, from: offset + 11 + table)
            case 0x3B: return
            // Decoders pass over stray bytes between blocks.
            default: offset += 1
            }
        }
        isWhole = false
    }

    /// Whether a bitmap without compression has all its rows.
    private mutating func readBMP(_ bytes: ByteView) {
        guard let header = bytes.little(at: 14, bytes: 4), header >= 40, bytes.little(at: 30, bytes: 4) == 0,
            let start = bytes.little(at: 10, bytes: 4), let width = bytes.little(at: 18, bytes: 4),
            let rows = bytes.little(at: 22, bytes: 4), let depth = bytes.little(at: 28, bytes: 2)
        else { return }
        let height = rows > Int32.max ? 1 << 32 - rows : rows
        let (size, overflow) = ((width * depth + 31) / 32 * 4).multipliedReportingOverflow(by: height)
        isWhole = !overflow && size <= bytes.count - start
    }

    /// Whether the outermost boxes of an ISO media file end with the file.
    private mutating func readBoxes(_ bytes: ByteView) {
        var offset = 0
        for _ in 0..<ByteView.mostSteps {
            guard offset < bytes.count else { break }
            guard let short = bytes.big(at: offset, bytes: 4) else {
                isWhole = false
                break
            }
            // 0 means up to the end of the file, 1 that the size stands behind the type.
            guard short != 0 else { break }
            guard let size = short == 1 ? bytes.big(at: offset + 8, bytes: 8) : short, size >= 8,
                size <= bytes.count - offset
            else {
                isWhole = false
                break
            }
            offset += size
        }
    }

    /// Adds a range, joined to the one before where they touch.
    private static func add(_ range: Range<Int>, to ranges: inout [Range<Int>]) {
        if let last = ranges.last, last.upperBound == range.lowerBound {
            ranges[ranges.count - 1] = last.lowerBound..<range.upperBound
        } else {
            ranges.append(range)
        }
    }
}
