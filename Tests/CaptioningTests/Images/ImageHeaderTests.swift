import Captioning
import Foundation
import Testing

/// One file of each kind, with what its header says.
struct HeaderSample: CustomTestStringConvertible, Sendable {
    let name: String
    let header: ImageHeader
    let bytes: Data

    init(
        _ name: String, _ format: ImageFormat, _ width: Int, _ height: Int, moves: Bool = false, _ bytes: Data,
        also change: (inout ImageHeader) -> Void = { _ in }
    ) {
        self.name = name
        var header = ImageHeader(format: format, width: width, height: height, isAnimated: moves)
        change(&header)
        self.header = header
        self.bytes = bytes
    }

    var testDescription: String { name }

    static let all: [HeaderSample] = jpegs + rasters + tiffs + boxes + rare

    private static let exifLast: Data = {
        // A height whose bytes begin an EXIF segment, were they one.
        let jpeg = ImageBytes.jpeg(640, 0xFFE1)
        // In front of the scan, the last 12 bytes.
        let exif = ImageBytes.segment(0xE1, ImageBytes.exif(orientation: 8))
        return jpeg.dropLast(12) + exif + jpeg.suffix(12)
    }()

    private static let jpegs: [HeaderSample] = [
        HeaderSample("JPEG", .jpeg, 640, 480, ImageBytes.jpeg(640, 480)),
        HeaderSample("progressive JPEG", .jpeg, 640, 480, ImageBytes.jpeg(640, 480, frame: 0xC2)) {
            $0.isProgressive = true
        },
        HeaderSample(
            "JPEG of a camera held on its side", .jpeg, 640, 480,
            ImageBytes.jpeg(640, 480, before: ImageBytes.segment(0xE1, ImageBytes.exif(orientation: 6)))
        ) { $0.orientation = 6 },
        HeaderSample(
            "JPEG with two EXIF blocks", .jpeg, 640, 480,
            ImageBytes.jpeg(
                640, 480,
                before: ImageBytes.segment(0xE1, ImageBytes.exif(orientation: 6))
                    + ImageBytes.segment(0xE1, ImageBytes.exif(orientation: 1)))
        ) { $0.orientation = 6 },
        HeaderSample("JPEG with EXIF behind its size", .jpeg, 640, 0xFFE1, exifLast) { $0.orientation = 8 },
        HeaderSample(
            "JPEG with an orientation that is none", .jpeg, 640, 480,
            ImageBytes.jpeg(640, 480, before: ImageBytes.segment(0xE1, ImageBytes.exif(orientation: 9)))),
        HeaderSample(
            "JPEG with a thumbnail in a segment", .jpeg, 4000, 3000,
            ImageBytes.jpeg(4000, 3000, before: ImageBytes.segment(0xE1, ImageBytes.jpeg(160, 120)))),
        HeaderSample(
            "JPEG with tables, fill bytes and restarts in front", .jpeg, 9, 8,
            ImageBytes.jpeg(
                9, 8, before: ImageBytes.segment(0xC4, Data(count: 17)) + Data([0xFF, 0xD0, 0xFF, 0xFF, 0xFF]))),
        HeaderSample(
            "JPEG with junk in front", .jpeg, 70, 60,
            ImageBytes.jpeg(70, 60, before: Data([0xFF, 0x00, 0x12, 0x34, 0xFF, 0x00, 0xFF, 0xC0, 0, 3, 1, 0, 1]))),
    ]

