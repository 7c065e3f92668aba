extension ImageHeader {
    /// The size in the first frame header (SOF), turned as the first EXIF block in front of the data says.
    ///
    /// Segments are skipped by their length, so that a thumbnail inside one is not taken for the image. Bytes between
    /// segments that are no marker are passed over, as decoders do.
    static func jpeg(_ bytes: ByteView) -> Facts? {
        var offset = 2
        var facts: Facts?
        var orientation: Int?
        var components: Int?
        func found() -> Facts? {
            facts?.orientation = orientation ?? 1
            return facts
        }
        for _ in 0..<ByteView.mostSteps {
            guard let start = bytes.next(0xFF, from: offset), let marker = bytes[start + 1] else { break }
            offset = start + 2
            switch marker {
            case 0xFF:
                // A fill byte: the second may begin the marker.
                offset = start + 1
            case 0x00, 0x01, 0xD0...0xD8:
                // No marker, or one without a length.
                continue
            case 0xDA:
                // The data begins: with fewer components than the image has, more passes follow.
                if let components, let first = bytes[offset + 2], Int(first) < components {
                    facts?.isProgressive = true
                }
                return found()
            case 0xD9:
                return found()
            case 0xC0...0xCF where marker != 0xC4 && marker != 0xC8 && marker != 0xCC && facts == nil:
                if var frame = frame(bytes, at: offset) {
                    components = bytes[offset + 7].map(Int.init)
                    frame.isProgressive = [0xC2, 0xC6, 0xCA, 0xCE].contains(marker)
                    facts = frame
                    offset += bytes.big(at: offset, bytes: 2) ?? 0
                }
            default:
                guard let length = bytes.big(at: offset, bytes: 2) else { return found() }
                if marker == 0xE1, length > 8, orientation == nil, bytes.has("Exif\0\0", at: offset + 2) {
                    orientation = bytes.exifOrientation(in: offset + 2..<offset + length)
                }
                offset += length >= 2 ? length : 0
            }
        }
        return found()
    }

    /// The frame header at the offset; nil when its parts do not fit together, as in junk.
    private static func frame(_ bytes: ByteView, at offset: Int) -> Facts? {
        guard let length = bytes.big(at: offset, bytes: 2), let precision = bytes[offset + 2],
            let height = bytes.big(at: offset + 3, bytes: 2), let width = bytes.big(at: offset + 5, bytes: 2),
            let components = bytes[offset + 7]
        else { return nil }
        let fits = length >= 8 + 3 * Int(components) && (2...16).contains(precision) && components > 0
        guard fits else { return nil }
        var facts = Facts(width: width, height: height)
        facts.isCMYK = components == 4
        facts.isDeep = precision > 8
        return facts
    }
}
