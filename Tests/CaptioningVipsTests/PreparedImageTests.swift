import Foundation
import Testing

@testable import Captioning
@testable import CaptioningVips

/// What the model sees of images as people have them: the pixels are looked at, not only the status.
struct PreparedImageTests {
    private let picture = Picture(width: 64, height: 48)

    private func expectUpright(_ sent: Scene.Sent, _ size: PixelSize? = nil) async throws {
        let header = try ImageHeader(parsing: sent.data)
        #expect(header.orientation == 1)
        #expect(header.uprightSize == size ?? PixelSize(width: 64, height: 48))
        #expect(sent.record.sent.size == header.uprightSize)
        #expect(sent.record.sent.format == header.format)
        #expect(sent.record.sent.bytes == sent.data.count)
        let (seen, wanted) = (try await sent.quarters(), try await Scene.quarters(of: picture.png()))
        #expect(Scene.areAlike(seen, wanted), "\(seen) is not \(wanted)")
    }

    @Test func `the quarters of the picture are told apart`() async throws {
        let greys = try await Scene.quarters(of: picture.png())
        #expect(greys[0] == 255)
        #expect(zip(greys, greys.dropFirst()).allSatisfy { abs(Int($0) - Int($1)) > 16 }, "\(greys)")
        #expect(Set(greys).count == 4)
    }

    /// Where a stored picture's corners must lie so that turning it as EXIF says shows ours.
    private func stored(for orientation: Int) -> (width: Int, height: Int, place: (Int, Int) -> (Int, Int)) {
        let (width, height) = (picture.width, picture.height)
        let place: (Int, Int) -> (Int, Int) = { column, row in
            switch orientation {
            case 2: (width - 1 - column, row)
            case 3: (width - 1 - column, height - 1 - row)
            case 4: (column, height - 1 - row)
            case 5: (row, column)
            case 6: (width - 1 - row, column)
            case 7: (width - 1 - row, height - 1 - column)
            case 8: (row, height - 1 - column)
            default: (column, row)
            }
        }
        return orientation >= 5 ? (height, width, place) : (width, height, place)
    }

    @Test(arguments: 1...8)
    func `a photo is sent upright whichever way its camera was held`(_ orientation: Int) async throws {
        let (width, height, place) = stored(for: orientation)
        let turned = Picture(width: width, height: height) { column, row in
            let (column, row) = place(column, row)
            return picture.color(column, row)
        }
        let sent = try await Scene.sent(withOrientation(orientation, try await Scene.jpeg(turned)))
        try await expectUpright(sent)
        #expect(sent.record.steps == (orientation == 1 ? [.stripped] : [.turned]))
        #expect(sent.record.original.size == PixelSize(width: 64, height: 48))
        #expect(sent.data.firstRange(of: Data("Exif".utf8)) == nil)
    }

    @Test func `a grey photo is turned, too`() async throws {
        let turned = Picture(width: 48, height: 64) { picture.color(63 - $1, $0) }
        let jpeg = try await VipsCommand.convert(turned.png(.grey), to: "image.jpg")
        try await expectUpright(try await Scene.sent(withOrientation(6, jpeg)))
        try await expectUpright(try await Scene.sent(picture.png(.grey), to: .openai, ImagePreparation(format: .jpeg)))
    }

    @Test func `a TIFF is turned, too`() async throws {
        let turned = Picture(width: 64, height: 48) { picture.color(63 - $0, 47 - $1) }
        try await expectUpright(try await Scene.sent(turned.tiff(isCMYK: false, orientation: 3)))
    }

    @Test(arguments: Picture.Pixels.allCases)
    func `a PNG of any kind shows the same picture`(_ pixels: Picture.Pixels) async throws {
        let sent = try await Scene.sent(picture.png(pixels))
        try await expectUpright(sent)
        let header = try ImageHeader(parsing: sent.data)
        #expect(!header.isDeep && !header.hasAlpha)
        let steps: [SentImage.Step] =
            switch pixels {
            case .rgb, .palette, .grey: []
            case .rgb16: [.depth]
            case .rgba: [.flattened]
            }
        #expect(sent.record.steps == steps)
    }

    @Test func `an alpha channel without a transparent pixel is no reason to convert`() async throws {
        let opaque = Picture(width: 64, height: 48) { column, row in
            let color = picture.color(column, row)
            return color == [255, 255, 255] ? [254, 255, 255] : color
        }
        let sent = try await Scene.sent(opaque.png(.rgba))
        #expect(sent.record.steps.isEmpty)
        #expect(sent.data == opaque.png(.rgba))
    }

    @Test func `ink becomes light`() async throws {
        let sent = try await Scene.sent(picture.tiff(isCMYK: true))
        #expect(sent.record.steps == [.colours])
        // Printing inks are duller than a screen's colours.
        let (seen, wanted) = (try await sent.quarters(), try await Scene.quarters(of: picture.png()))
        #expect(Scene.areAlike(seen, wanted, within: 60), "\(seen) is not near \(wanted)")
        #expect(seen[0] > 240 && seen[0] > seen[2] && seen[3] < seen[1])
    }

    @Test(arguments: Picture.BitmapPixels.allCases)
    func `a BMP of any kind is sent to a provider that takes none`(_ pixels: Picture.BitmapPixels) async throws {
        // A width that leaves rows to be filled up.
        let odd = Picture(width: 62, height: 48)
        let sent = try await Scene.sent(odd.bmp(pixels), to: .openai)
        #expect(sent.record.steps == [.converted])
        #expect(try ImageHeader(parsing: sent.data).uprightSize == PixelSize(width: 62, height: 48))
        let shown =
            pixels == .one
            ? Picture(width: 62, height: 48) { column, _ in column < 31 ? [255, 255, 255] : [0, 0, 0] } : odd
        let (seen, wanted) = (try await sent.quarters(), try await Scene.quarters(of: shown.png()))
        #expect(Scene.areAlike(seen, wanted), "\(seen) is not \(wanted)")
        #expect(try await Scene.sent(odd.bmp(pixels)).record.steps.isEmpty)
    }

