import Foundation

/// The first bytes of image files, made by hand as small as their formats allow.
enum ImageBytes {
    static func big(_ value: Int, _ size: Int) -> Data {
        Data((0..<size).reversed().map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) })
    }

    static func little(_ value: Int, _ size: Int) -> Data {
        Data(big(value, size).reversed())
    }

    static func ascii(_ text: String) -> Data { Data(text.utf8) }

    /// Start of image, the given segments, a frame header and the start of the data.
    static func jpeg(_ width: Int, _ height: Int, frame: UInt8 = 0xC0, before segments: Data = Data()) -> Data {
        var data = Data([0xFF, 0xD8]) + segments
        data += Data([0xFF, frame]) + big(11, 2) + Data([8]) + big(height, 2) + big(width, 2) + Data([1, 1, 0x11, 0])
        return data + Data([0xFF, 0xDA, 0, 8, 1, 1, 0, 0, 0x3F, 0, 0xFF, 0xD9])
    }

    static func segment(_ marker: UInt8, _ content: Data) -> Data {
        Data([0xFF, marker]) + big(content.count + 2, 2) + content
    }

    /// An EXIF block that says how the picture is to be turned.
    static func exif(orientation: Int) -> Data {
        ascii("Exif\0\0MM\0*") + big(8, 4) + big(1, 2) + big(274, 2) + big(3, 2) + big(1, 4) + big(orientation, 2)
            + Data(count: 6)
    }

    static func png(
        _ width: Int, _ height: Int, frames: Int? = nil, depth: UInt8 = 8, colorType: UInt8 = 2, more: Data = Data()
    ) -> Data {
        var data = Data([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A])
        data += chunk("IHDR", big(width, 4) + big(height, 4) + Data([depth, colorType, 0, 0, 0]))
        data += chunk("gAMA", big(45_455, 4))
        if let frames { data += chunk("acTL", big(frames, 4) + big(0, 4)) }
        data += more
        return data + chunk("IDAT", Data([0x78, 0x9C])) + chunk("IEND", Data())
    }

    static func chunk(_ type: String, _ content: Data) -> Data {
        big(content.count, 4) + ascii(type) + content + big(0, 4)
    }

    static func gif(_ width: Int, _ height: Int, frames: Int = 1, frameSize: (Int, Int) = (1, 1)) -> Data {
        // A table of two colours, then a control block in front of each frame, whose own table has four.
        var data = ascii("GIF89a") + little(width, 2) + little(height, 2) + Data([0x80, 0, 0]) + Data(count: 6)
        for _ in 0..<frames {
            data += Data([0x21, 0xF9, 4, 0, 0, 0, 0, 0, 0x2C]) + Data(count: 4)
            data += little(frameSize.0, 2) + little(frameSize.1, 2) + Data([0x81]) + Data(repeating: 0x2C, count: 12)
            data += Data([2, 3, 0x2C, 0x3B, 0x2C, 0])
        }
        return data + Data([0x3B])
    }

    static func webp(_ chunk: String, _ content: Data) -> Data {
        let body = ascii("WEBP") + ascii(chunk) + little(content.count, 4) + content
        return ascii("RIFF") + little(body.count, 4) + body
    }

    static func lossyWebP(_ width: Int, _ height: Int) -> Data {
        webp("VP8 ", Data([0x10, 0, 0, 0x9D, 0x01, 0x2A]) + little(width, 2) + little(height, 2))
    }

    static func losslessWebP(_ width: Int, _ height: Int) -> Data {
        webp("VP8L", Data([0x2F]) + little((width - 1) | (height - 1) << 14 | 1 << 28, 4))
    }

    static func extendedWebP(_ width: Int, _ height: Int, flags: UInt8 = 0) -> Data {
        webp("VP8X", Data([flags, 0, 0, 0]) + little(width - 1, 3) + little(height - 1, 3))
    }

    /// A lossy picture between what may be left out.
    static func webpWithMetadata(_ width: Int, _ height: Int, orientation: Int) -> Data {
        func chunk(_ type: String, _ content: Data) -> Data {
            ascii(type) + little(content.count, 4) + content + Data(count: content.count % 2)
        }
        let canvas = Data([0x0C, 0, 0, 0]) + little(width - 1, 3) + little(height - 1, 3)
        let body =
            ascii("WEBP") + chunk("VP8X", canvas) + chunk("VP8 ", Data([1, 2, 3]))
            + chunk("EXIF", exif(orientation: orientation)) + chunk("XMP ", ascii("<x/>"))
        return ascii("RIFF") + little(body.count, 4) + body
    }

    static func bmp(_ width: Int, _ height: Int, header: Int = 40) -> Data {
        let side = header == 12 ? 2 : 4
        var data =
            ascii("BM") + little(0, 8) + little(14 + header, 4) + little(header, 4) + little(width, side)
            + little(height, side)
        data += little(1, 2) + little(24, 2)
        return data + Data(count: 14 + header - data.count)
    }

    /// One directory with another tag in front; sides as SHORT in TIFF and LONG8 in BigTIFF.
    static func tiff(_ width: Int, _ height: Int, bigEndian: Bool, wide: Bool = false) -> Data {
        func number(_ value: Int, _ size: Int) -> Data { bigEndian ? big(value, size) : little(value, size) }
        func entry(_ tag: Int, _ value: Int) -> Data {
            wide
                ? number(tag, 2) + number(16, 2) + number(1, 8) + number(value, 8)
                : number(tag, 2) + number(3, 2) + number(1, 4) + number(value, 2) + Data(count: 2)
        }
        let head = ascii(bigEndian ? "MM" : "II") + number(wide ? 43 : 42, 2)
        let offset = wide ? number(8, 2) + number(0, 2) + number(16, 8) : number(8, 4)
        return head + offset + number(3, wide ? 8 : 2) + entry(254, 0) + entry(256, width) + entry(257, height)
    }

    static func box(_ type: String, _ content: Data) -> Data { big(content.count + 8, 4) + ascii(type) + content }

    static func heif(brand: String, others: [String] = [], meta: Data) -> Data {
        let brands = ascii(brand) + big(0, 4) + ascii(others.joined())
        return box("ftyp", brands) + box("free", Data(count: 3)) + box("meta", big(0, 4) + meta)
    }

    static func ispe(_ width: Int, _ height: Int) -> Data { box("ispe", big(0, 4) + big(width, 4) + big(height, 4)) }

    /// A thumbnail (item 1, property 2) and the image itself (item 7, property 3), with an unsized property in front.
    ///
    /// - `more`: A property of the image itself.
    static func twoItems(_ width: Int, _ height: Int, thumbnail: (Int, Int), more: Data? = nil) -> Data {
        let properties = box("hvcC", Data(count: 5)) + ispe(thumbnail.0, thumbnail.1) + ispe(width, height)
        let extra: [UInt8] = more == nil ? [] : [0x84]
        let owners = Data([0, 1, 2, 0x81, 0x02, 0, 7, UInt8(2 + extra.count), 0x81, 0x03] + extra)
        let parts = box("ipco", properties + (more ?? Data())) + box("ipma", big(0, 4) + big(2, 4) + owners)
        return box("pitm", big(0, 4) + big(7, 2)) + box("iprp", parts)
    }

    static func jp2(_ width: Int, _ height: Int) -> Data {
        let sizes = box("ihdr", big(height, 4) + big(width, 4) + Data([0, 3, 7, 7, 0, 0]))
        return box("jP  ", Data([0x0D, 0x0A, 0x87, 0x0A])) + box("ftyp", ascii("jp2 ") + big(0, 4)) + box("jp2h", sizes)
    }

    static func j2k(_ width: Int, _ height: Int) -> Data {
        Data([0xFF, 0x4F, 0xFF, 0x51]) + big(47, 2) + big(0, 2) + big(width + 3, 4) + big(height + 5, 4) + big(3, 4)
            + big(5, 4)
    }

    static func psd(_ width: Int, _ height: Int) -> Data {
        ascii("8BPS") + big(1, 2) + big(0, 6) + big(3, 2) + big(height, 4) + big(width, 4)
    }

    static func ico(_ sides: [UInt8]) -> Data {
        sides.reduce(Data([0, 0, 1, 0]) + little(sides.count, 2)) { data, side in
            data + Data([side, side, 0, 0]) + little(1, 2) + little(32, 2) + little(40, 4) + little(22, 4)
        }
    }

    static func qoi(_ width: Int, _ height: Int) -> Data {
        ascii("qoif") + big(width, 4) + big(height, 4) + Data([3, 0])
    }

    static func svg(_ attributes: String, before: String = "") -> Data {
        ascii("\(before)<svg xmlns=\"http://www.w3.org/2000/svg\" \(attributes)><path/></svg>")
    }
}
