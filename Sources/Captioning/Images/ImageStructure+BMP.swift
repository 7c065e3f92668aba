extension ImageStructure {
    /// Two headers, masks, colours and rows; what lies between them or behind is surplus, and so is a profile, which may be
    /// the path of a file.
    ///
    /// Format: Microsoft's "Bitmap Storage" and the BITMAPV5HEADER structure.
    static func bmp(_ bytes: ByteView) -> ImageStructure {
        guard let header = bytes.little(at: 14, bytes: 4), let offset = bytes.little(at: 10, bytes: 4),
            let facts = ImageHeader.bmp(bytes), let bits = bytes.little(at: header == 12 ? 24 : 28, bytes: 2)
        else { return ImageStructure(isWhole: false, surplus: .inseparable) }
        let isOld = header == 12
        let packing = isOld ? 0 : bytes.little(at: 30, bytes: 4) ?? 0
        let pixelBytes: Int
        switch packing {
        case 0, 3, 6:
            let (size, overflow) = ((facts.width * bits + 31) / 32 * 4).multipliedReportingOverflow(by: facts.height)
            guard !overflow, size <= bytes.count - offset else {
                return ImageStructure(isWhole: false, surplus: .inseparable)
            }
            pixelBytes = size
        case 1, 2:
            // Packed rows end where the header says; nobody repairs them, so that they count as whole.
            guard let size = bytes.little(at: 34, bytes: 4), size > 0, size <= bytes.count - offset else {
                return ImageStructure(isWhole: true, surplus: .inseparable)
            }
            pixelBytes = size
        default:
            return ImageStructure(isWhole: true, surplus: .inseparable)
        }
        guard [12, 40, 52, 56, 64, 108, 124].contains(header) else {
            return ImageStructure(isWhole: true, surplus: .inseparable)
        }
        let masks = header == 40 && packing == 3 ? 12 : header == 40 && packing == 6 ? 16 : 0
        let used = isOld ? 0 : bytes.little(at: 46, bytes: 4) ?? 0
        let colors = used > 0 ? used : bits <= 8 ? 1 << bits : 0
        // Fewer colours than pixels could number are the rule.
        let headEnd = min(14 + header + masks + min(colors, 256) * (isOld ? 3 : 4), offset)
        guard headEnd >= 14 + header else { return ImageStructure(isWhole: true, surplus: .inseparable) }
        return ImageStructure(
            isWhole: true,
            surplus: parts(bytes, header: header, headEnd: headEnd, pixels: offset..<offset + pixelBytes)
                .surplus(ofFileWith: bytes.count))
    }

    private static func parts(_ bytes: ByteView, header: Int, headEnd: Int, pixels: Range<Int>) -> PictureParts {
        var head = bytes.bytes(0..<14 + header)
        // Two numbers that programs may use as they like.
        head.replaceSubrange(6..<10, with: [0, 0, 0, 0])
        if header == 124, head[126..<138].contains(where: { $0 != 0 }) {
            // "sRGB" in place of a profile that is linked or embedded, and no profile.
            head.replaceSubrange(70..<74, with: Array("BGRs".utf8))
            head.replaceSubrange(126..<138, with: Array(repeating: 0, count: 12))
        }
        if headEnd != pixels.lowerBound || pixels.upperBound != bytes.count {
            head.replaceSubrange(2..<6, with: littleEndianBytes(headEnd + pixels.count, 4))
            head.replaceSubrange(10..<14, with: littleEndianBytes(headEnd, 4))
        }
        var parts = PictureParts()
        if bytes.has(head) { parts.keep(0..<head.count) } else { parts.write(head) }
        parts.keep(head.count..<headEnd)
        parts.keep(pixels)
        return parts
    }
}
