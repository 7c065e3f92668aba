import Foundation

/// Formats that hardly any provider takes; their size is read so that a message can name what was found.
extension ImageHeader {
    static func psd(_ bytes: ByteView) -> Facts? {
        guard let height = bytes.big(at: 14, bytes: 4), let width = bytes.big(at: 18, bytes: 4) else { return nil }
        return Facts(width: width, height: height)
    }

    static func qoi(_ bytes: ByteView) -> Facts? {
        guard let width = bytes.big(at: 4, bytes: 4), let height = bytes.big(at: 8, bytes: 4) else { return nil }
        return Facts(width: width, height: height)
    }

    /// The largest picture of an icon file.
    ///
    /// In its directory a side of 256 is written as 0.
    static func ico(_ bytes: ByteView) -> Facts? {
        guard let pictures = bytes.little(at: 4, bytes: 2) else { return nil }
        var largest: Facts?
        for picture in 0..<pictures {
            guard let width = bytes[6 + 16 * picture], let height = bytes[7 + 16 * picture] else { break }
            let facts = Facts(width: width == 0 ? 256 : Int(width), height: height == 0 ? 256 : Int(height))
            if facts.width * facts.height > largest.map({ $0.width * $0.height }) ?? 0 { largest = facts }
        }
        return largest
    }

    /// `width` and `height` of the outer element in pixels, else the size of its `viewBox`.
    static func svg(_ bytes: ByteView) -> Facts? {
        // A tag of more than 64 KiB is no drawing's.
        guard let start = MarkupStart(of: bytes),
            let end = bytes.next(UInt8(ascii: ">"), from: start.end, before: start.end + 65_536)
        else { return nil }
        let tag = bytes.text(start.end..<end)
        if let width = attribute("width", of: tag).flatMap(pixels),
            let height = attribute("height", of: tag).flatMap(pixels)
        {
            return Facts(width: width, height: height)
        }
        let box = attribute("viewBox", of: tag)?.split { $0 == " " || $0 == "," || $0 == "\n" } ?? []
        guard box.count == 4, let width = pixels(box[2]), let height = pixels(box[3]) else { return nil }
        return Facts(width: width, height: height)
    }

    private static func attribute(_ name: String, of tag: String) -> Substring? {
        var rest = tag[...]
        while let found = rest.range(of: name) {
            let before = rest[..<found.lowerBound].last ?? " "
            rest = rest[found.upperBound...]
            let value = rest.drop(while: \.isWhitespace)
            guard before.isWhitespace, value.first == "=" else { continue }
            let quoted = value.dropFirst().drop(while: \.isWhitespace)
            guard let quote = quoted.first, quote == "\"" || quote == "'" else { return nil }
            return quoted.dropFirst().prefix { $0 != quote }
        }
        return nil
    }

    private static func pixels(_ text: Substring) -> Int? {
        let number = text.hasSuffix("px") ? text.dropLast(2) : text
        return Double(number).flatMap { $0.isFinite && $0 > 0 && $0 < 1e9 ? Int($0.rounded(.up)) : nil }
    }
}
