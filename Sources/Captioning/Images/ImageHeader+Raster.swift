extension ImageHeader {
    /// The IHDR chunk; animated when an `acTL` chunk stands before the pixels, while EXIF may stand behind them.
    static func png(_ bytes: ByteView) -> Facts? {
        guard bytes.has("IHDR", at: 12), let width = bytes.big(at: 16, bytes: 4),
            let height = bytes.big(at: 20, bytes: 4)
        else { return nil }
        var facts = Facts(width: width, height: height)
        facts.isDeep = bytes[24] ?? 0 > 8
        facts.hasAlpha = [4, 6].contains(bytes[25])
        facts.isInterlaced = bytes[28] == 1
        var offset = 8
        var isInFront = true
        for _ in 0..<ByteView.mostSteps {
            guard let length = bytes.big(at: offset, bytes: 4), length < bytes.count else { break }
            let content = offset + 8
            switch bytes.text(offset + 4..<content) {
            case "IDAT": isInFront = false
            case "IEND": return facts
            case "acTL" where isInFront: facts.isAnimated = bytes.big(at: content, bytes: 4) ?? 0 > 1
            case "tRNS" where isInFront: facts.hasAlpha = true
            case "eXIf": facts.orientation = bytes.exifOrientation(in: content..<content + length)
            default: break
            }
            offset += 12 + length
        }
        return facts
    }

    /// The logical screen, widened to its first frame where that reaches over it; animated when a second frame begins.
    static func gif(_ bytes: ByteView) -> Facts? {
        guard var width = bytes.little(at: 6, bytes: 2), var height = bytes.little(at: 8, bytes: 2) else { return nil }
        var offset = 13 + colorTableBytes(bytes[10])
        var frames = 0
        for _ in 0..<ByteView.mostSteps {
            guard frames < 2, let block = bytes[offset] else { break }
            switch block {
            case 0x21:
                offset = skipSubBlocks(bytes, from: offset + 2)
            case 0x2C:
                if frames == 0, width > 0, height > 0 {
                    width = max(width, sum(bytes, offset + 1, offset + 5))
                    height = max(height, sum(bytes, offset + 3, offset + 7))
                }
                frames += 1
                offset = skipSubBlocks(bytes, from: offset + 11 + colorTableBytes(bytes[offset + 9]))
            case 0x3B:
                return Facts(width: width, height: height)
            default:
                // Decoders pass over stray bytes between blocks.
                offset += 1
            }
        }
        return Facts(width: width, height: height, isAnimated: frames > 1)
    }

    private static func sum(_ bytes: ByteView, _ first: Int, _ second: Int) -> Int {
        (bytes.little(at: first, bytes: 2) ?? 0) + (bytes.little(at: second, bytes: 2) ?? 0)
    }

    /// The bytes of the colour table that the flags announce.
    static func colorTableBytes(_ flags: UInt8?) -> Int {
        guard let flags, flags & 0x80 != 0 else { return 0 }
        return 3 << (Int(flags & 0x07) + 1)
    }

    /// The offset behind a row of a GIF's sub-blocks.
    static func skipSubBlocks(_ bytes: ByteView, from start: Int) -> Int {
        var offset = start
        while let length = bytes[offset], length > 0 { offset += 1 + Int(length) }
        return offset + 1
    }

    /// The first chunk: `VP8 ` (lossy), `VP8L` (lossless) or `VP8X` (a canvas, perhaps of an animation).
    static func webp(_ bytes: ByteView) -> Facts? {
        if bytes.has("VP8X", at: 12) {
            guard let flags = bytes[20], let width = bytes.little(at: 24, bytes: 3),
                let height = bytes.little(at: 27, bytes: 3)
            else { return nil }
            var facts = Facts(width: width + 1, height: height + 1, isAnimated: flags & 0x02 != 0)
            facts.hasAlpha = flags & 0x10 != 0
            if flags & 0x08 != 0 { facts.orientation = webpOrientation(bytes) }
            return facts
        }
        if bytes.has("VP8L", at: 12) {
            guard bytes[20] == 0x2F, let bits = bytes.little(at: 21, bytes: 4) else { return nil }
            var facts = Facts(width: bits & 0x3FFF + 1, height: bits >> 14 & 0x3FFF + 1)
            facts.hasAlpha = bits >> 28 & 1 != 0
            return facts
        }
        guard bytes.has("VP8 ", at: 12), bytes.has([0x9D, 0x01, 0x2A], at: 23),
            let width = bytes.little(at: 26, bytes: 2), let height = bytes.little(at: 28, bytes: 2)
        else { return nil }
        // The upper two bits ask for scaling on display.
        return Facts(width: width & 0x3FFF, height: height & 0x3FFF)
    }

    /// What the chunk `EXIF` says, which stands behind the pixels.
    private static func webpOrientation(_ bytes: ByteView) -> Int {
        var offset = 12
        for _ in 0..<ByteView.mostSteps {
            guard let length = bytes.little(at: offset + 4, bytes: 4), length < bytes.count else { break }
            if bytes.has("EXIF", at: offset) { return bytes.exifOrientation(in: offset + 8..<offset + 8 + length) }
            offset += 8 + length + length % 2
        }
        return 1
    }

    /// The second header, which begins with its own length: 12 is OS/2's with short sides, the others have long ones.
    static func bmp(_ bytes: ByteView) -> Facts? {
        if bytes.little(at: 14, bytes: 4) == 12 {
            guard let width = bytes.little(at: 18, bytes: 2), let height = bytes.little(at: 20, bytes: 2)
            else { return nil }
            return Facts(width: width, height: height)
        }
        guard let width = bytes.little(at: 18, bytes: 4), let height = bytes.little(at: 22, bytes: 4)
        else { return nil }
        // A negative height means rows from the top down.
        return Facts(width: width, height: height > Int32.max ? 1 << 32 - height : height)
    }
}
