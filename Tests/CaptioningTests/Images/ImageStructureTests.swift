import Foundation
import Testing

@testable import Captioning

struct ImageStructureTests {
    private func stripped(_ data: Data, _ format: ImageFormat) -> Data? {
        ImageStructure(of: data, format).withoutSurplus(data)
    }

    @Test func `a JPEG loses what is not the picture, and keeps its colours`() {
        let exif = ImageBytes.segment(0xE1, ImageBytes.exif(orientation: 1) + ImageBytes.ascii("GPS"))
        let profile = ImageBytes.segment(0xE2, ImageBytes.ascii("ICC_PROFILE\0 and so on"))
        let adobe = ImageBytes.segment(0xEE, ImageBytes.ascii("Adobe\0\0"))
        let others = [
            ImageBytes.segment(0xE2, ImageBytes.ascii("MPF\0")), ImageBytes.segment(0xED, ImageBytes.ascii("IPTC")),
            ImageBytes.segment(0xFE, ImageBytes.ascii("a comment")),
        ].reduce(Data(), +)
        let file = ImageBytes.jpeg(9, 8, before: exif + profile + others + adobe) + ImageBytes.ascii("a film behind it")
        #expect(stripped(file, .jpeg) == ImageBytes.jpeg(9, 8, before: profile + adobe))
    }

    @Test func `a JPEG's data may hold what looks like markers`() {
        var file = ImageBytes.jpeg(9, 8)
        file.insert(contentsOf: [0x12, 0xFF, 0x00, 0xFF, 0xD3, 0xFF, 0xFF, 0x00, 0x34], at: file.count - 2)
        #expect(ImageStructure(of: file, .jpeg).isWhole)
        #expect(stripped(file, .jpeg) == nil)
        #expect(!ImageStructure(of: file.dropLast(2), .jpeg).isWhole)
    }

    @Test func `a PNG loses its texts, and keeps what decides its look`() {
        let text = ImageBytes.chunk("tEXt", ImageBytes.ascii("Author\0me")) + ImageBytes.chunk("prVt", Data([1]))
        let profile = ImageBytes.chunk("iCCP", Data([1, 2, 3]))
        let file = ImageBytes.png(7, 3, more: text + profile) + Data([0, 0])
        #expect(stripped(file, .png) == ImageBytes.png(7, 3, more: profile))
        #expect(stripped(ImageBytes.png(7, 3, frames: 2), .png) == nil)
    }

    @Test func `a WebP says no more that it has metadata`() throws {
        let file = ImageBytes.webpWithMetadata(40, 7, orientation: 1)
        let result = try #require(stripped(file, .webp))
        #expect(try ImageHeader(parsing: result) == ImageHeader(format: .webp, width: 40, height: 7))
        #expect(ImageStructure(of: result, .webp).isWhole)
        #expect(result.firstRange(of: Data("EXIF".utf8)) == nil && result.firstRange(of: Data("XMP".utf8)) == nil)
        #expect(result[20] == 0)
    }

    @Test func `a GIF keeps how long and how often it is shown, and loses what others wrote into it`() {
        let loop = Data([0x21, 0xFF, 11]) + ImageBytes.ascii("NETSCAPE2.0") + Data([3, 1, 0, 0, 0])
        let comment = Data([0x21, 0xFE, 2]) + ImageBytes.ascii("me") + Data([0])
        let program = Data([0x21, 0xFF, 11]) + ImageBytes.ascii("XMP DataXMP") + Data([2, 3, 4, 0])
        let plain = ImageBytes.gif(9, 8, frames: 2)
        let head = plain.prefix(13 + 6)
        let file = head + comment + loop + program + plain.dropFirst(head.count) + ImageBytes.ascii("behind it")
        #expect(stripped(file, .gif) == head + loop + plain.dropFirst(head.count))
        #expect(ImageStructure(of: plain, .gif).surplus == .none)
    }