    private static let rasters: [HeaderSample] = [
        HeaderSample("PNG", .png, 70_000, 3, ImageBytes.png(70_000, 3)),
        HeaderSample("animated PNG", .png, 20, 30, moves: true, ImageBytes.png(20, 30, frames: 4)),
        HeaderSample("animated PNG of one frame", .png, 20, 30, ImageBytes.png(20, 30, frames: 1)),
        HeaderSample("GIF", .gif, 300, 200, ImageBytes.gif(300, 200)),
        HeaderSample("animated GIF", .gif, 300, 200, moves: true, ImageBytes.gif(300, 200, frames: 2)),
        HeaderSample(
            "GIF with a frame over its screen", .gif, 900, 200, ImageBytes.gif(300, 200, frameSize: (900, 100))),
        HeaderSample("lossy WebP", .webp, 128, 96, ImageBytes.lossyWebP(128 | 0x4000, 96)),
        HeaderSample("lossless WebP", .webp, 16_384, 2, ImageBytes.losslessWebP(16_384, 2)) {
            $0.hasAlpha = true
        },
        HeaderSample("extended WebP", .webp, 40_000, 7, ImageBytes.extendedWebP(40_000, 7, flags: 0x10)) {
            $0.hasAlpha = true
        },
        HeaderSample("WebP with EXIF", .webp, 40, 7, ImageBytes.webpWithMetadata(40, 7, orientation: 8)) {
            $0.orientation = 8
        },
        HeaderSample("deep PNG", .png, 7, 3, ImageBytes.png(7, 3, depth: 16, colorType: 6)) {
            $0.isDeep = true
            $0.hasAlpha = true
        },
        HeaderSample(
            "PNG with EXIF and a transparent colour", .png, 7, 3,
            ImageBytes.png(
                7, 3,
                more: ImageBytes.chunk("tRNS", Data([0, 0]))
                    + ImageBytes.chunk("eXIf", ImageBytes.exif(orientation: 3).dropFirst(6)))
        ) {
            $0.hasAlpha = true
            $0.orientation = 3
        },
        HeaderSample(
            "PNG with EXIF behind its pixels, and more behind its end", .png, 7, 3,
            ImageBytes.png(7, 3).dropLast(12) + ImageBytes.chunk("eXIf", ImageBytes.exif(orientation: 8).dropFirst(6))
                + ImageBytes.chunk("IEND", Data())
                + ImageBytes.chunk("eXIf", ImageBytes.exif(orientation: 2).dropFirst(6))
        ) { $0.orientation = 8 },
        HeaderSample("animated WebP", .webp, 5, 6, moves: true, ImageBytes.extendedWebP(5, 6, flags: 0x02)),
        HeaderSample("BMP", .bmp, 31, 33, ImageBytes.bmp(31, 33)),
        HeaderSample("BMP from the top down", .bmp, 31, 33, ImageBytes.bmp(31, -33, header: 124)),
        HeaderSample("OS/2 BMP", .bmp, 50_000, 33, ImageBytes.bmp(50_000, 33, header: 12)),
    ]

    private static let tiffs: [HeaderSample] = [
        HeaderSample("little-endian TIFF", .tiff, 100, 40, ImageBytes.tiff(100, 40, bigEndian: false)),
        HeaderSample("big-endian TIFF", .tiff, 100, 40, ImageBytes.tiff(100, 40, bigEndian: true)),
        HeaderSample("little-endian BigTIFF", .tiff, 100, 40, ImageBytes.tiff(100, 40, bigEndian: false, wide: true)),
        HeaderSample("big-endian BigTIFF", .tiff, 100, 40, ImageBytes.tiff(100, 40, bigEndian: true, wide: true)),
    ]

    private static let clap = ImageBytes.box(
        "clap", [1001, 1, 1534, 2, 0, 1, 0, 1].reduce(Data()) { $0 + ImageBytes.big($1, 4) })

    private static func turned(quarters: UInt8) -> Data {
        let turn = ImageBytes.box("irot", Data([quarters]))
        return ImageBytes.heif(brand: "heic", meta: ImageBytes.twoItems(400, 300, thumbnail: (1, 1), more: turn))
    }

