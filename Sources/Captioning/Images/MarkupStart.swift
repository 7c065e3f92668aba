/// Where the first element of a text in angle brackets begins, behind everything that XML and HTML allow before it.
struct MarkupStart {
    /// The element's name in lower case; empty when the text ends, or is something else, before an element.
    let name: String
    /// The offset behind the name.
    let end: Int
    /// Whether an XML declaration came before it.
    let isXML: Bool
    /// Whether `<!doctype html>` came before it.
    let isHTML: Bool

    /// Nil when the first character that is no white space is not `<`.
    init?(of bytes: ByteView) {
        var offset = bytes.has([0xEF, 0xBB, 0xBF]) ? 3 : 0
        var isXML = false
        var isHTML = false
        offset = bytes.skippingSpace(from: offset)
        guard bytes[offset] == UInt8(ascii: "<") else { return nil }
        // No real file has more comments and declarations than this in front of its first element.
        for _ in 0..<1000 where bytes[offset] == UInt8(ascii: "<") {
            let end: Int?
            if bytes.has("<?", at: offset) {
                isXML = isXML || bytes.has("<?xml", at: offset)
                end = bytes.end(of: "?>", from: offset)
            } else if bytes.has("<!--", at: offset) {
                end = bytes.end(of: "-->", from: offset + 4)
            } else if bytes.has("<!", at: offset) {
                isHTML = isHTML || bytes.text(offset..<offset + 14).lowercased() == "<!doctype html"
                end = Self.doctypeEnd(bytes, from: offset)
            } else {
                break
            }
            guard let end else { break }
            offset = bytes.skippingSpace(from: end)
        }
        // No name that matters here is longer than 32 bytes.
        let tag = bytes.text(offset..<offset + 33)
        let isElement = tag.utf8.first == UInt8(ascii: "<")
        let name = isElement ? tag.dropFirst().prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == ":") } : ""
        self.name = name.lowercased()
        self.end = offset + 1 + name.utf8.count
        self.isXML = isXML
        self.isHTML = isHTML
    }

    var isSVG: Bool { name == "svg" || name == "svg:svg" }

    /// Behind a document type, which may hold declarations of its own in square brackets.
    private static func doctypeEnd(_ bytes: ByteView, from offset: Int) -> Int? {
        guard let close = bytes.next(UInt8(ascii: ">"), from: offset) else { return nil }
        guard let bracket = bytes.next(UInt8(ascii: "["), from: offset, before: close) else { return close + 1 }
        guard let inner = bytes.next(UInt8(ascii: "]"), from: bracket) else { return nil }
        return bytes.next(UInt8(ascii: ">"), from: inner).map { $0 + 1 }
    }
}
