import Foundation
import Testing

@testable import Captioning
@testable import CaptioningVips

/// What exiftool finds in the images that are sent: how the pixels lie in the file, and nothing else.
struct MetadataTests {
    private static var picture: Picture { Picture(width: 64, height: 48) }
    private static var twoPages: Picture { Picture(width: 64, height: 96) }

    /// A file full of metadata, made by another program.
    struct Sample: Sendable, CustomTestStringConvertible {
        let name: String
        let make: @Sendable () async throws -> Data

        var testDescription: String { name }
    }

    private static func sample(
        _ name: String, _ ending: String, _ tags: [String] = ExifTool.everything,
        _ bytes: @escaping @Sendable () async throws -> Data
    ) -> Sample {
        Sample(name: name) { try await ExifTool.tagged(try await bytes(), ending, tags) }
    }

    private static func jpeg() async throws -> Data { try await Scene.jpeg(picture) }

    private static func vips(_ target: String) async throws -> Data {
        try await VipsCommand.convert(picture.png(), to: target)
    }

    private static let gps = ["-EXIF:GPSLatitude=48.8584", "-EXIF:GPSLatitudeRef=N"]
    private static let xmp = ["-XMP-dc:Creator=\(ExifTool.planted)"]
    private static let author = ["-EXIF:Artist=\(ExifTool.planted)"]
    private static let iptc = ["-IPTC:By-line=\(ExifTool.planted)"]

    /// Every format that exiftool writes, and the places where metadata hides.
    static let samples: [Sample] = [
        sample("a JPEG", "jpg") { try await jpeg() },
        Sample(name: "a JPEG with a second picture behind it") {
            let plain = try await jpeg()
            return plain + (try await ExifTool.tagged(plain, "jpg"))
        },
        Sample(name: "a JPEG with a small picture in its head") {
            let plain = try await jpeg()
            let thumbnail = Data("JFIF\0".utf8) + [1, 2, 0, 0, 1, 0, 1, 1, 1] + Data("abc\(ExifTool.planted)".utf8)
            return plain.prefix(2) + [0xFF, 0xE0] + Picture.big(thumbnail.count + 2, 2) + thumbnail + plain.dropFirst(2)
        },
        sample("a PNG", "png") { picture.png() },
        sample("a PNG with packed texts", "png", ["-z"] + ExifTool.everything) { picture.png() },
        sample("a PNG with transparent pixels", "png") { picture.png(.rgba) },
        sample("a WebP", "webp") { try await vips("image.webp") },
        sample("a WebP with XMP only", "webp", xmp) { try await vips("image.webp[strip]") },
        sample("a GIF", "gif") { picture.gif(blackFrames: 0) },
        sample("a GIF that moves", "gif") { picture.gif(blackFrames: 2) },
        sample("a TIFF", "tif") { picture.tiff(isCMYK: false) },
        sample("a TIFF with a place only", "tif", gps) { picture.tiff(isCMYK: false) },
        sample("a TIFF with an author only", "tif", author) { picture.tiff(isCMYK: false) },
        sample("a TIFF with XMP only", "tif", xmp) { picture.tiff(isCMYK: false) },
        sample("a TIFF with IPTC only", "tif", iptc) { picture.tiff(isCMYK: false) },
        sample("a TIFF whose second page has an author", "tif", ["-IFD1:Artist=\(ExifTool.planted)"]) {
            try await VipsCommand.convert(twoPages.png(), to: "image.tif[page-height=48]")
        },
        sample("a HEIC", "heic") { try await vips("image.heic[compression=hevc]") },
        sample("a HEIC with XMP only", "heic", xmp) { try await vips("image.heic[compression=hevc,strip]") },
        sample("an AVIF", "avif") { try await vips("image.avif[compression=av1]") },
        sample("an AVIF with XMP only", "avif", xmp) { try await vips("image.avif[compression=av1,strip]") },
        Sample(name: "a BMP with something behind it") { picture.bmp(.rgb) + Data(ExifTool.planted.utf8) },
        Sample(name: "a BMP with something between its head and its pixels") {
            var bmp = picture.bmp(.rgb)
            let hidden = Data(ExifTool.planted.utf8)
            bmp.replaceSubrange(10..<14, with: Picture.little(54 + hidden.count, 4))
            bmp.insert(contentsOf: hidden, at: 54)
            return bmp
        },
    ]