    private static let boxes: [HeaderSample] = [
        HeaderSample(
            "HEIC", .heic, 4032, 3024,
            ImageBytes.heif(brand: "heic", meta: ImageBytes.twoItems(4032, 3024, thumbnail: (320, 240)))),
        HeaderSample(
            "HEIC whose image is smaller than another item", .heic, 50, 40,
            ImageBytes.heif(brand: "mif1", others: ["heic"], meta: ImageBytes.twoItems(50, 40, thumbnail: (512, 512)))),
        HeaderSample(
            "HEIC with padding cut off", .heic, 1001, 767,
            ImageBytes.heif(brand: "heix", meta: ImageBytes.twoItems(1002, 768, thumbnail: (1, 1), more: clap))),
        HeaderSample("HEIC that decoders turn by a quarter", .heic, 400, 300, turned(quarters: 1)) {
            $0.isTurnedByDecoder = true
        },
        HeaderSample("HEIC that decoders turn by a half", .heic, 400, 300, turned(quarters: 2)),
        HeaderSample(
            "AVIF under a general brand, without a primary item", .avif, 60, 50,
            ImageBytes.heif(
                brand: "mif1", others: ["miaf", "avif"],
                meta: ImageBytes.box(
                    "iprp", ImageBytes.box("ipco", ImageBytes.ispe(6, 5) + ImageBytes.ispe(60, 50))))),
        HeaderSample(
            "AVIF sequence", .avif, 60, 50, moves: true,
            ImageBytes.heif(brand: "avis", meta: ImageBytes.twoItems(60, 50, thumbnail: (6, 5)))),
        HeaderSample("JPEG 2000", .jpeg2000, 80, 90, ImageBytes.jp2(80, 90)),
        HeaderSample("JPEG 2000 codestream", .jpeg2000, 80, 90, ImageBytes.j2k(80, 90)),
    ]

    private static let rare: [HeaderSample] = [
        HeaderSample("PSD", .psd, 128, 127, ImageBytes.psd(128, 127)),
        HeaderSample("ICO", .ico, 48, 48, ImageBytes.ico([16, 48, 32])),
        HeaderSample("large ICO", .ico, 256, 256, ImageBytes.ico([16, 0])),
        HeaderSample("QOI", .qoi, 12, 13, ImageBytes.qoi(12, 13)),
        HeaderSample("SVG", .svg, 25, 10, ImageBytes.svg("stroke-width=\"3\" width='24.5' height=\"10px\"")),
        HeaderSample(
            "SVG behind a prolog", .svg, 200, 100,
            ImageBytes.svg(
                "viewBox=\"0 0 200 100\"",
                before: "\u{FEFF} <?xml version=\"1.0\"?>\n<!-- <html> -->\n<!DOCTYPE svg [<!ENTITY a \"b\">]>\n")),
    ]
}

struct ImageHeaderTests {
    @Test(arguments: HeaderSample.all)
    func `the header of each format is read`(sample: HeaderSample) throws {
        #expect(try ImageHeader(parsing: sample.bytes) == sample.header)
    }

    @Test(arguments: HeaderSample.all)
    func `a header in the middle of other data is read`(sample: HeaderSample) throws {
        let slice = (Data([1, 2, 3]) + sample.bytes).dropFirst(3)
        #expect(try ImageHeader(parsing: slice) == sample.header)
    }

    @Test(arguments: HeaderSample.all)
    func `a header cut anywhere is an error or a size, never a crash`(sample: HeaderSample) {
        for length in 0..<sample.bytes.count {
            do throws(ImageHeaderError) {
                let header = try ImageHeader(parsing: sample.bytes.prefix(length))
                #expect(header.format == sample.header.format)
            } catch {
                #expect(!error.message.isEmpty)
            }
        }
    }

    @Test(arguments: HeaderSample.all)
    func `a header with any byte changed never crashes`(sample: HeaderSample) {
        for index in sample.bytes.indices {
            for value: UInt8 in [0x00, 0x01, 0x7F, 0x80, 0xFF] {
                var hostile = sample.bytes
                hostile[index] = value
                let header = try? ImageHeader(parsing: hostile)
                #expect(header.map { $0.width > 0 && $0.height > 0 } ?? true)
            }
        }
    }

    @Test(arguments: HeaderSample.all)
    func `a header whose claims are all at their largest never crashes`(sample: HeaderSample) {
        for index in sample.bytes.indices {
            let hostile = sample.bytes.prefix(index) + Data(repeating: 0xFF, count: 64)
            let header = try? ImageHeader(parsing: hostile)
            #expect(header.map { $0.width > 0 && $0.height > 0 } ?? true)
        }
    }