    @Test func `a BMP whose rows are packed, or missing, is refused`() async throws {
        let whole = picture.bmp(.eight)
        var packed = whole
        packed[30] = 1
        for data in [packed, whole.prefix(whole.count - 1)] {
            let failure = await #expect(throws: Failure.self) { try await Scene.sent(Data(data), to: .openai) }
            #expect(failure?.label == "image_format")
        }
    }

    @Test func `only the first frame of a film is sent`() async throws {
        let sent = try await Scene.sent(picture.gif(blackFrames: 2))
        try await expectUpright(sent)
        #expect(sent.record.steps.contains(.converted))
        #expect(try !ImageHeader(parsing: sent.data).isAnimated)
    }

    @Test(arguments: [
        "image.webp", "image.heic[compression=hevc]", "image.avif[compression=av1]", "image.tif[compression=lzw]",
    ])
    func `a format of another encoder is read`(_ target: String) async throws {
        let data = try await VipsCommand.convert(picture.png(), to: target)
        let sent = try await Scene.sent(data, to: .openai)
        try await expectUpright(sent)
    }

    /// The picture with many pixels.
    private func large(_ small: Picture, _ size: PixelSize) async throws -> Data {
        let header = try ImageHeader(parsing: small.png())
        return try #require(
            try await Scene.converter.convert(small.png(), ConversionOrder(header: header, size: size))
        ).data
    }

    @Test func `a large photo is reduced to what the model uses`() async throws {
        let sent = try await Scene.sent(try await large(picture, PixelSize(width: 2400, height: 1800)))
        try await expectUpright(sent, PixelSize(width: 1856, height: 1376))
        #expect(sent.record.steps == [.scaled])
        let estimator = TokenEstimator(model: "qwen3-vl-plus", provider: .simulated, parameters: [:])
        func tokens(_ size: PixelSize) -> Int {
            estimator.promptTokens(text: "", system: nil, images: [(size.width, size.height)])
        }
        #expect(tokens(sent.record.sent.size) == tokens(sent.record.original.size))
    }

    @Test func `a picture looks like itself at another size, and unlike its mirror image`() async throws {
        func hash(_ data: Data) async throws -> PerceptualHash {
            let greys = try await Scene.converter.greyPixels(of: data, size: PerceptualHash.size)
            return try #require(PerceptualHash(greys: greys))
        }
        let own = try await hash(picture.png())
        let larger = try await hash(try await large(picture, PixelSize(width: 640, height: 480)))
        #expect(own.distance(to: larger) <= PerceptualHash.nearBits)
        let mirror = Picture(width: 64, height: 48) { picture.color(63 - $0, $1) }
        #expect(own.distance(to: try await hash(mirror.png())) > 2 * PerceptualHash.nearBits)
    }

    @Test func `a photo that lies on its side is reduced upright`() async throws {
        let turned = Picture(width: 48, height: 64) { picture.color(63 - $1, $0) }
        let jpeg = try await large(turned, PixelSize(width: 1800, height: 2400))
        let sent = try await Scene.sent(withOrientation(6, jpeg))
        try await expectUpright(sent, PixelSize(width: 1856, height: 1376))
        #expect(sent.record.steps == [.turned, .scaled])
    }

    @Test func `a file cut anywhere is refused, or whole in what matters`() async throws {
        let (jpeg, png) = (try await Scene.jpeg(picture), picture.png())
        for file in [jpeg, png, picture.gif(blackFrames: 1), picture.tiff(isCMYK: false)] {
            for twentieth in 0..<20 {
                let cut = file.prefix(file.count * twentieth / 20)
                do {
                    try await expectUpright(try await Scene.sent(Data(cut)))
                } catch let failure as Failure {
                    #expect(failure.kind == .unreadableImage)
                }
            }
        }
    }

    @Test(arguments: [(30_000, 30_000), (20_000, 10), (1, 1), (65_500, 65_500)])
    func `a header that promises too much, or too little, is refused`(_ width: Int, _ height: Int) async throws {
        var png = picture.png()
        png.replaceSubrange(16..<24, with: Picture.big(width, 4) + Picture.big(height, 4))
        let failure = await #expect(throws: Failure.self) { try await Scene.sent(png) }
        #expect(["image_too_large", "image_too_small", "image_ratio"].contains(failure?.label))
    }

    @Test func `a wrong extension and foreign content change nothing`() async throws {
        // The scene's file has no extension at all.
        try await expectUpright(try await Scene.sent(picture.png()))
        let failure = await #expect(throws: Failure.self) { try await Scene.sent(Data("no image".utf8)) }
        #expect(failure?.label == "not_an_image")
    }

    @Test func `an image that is too long for the provider is made to fit`() async throws {
        let noise = Picture.noise(width: 1700, height: 1600)
        let jpeg = try await Scene.sent(noise)
        #expect(jpeg.record.steps == [.scaled, .compressed])
        #expect(jpeg.record.sent.size == PixelSize(width: 1664, height: 1568))
        let png = try await Scene.sent(noise, ImagePreparation(format: .png))
        #expect(png.record.sent.format == .png)
        for sent in [jpeg, png] {
            let needed = ImageLimits.dataURLBytes(fileBytes: sent.data.count, format: sent.record.sent.format)
            #expect(needed <= 10_485_760)
        }
    }
}
