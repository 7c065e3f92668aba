extension ImageStructure {
    /// Chunks that decide how the picture looks, and how an animation runs, with their longest content in bytes where the
    /// format sets one (PNG specification, third edition, chapter 11).
    private static let chunks: [String: Int] = [
        "IHDR": 13, "PLTE": 768, "IDAT": .max, "IEND": 0, "tRNS": 256, "gAMA": 4, "cHRM": 32, "sRGB": 1, "iCCP": .max,
        "sBIT": 4, "bKGD": 6, "pHYs": 9, "cICP": 4, "mDCV": 24, "cLLI": 8, "acTL": 8, "fcTL": 26, "fdAT": .max,
    ]

    static func png(_ bytes: ByteView) -> ImageStructure {
        var parts = PictureParts()
        parts.keep(0..<8)
        var offset = 8
        while let length = bytes.big(at: offset, bytes: 4), length <= bytes.count - offset - 12 {
            let type = bytes.text(offset + 4..<offset + 8)
            let end = offset + 12 + length
            if let most = chunks[type] {
                // What decides the look cannot be left out, and cannot be sent with what hides behind it.
                guard length <= most else { return ImageStructure(isWhole: true, surplus: .inseparable) }
                parts.keep(offset..<end)
            }
            offset = end
            if type == "IEND" { return ImageStructure(isWhole: true, surplus: parts.surplus(ofFileWith: bytes.count)) }
        }
        return ImageStructure(isWhole: false, surplus: .inseparable)
    }
}
