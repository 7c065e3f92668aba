import Foundation
import Testing

@testable import Captioning

struct ImageStructureTests {
    private func stripped(_ data: Data, _ format: ImageFormat) -> Data? {
        ImageStructure(of: data, format).withoutMetadata(data, format)
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
            #expect(structure.withoutMetadata(file.prefix(length), format) == nil || structure.isWhole)
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
                #expect(structure.withoutMetadata(hostile, format).map { $0.count <= hostile.count } ?? true)
            }
        }
    }
}
