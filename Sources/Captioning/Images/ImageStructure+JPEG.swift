extension ImageStructure {
    /// Segments up to the end of the image; what follows (a second picture, a film) is surplus.
    static func jpeg(_ bytes: ByteView) -> ImageStructure {
        var parts = PictureParts()
        parts.keep(0..<2)
        var offset = 2
        walk: for _ in 0..<ByteView.mostSteps {
            guard let start = bytes.next(0xFF, from: offset), let marker = bytes[start + 1] else { break }
            switch marker {
            case 0xFF:
                offset = start + 1
            case 0x00, 0x01, 0xD0...0xD8:
                offset = start + 2
            case 0xD9:
                parts.keep(start..<start + 2)
                return ImageStructure(isWhole: true, surplus: parts.surplus(ofFileWith: bytes.count))
            default:
                guard let length = bytes.big(at: start + 2, bytes: 2) else { break walk }
                // Decoders pass over a length that cannot be one.
                guard length >= 2 else {
                    offset = start + 2
                    continue
                }
                var end = start + 2 + length
                guard end <= bytes.count else { break walk }
                if marker == 0xDA { end = endOfScan(bytes, from: end) }
                addSegment(marker, start..<end, bytes, to: &parts)
                offset = end
            }
        }
        return ImageStructure(isWhole: false, surplus: .inseparable)
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

    /// Adds frames, tables and scans (ITU T.81, table B.1); of the applications' segments the heads of JFIF and of Adobe's
    /// colour transform, and the colour profile.
    private static func addSegment(
        _ marker: UInt8, _ segment: Range<Int>, _ bytes: ByteView, to parts: inout PictureParts
    ) {
        let content = segment.lowerBound + 4
        switch marker {
        case 0xC0...0xC7, 0xC9...0xCF, 0xDA...0xDF:
            parts.keep(segment)
        case 0xE2 where bytes.has("ICC_PROFILE\0", at: content):
            parts.keep(segment)
        case 0xE0 where bytes.has("JFIF\0", at: content) && segment.count >= 18:
            // The last two bytes of the head are the sides of a small picture, which stands behind it.
            addHead(segment, 18, of: bytes, to: &parts) { $0.replaceSubrange(16..<18, with: [0, 0]) }
        case 0xEE where bytes.has("Adobe", at: content):
            addHead(segment, 16, of: bytes, to: &parts)
        default:
            break
        }
    }

    /// Adds so many bytes of a segment, marker and length included, and says so in its length.
    private static func addHead(
        _ segment: Range<Int>, _ count: Int, of bytes: ByteView, to parts: inout PictureParts,
        _ change: (inout [UInt8]) -> Void = { _ in }
    ) {
        guard segment.count > count else { return parts.keep(segment) }
        var head = bytes.bytes(segment.lowerBound..<segment.lowerBound + count)
        head.replaceSubrange(2..<4, with: [0, UInt8(count - 2)])
        change(&head)
        parts.write(head)
    }
}