    static let sizeless: [(ImageFormat, Data)] = [
        (.jpeg, ImageBytes.jpeg(0, 480)),
        (.jpeg, ImageBytes.jpeg(640, 0)),
        (.jpeg, Data([0xFF, 0xD8, 0xFF, 0xDA, 0, 8]) + ImageBytes.jpeg(3, 3)),
        (.png, ImageBytes.png(0, 1)),
        (.png, ImageBytes.png(1 << 31, 1)),
        (.gif, ImageBytes.gif(0, 5, frameSize: (5, 5))),
        (.bmp, ImageBytes.bmp(-4, 4)),
        (.tiff, ImageBytes.tiff(4, 0, bigEndian: true)),
        (.tiff, ImageBytes.tiff(Int.max, 4, bigEndian: true, wide: true)),
        (.heic, ImageBytes.heif(brand: "heic", meta: Data())),
        (.jpeg2000, ImageBytes.j2k(-4, 4)),
        (.svg, ImageBytes.svg("width=\"100%\" height=\"100%\"")),
    ]

    @Test(arguments: sizeless)
    func `an image without a size is damaged`(format: ImageFormat, bytes: Data) {
        #expect(throws: ImageHeaderError.noSize(format)) { try ImageHeader(parsing: bytes) }
    }

    static let others: [(String, String)] = [
        ("<!DOCTYPE html><html>", "HTML"), (" \n<html lang=en>", "HTML"), ("<?xml version=\"1.0\"?><note/>", "XML"),
        ("<!-- a comment without an end", "text"), ("%PDF-1.7\n", "PDF"), ("BMW is a car maker, not a bitmap", "text"),
        ("{\"error\": 1}", "JSON"), ("not an image\n", "text"), ("\u{1}\u{2}", "an unknown format"),
        ("PK\u{3}\u{4}", "a ZIP archive"), ("\0\0\0\u{18}ftypisom\0\0\0\0", "a video"),
        (String(repeating: "\0", count: 64), "zeros only"),
    ]

    @Test(arguments: others)
    func `other content is named`(text: String, found: String) {
        #expect(throws: ImageHeaderError.notAnImage(found: found)) { try ImageHeader(parsing: Data(text.utf8)) }
    }

    @Test func `a Git LFS pointer is named with the way out`() {
        let pointer = Data("version https://git-lfs.github.com/spec/v1\noid sha256:00".utf8)
        #expect { try ImageHeader(parsing: pointer) } throws: { error in
            (error as? ImageHeaderError)?.message.contains("git lfs pull") == true
        }
    }

    @Test func `no bytes are an empty file`() {
        #expect(throws: ImageHeaderError.empty) { try ImageHeader(parsing: Data()) }
    }

    static let endless: [(String, Data)] = [
        ("fill bytes", Data([0xFF, 0xD8]) + Data(repeating: 0xFF, count: 100_000)),
        ("empty segments", (0..<25_000).reduce(into: Data([0xFF, 0xD8])) { data, _ in data += [0xFF, 0xE0, 0, 2] }),
        ("document types", (0..<25_000).reduce(into: Data()) { data, _ in data += Array("<!a>".utf8) }),
        ("comments", (0..<15_000).reduce(into: Data()) { data, _ in data += Array("<!---->".utf8) }),
        ("GIF without blocks", ImageBytes.ascii("GIF89a") + Data(repeating: 1, count: 100_000)),
        (
            "boxes",
            (0..<10_000).reduce(into: ImageBytes.box("ftyp", ImageBytes.ascii("heic\0\0\0\0"))) { data, _ in
                data += ImageBytes.box("free", Data())
            }
        ),
    ]

    @Test(arguments: endless)
    func `a long file without an end is read once`(name: String, bytes: Data) {
        let header = try? ImageHeader(parsing: bytes)
        #expect(header == nil || name == "GIF without blocks")
    }
}