    @Test func `a BMP loses its profile's path, and what lies between and behind`() throws {
        let rows = Data(count: 96 * 33)
        let plain = ImageBytes.bmp(31, 33) + rows
        #expect(ImageStructure(of: plain, .bmp).surplus == .none)
        #expect(stripped(plain + ImageBytes.ascii("me"), .bmp)?.suffix(from: 14) == plain.suffix(from: 14))
        var linked = ImageBytes.bmp(31, 33, header: 124) + rows + ImageBytes.ascii("C:\\Users\\me\\screen.icc")
        linked.replaceSubrange(70..<74, with: ImageBytes.ascii("KNIL"))
        linked.replaceSubrange(126..<134, with: ImageBytes.little(124 + rows.count, 4) + ImageBytes.little(23, 4))
        let result = try #require(stripped(linked, .bmp))
        #expect(result.count == 14 + 124 + rows.count && result.firstRange(of: ImageBytes.ascii("me")) == nil)
        #expect(
            ByteView(result).little(at: 2, bytes: 4) == result.count
                && ImageStructure(of: result, .bmp).surplus == .none)
    }

    @Test(arguments: [false, true])
    func `a TIFF is its picture alone, or must be converted`(_ bigEndian: Bool) {
        func file(_ more: [(tag: Int, type: Int, value: Int)] = [], next: Int = 0, behind: Data = Data()) -> Data {
            func number(_ value: Int, _ size: Int) -> Data {
                bigEndian ? ImageBytes.big(value, size) : ImageBytes.little(value, size)
            }
            let entries = [(256, 3, 4), (257, 3, 2), (273, 4, 0), (279, 4, 8)] + more
            var data =
                ImageBytes.ascii(bigEndian ? "MM" : "II") + number(42, 2) + number(8, 4) + number(entries.count, 2)
            for (tag, type, value) in entries {
                data += number(tag, 2) + number(type, 2) + number(1, 4)
                data += type == 3 ? number(value, 2) + Data(count: 2) : number(value, 4)
            }
            return data + number(next, 4) + Data(count: 8) + behind
        }
        func surplus(_ data: Data) -> ImageStructure.Surplus { ImageStructure(of: data, .tiff).surplus }
        #expect(surplus(file()) == .none)
        for tag in [270, 271, 272, 305, 306, 315, 316, 700, 33432, 33723, 34377, 34665, 34853, 37510, 42016, 65000] {
            #expect(surplus(file([(tag, 4, 1)])) == .inseparable, "tag \(tag)")
        }
        // Text where none belongs, a chain that leads back, a directory that is none, JPEG inside, bytes that nobody needs.
        #expect(surplus(file([(282, 2, 1)])) == .inseparable)
        #expect(surplus(file(next: 8)) == .inseparable)
        #expect(surplus(file(next: 1 << 20)) == .inseparable)
        #expect(surplus(file([(330, 4, 8)])) == .inseparable)
        #expect(surplus(file([(259, 3, 7)])) == .inseparable)
        #expect(surplus(file(behind: Data(count: 200))) == .inseparable)
        #expect(surplus(Data("II*\0".utf8)) == .inseparable)
    }

    @Test func `a HEIC is its pictures alone, or must be converted`() {
        func file(
            items: [(type: String, name: String)] = [("hvc1", "")], properties: [String] = ["ispe", "colr"],
            handler: String = "", more: Data = Data()
        ) -> Data {
            let list = items.map {
                ImageBytes.box("infe", Data([2, 0, 0, 0, 0, 1, 0, 0]) + ImageBytes.ascii($0.type + $0.name + "\0"))
            }
            let meta =
                ImageBytes.box(
                    "hdlr",
                    Data(count: 8) + ImageBytes.ascii("pict") + Data(count: 12) + ImageBytes.ascii(handler + "\0"))
                + ImageBytes.box("iinf", Data([0, 0, 0, 0, 0, UInt8(items.count)]) + list.reduce(Data(), +))
                + ImageBytes.box(
                    "iprp",
                    ImageBytes.box("ipco", properties.map { ImageBytes.box($0, Data(count: 12)) }.reduce(Data(), +)))
            return ImageBytes.heif(brand: "heic", meta: meta) + ImageBytes.box("mdat", Data([1, 2])) + more
        }
        func surplus(_ data: Data) -> ImageStructure.Surplus { ImageStructure(of: data, .heic).surplus }
        #expect(surplus(file()) == .none)
        for type in ["Exif", "mime", "uri ", "jpeg"] {
            #expect(surplus(file(items: [("hvc1", ""), (type, "")])) == .inseparable, "\(type)")
        }
        #expect(surplus(file(items: [("hvc1", "me")])) == .inseparable)
        #expect(surplus(file(properties: ["ispe", "udes"])) == .inseparable)
        #expect(surplus(file(handler: "me")) == .inseparable)
        #expect(surplus(file(more: ImageBytes.box("uuid", Data(count: 16)))) == .inseparable)
        #expect(surplus(file(more: ImageBytes.box("free", ImageBytes.ascii("me")))) == .inseparable)
        #expect(surplus(file(more: ImageBytes.box("moov", Data(count: 16)))) == .inseparable)
    }

    @Test func `a WebP's frame with something beside its pixels must be converted`() {
        func chunk(_ type: String, _ content: Data) -> Data {
            ImageBytes.ascii(type) + ImageBytes.little(content.count, 4) + content
        }
        func film(_ frame: Data) -> Data {
            let body =
                ImageBytes.ascii("WEBP") + chunk("VP8X", Data([2, 0, 0, 0, 8, 0, 0, 8, 0, 0]))
                + chunk("ANIM", Data(count: 6)) + chunk("ANMF", Data(count: 16) + frame)
            return ImageBytes.ascii("RIFF") + ImageBytes.little(body.count, 4) + body
        }
        let pixels = chunk("VP8 ", Data(count: 4))
        #expect(ImageStructure(of: film(pixels), .webp).surplus == .none)
        #expect(ImageStructure(of: film(pixels + chunk("mine", Data(count: 2))), .webp).surplus == .inseparable)
        #expect(ImageStructure(of: film(Data()).dropLast(16), .webp).isWhole == false)
    }

    static let whole: [(ImageFormat, Data)] = [
        (.jpeg, ImageBytes.jpeg(9, 8)), (.png, ImageBytes.png(9, 8)), (.gif, ImageBytes.gif(9, 8)),
        (.webp, ImageBytes.webpWithMetadata(9, 8, orientation: 1)),
        (.heic, ImageBytes.heif(brand: "heic", meta: ImageBytes.twoItems(9, 8, thumbnail: (1, 1)))),
    ]

    @Test(arguments: whole)
    func `a file is whole, and cut anywhere it is not`(_ format: ImageFormat, _ file: Data) {
        #expect(ImageStructure(of: file, format).isWhole)
        for length in 12..<file.count - 1 {
            let structure = ImageStructure(of: file.prefix(length), format)
            // A cut between boxes leaves whole ones.
            if format != .heic { #expect(!structure.isWhole, "\(format) cut to \(length) of \(file.count)") }
            #expect(structure.withoutSurplus(file.prefix(length)) == nil || structure.isWhole)
        }
    }

    @Test func `a bitmap without all its rows is not whole`() {
        let file = ImageBytes.bmp(31, 33) + Data(count: 96 * 33)
        #expect(ImageStructure(of: file, .bmp).isWhole)
        #expect(!ImageStructure(of: file.dropLast(200), .bmp).isWhole)
    }

    @Test(arguments: whole)
    func `bytes changed anywhere never crash it`(_ format: ImageFormat, _ file: Data) {
        for index in file.indices {
            for value: UInt8 in [0x00, 0x7F, 0x80, 0xFF] {
                var hostile = file
                hostile[index] = value
                let structure = ImageStructure(of: hostile, format)
                #expect(structure.withoutSurplus(hostile).map { $0.count <= hostile.count } ?? true)
            }
        }
    }
}
