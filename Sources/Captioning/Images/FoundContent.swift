/// What bytes that are no known image look like, in a word or two for a person.
enum FoundContent {
    static func name(of bytes: ByteView) -> String {
        if let known = signatures.first(where: { bytes.has($0.bytes, at: $0.offset) }) { return known.name }
        if let markup = MarkupStart(of: bytes) { return name(of: markup) }
        return isText(bytes) ? textName(of: bytes) : "an unknown format"
    }

    private static let signatures: [(offset: Int, bytes: [UInt8], name: String)] = [
        (0, Array("%PDF-".utf8), "PDF"),
        (0, Array("%!PS".utf8), "PostScript"),
        (0, [0x50, 0x4B, 0x03, 0x04], "a ZIP archive"),
        (0, [0x1F, 0x8B], "gzip data"),
        (0, [0x00, 0x05, 0x16, 0x07], "macOS metadata"),
        (0, [0xFF, 0x0A], "JPEG XL"),
        (0, [0x00, 0x00, 0x00, 0x0C, 0x4A, 0x58, 0x4C, 0x20], "JPEG XL"),
        (0, Array("version https://git-lfs".utf8), "a Git LFS pointer ('git lfs pull' fetches the image)"),
        (0, Array("SQLite format 3".utf8), "an SQLite database"),
        (0, [0x1A, 0x45, 0xDF, 0xA3], "a video"),
        (4, Array("ftyp".utf8), "a video"),
        (0, Array(repeating: 0, count: 64), "zeros only"),
    ]

    private static func name(of markup: MarkupStart) -> String {
        let htmlElements: Set<String> = [
            "html", "head", "body", "title", "meta", "script", "style", "div", "p", "h1", "center", "b", "a",
        ]
        if markup.isHTML || htmlElements.contains(markup.name) { return "HTML" }
        return markup.isXML || !markup.name.isEmpty ? "XML" : "text"
    }

    private static func isText(_ bytes: ByteView) -> Bool {
        let sample = bytes.text(0..<512).unicodeScalars
        // A cut after 512 bytes may split the last character.
        let whole = bytes.count > 512 ? sample.dropLast(3) : sample[...]
        return whole.allSatisfy { $0 != "\u{FFFD}" && ($0.value >= 0x20 || (0x09...0x0D).contains($0.value)) }
    }

    private static func textName(of bytes: ByteView) -> String {
        let offset = bytes.skippingSpace(from: 0)
        return bytes.has("{", at: offset) || bytes.has("[", at: offset) ? "JSON" : "text"
    }
}