    @Test(arguments: samples)
    func `nothing is sent but the picture, whoever the provider`(_ sample: Sample) async throws {
        let file = try await sample.make()
        // Cut and packed bytes are no place for a word that exiftool cannot see.
        let planted = try await ExifTool.tags(of: ["file": file])["file"] ?? [:]
        #expect(planted.keys.contains { !Self.isStructure($0) } || file.firstRange(of: Self.word) != nil)

        var sent: [String: Data] = [:]
        for provider in Provider.allCases {
            let image = try await Scene.sent(file, to: provider)
            #expect(!image.record.steps.isEmpty)
            #expect(image.data.firstRange(of: Self.word) == nil, "\(sample.name) to \(provider)")
            let (seen, wanted) = (try await image.quarters(), try await Scene.quarters(of: Self.picture.png()))
            let shown = sample.name.contains("second page") ? [] : wanted
            #expect(shown.isEmpty || Scene.areAlike(seen, shown), "\(sample.name) to \(provider): \(seen)")
            sent[provider.rawValue] = image.data
        }
        for (provider, tags) in try await ExifTool.tags(of: sent) {
            let told = tags.filter { !Self.isStructure($0.key) }
            #expect(told.isEmpty, "\(sample.name) to \(provider)")
        }
    }

    /// Formats that some provider takes as they are, without metadata.
    static let clean: [(name: String, make: @Sendable () async throws -> Data)] = [
        ("JPEG", { try await jpeg() }), ("PNG", { picture.png() }), ("GIF", { picture.gif(blackFrames: 1) }),
        ("WebP", { try await ExifTool.tagged(try await vips("image.webp"), "webp", ["-all="]) }),
        ("BMP", { picture.bmp(.rgb) }),
        ("TIFF", { picture.tiff(isCMYK: false) }),
        ("packed TIFF", { try await vips("image.tif[compression=lzw,strip]") }),
        ("HEIC", { try await vips("image.heic[compression=hevc,strip]") }),
        ("AVIF", { try await vips("image.avif[compression=av1,strip]") }),
    ]

    @Test(arguments: clean.indices)
    func `a file without metadata goes out byte for byte`(_ index: Int) async throws {
        let file = try await Self.clean[index].make()
        let sent = try await Scene.sent(file, to: .custom)
        #expect(sent.record.steps.isEmpty, "\(Self.clean[index].name)")
        #expect(sent.data == file, "\(Self.clean[index].name)")
    }

    @Test func `metadata is sent where the spec says so`() async throws {
        let rules = ImagePreparation(stripsMetadata: false)
        for sample in Self.samples where sample.name == "a JPEG" || sample.name == "a HEIC" {
            let file = try await sample.make()
            #expect(try await Scene.sent(file, to: .custom, rules).data == file)
        }
    }

    private static let word = Data(ExifTool.planted.utf8)

    // MARK: - What is structure

    /// Whether a tag only tells how pixels lie in a file.
    ///
    /// The words of a colour profile count: without them its numbers are no profile.
    static func isStructure(_ tag: String) -> Bool {
        let parts = tag.split(separator: ":", maxSplits: 1).map(String.init)
        guard parts.count == 2 else { return false }
        if parts[0].hasPrefix("ICC") { return true }
        return structure[parts[0]]?.contains(parts[1]) ?? false
    }

    private static let structure: [String: Set<String>] = [
        "File": [
            "FileType", "FileTypeExtension", "MIMEType", "ImageWidth", "ImageHeight", "EncodingProcess",
            "BitsPerSample", "ColorComponents", "YCbCrSubSampling", "ExifByteOrder", "PageCount", "BMPVersion",
            "Planes", "BitDepth", "Compression", "ImageLength", "PixelsPerMeterX", "PixelsPerMeterY", "NumColors",
            "NumImportantColors",
        ],
        "JFIF": ["JFIFVersion", "ResolutionUnit", "XResolution", "YResolution"],
        "PNG": [
            "ImageWidth", "ImageHeight", "BitDepth", "ColorType", "Compression", "Filter", "Interlace", "Palette",
            "Transparency", "Gamma",
        ],
        "PNG-pHYs": ["PixelsPerUnitX", "PixelsPerUnitY", "PixelUnits"],
        "GIF": [
            "GIFVersion", "ImageWidth", "ImageHeight", "HasColorMap", "ColorResolutionDepth", "BitsPerPixel",
            "BackgroundColor", "PixelAspectRatio", "FrameCount", "Duration", "AnimationIterations",
        ],
        "RIFF": [
            "VP8Version", "ImageWidth", "ImageHeight", "HorizontalScale", "VerticalScale", "WebP_Flags", "AlphaIsUsed",
        ],
        "IFD0": [
            "SubfileType", "ImageWidth", "ImageHeight", "BitsPerSample", "Compression", "PhotometricInterpretation",
            "StripOffsets", "StripByteCounts", "Orientation", "SamplesPerPixel", "RowsPerStrip", "XResolution",
            "YResolution", "ResolutionUnit", "PlanarConfiguration", "SampleFormat", "Predictor",
        ],
        "QuickTime": [
            "MajorBrand", "MinorVersion", "CompatibleBrands", "HandlerType", "ImageSpatialExtent", "ImagePixelDepth",
            "MediaDataSize", "MediaDataOffset",
        ],
        "Meta": ["PrimaryItemReference"],
    ]
}
