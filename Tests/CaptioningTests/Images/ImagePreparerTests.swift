import Foundation
import Testing

@testable import Captioning

/// What is decided about an image; what becomes of its pixels is tested with a real converter.
struct ImagePreparerTests {
    /// A converter that makes what it is told, or says what is in its way.
    struct Converter: ImageConverter {
        var obstacle: String?
        /// How many bytes it makes of so many pixels.
        var bytesPerPixel = 1.0
        var isOpaque = false

        func greyPixels(of data: Data, size: PixelSize) async throws(Failure) -> [UInt8] { [] }

        func convert(_ data: Data, _ order: ConversionOrder) async throws(Failure) -> ConvertedImage? {
            if isOpaque, order.onlyIfTransparent { return nil }
            let size = order.size ?? order.header.uprightSize
            return ConvertedImage(
                data: Data(count: Int(Double(size.pixels) * bytesPerPixel)),
                format: order.output == .png ? .png : .jpeg,
                size: size)
        }
    }

    private func payload(
        _ data: Data, _ rules: ImagePreparation = ImagePreparation(), provider: Provider = .dashscope,
        model: String = "qwen3-vl-plus", converter: Converter? = Converter()
    ) async throws -> ImagePayload {
        let preparer = ImagePreparer(
            rules: rules, limits: [.limits(for: provider)],
            estimators: [TokenEstimator(model: model, provider: provider, parameters: [:])], converter: converter)
        let header = try ImageHeader(parsing: data)
        let image = LoadedImage(data: data, header: header, digest: [1, 2, 3])
        return try await preparer.prepare(image, within: ImageMemory(limit: 1).enter(0))
    }

    private func label(_ body: () async throws -> ImagePayload) async -> String? {
        do {
            _ = try await body()
            return nil
        } catch {
            return (error as? Failure)?.label
        }
    }

    private static let turned = ImageBytes.jpeg(
        640, 480, before: ImageBytes.segment(0xE1, ImageBytes.exif(orientation: 6)))
    private static let tagged = ImageBytes.jpeg(
        640, 480, before: ImageBytes.segment(0xE1, ImageBytes.exif(orientation: 1)))

    @Test func `what the provider takes as it is goes out untouched`() async throws {
        let payload = try await payload(ImageBytes.jpeg(640, 480))
        #expect(payload.buffer.data == ImageBytes.jpeg(640, 480))
        #expect(payload.record.steps.isEmpty)
        #expect(payload.record.original == payload.record.sent)
    }

    @Test func `metadata is left out unless it is asked for`() async throws {
        let stripped = try await payload(Self.tagged)
        #expect(stripped.buffer.data == ImageBytes.jpeg(640, 480))
        #expect(stripped.record.steps == [.stripped])
        let kept = try await payload(Self.tagged, ImagePreparation(stripsMetadata: false))
        #expect(kept.buffer.data == Self.tagged)
        #expect(kept.record.steps.isEmpty)
    }

    @Test func `never means as it is, however it lies`() async throws {
        let payload = try await payload(Self.turned, ImagePreparation(mode: .never))
        #expect(payload.buffer.data == Self.turned)
        #expect(payload.record.steps.isEmpty)
        // What the provider would refuse is refused here, before it costs anything.
        #expect(
            await label { try await self.payload(ImageBytes.gif(640, 480), ImagePreparation(mode: .never)) }
                == "image_format")
    }

    @Test(arguments: [
        ("turned", ImagePreparerTests.turned, [SentImage.Step.turned]),
        ("a format of another", ImageBytes.gif(640, 480), [.converted]),
        ("large", ImageBytes.jpeg(4032, 3024), [.scaled]),
        ("deep", ImageBytes.png(640, 480, depth: 16), [.depth]),
        ("transparent", ImageBytes.png(640, 480, colorType: 6), [.flattened]),
        ("cut", ImageBytes.jpeg(640, 480).dropLast(2), [.repaired]),
    ])
    func `what the model would see wrongly is converted`(
        _ name: String, _ data: Data, _ steps: [SentImage.Step]
    ) async throws {
        #expect(try await payload(data).record.steps == steps)
    }

    @Test func `without a converter only what must be converted fails, and says what to install`() async throws {
        let missing = Converter(obstacle: "libvips is not there: install it")
        for converter in [missing, nil] {
            for data in [Self.turned, ImageBytes.gif(640, 480), ImageBytes.jpeg(640, 480).dropLast(2)] {
                #expect(await label { try await self.payload(data, converter: converter) } == "converter_missing")
            }
            for data in [ImageBytes.jpeg(4032, 3024), ImageBytes.png(640, 480, colorType: 6)] {
                let payload = try await payload(data, converter: converter)
                #expect(payload.buffer.data == data)
                #expect(payload.record.steps.isEmpty)
            }
        }
        let failure = await #expect(throws: Failure.self) { try await payload(Self.turned, converter: missing) }
        #expect(failure?.detail.contains("turned") == true && failure?.detail.contains("install it") == true)
    }

    @Test func `metadata that cannot be left out is not sent, unless the spec says so`() async throws {
        let (drawing, photo) = (
            ImageBytes.svg("width='64' height='48'"),
            ImageBytes.heif(brand: "heic", meta: ImageBytes.twoItems(64, 48, thumbnail: (1, 1)))
        )
        let failure = await #expect(throws: Failure.self) { try await payload(drawing, provider: .custom) }
        #expect(failure?.label == "image_format" && failure?.detail.contains("strip_metadata: false") == true)
        let missing = await #expect(throws: Failure.self) { try await payload(photo, converter: nil) }
        #expect(missing?.label == "converter_missing" && missing?.detail.contains("strip_metadata: false") == true)
        #expect(try await payload(photo).record.steps == [.stripped])
        for file in [drawing, photo] {
            let kept = try await payload(
                file, ImagePreparation(stripsMetadata: false), provider: .custom, converter: nil)
            #expect(kept.buffer.data == file && kept.record.steps.isEmpty)
        }
    }

    @Test func `an opaque image with an alpha channel goes out as it is`() async throws {
        let image = ImageBytes.png(640, 480, colorType: 6)
        let payload = try await payload(image, converter: Converter(isOpaque: true))
        #expect(payload.record.steps.isEmpty)
    }

    @Test func `a format that nothing converts fails where the provider does not take it`() async throws {
        #expect(await label { try await self.payload(ImageBytes.psd(640, 480)) } == "image_format")
        let bitmap = ImageBytes.bmp(31, 33) + Data(count: 96 * 33)
        #expect(try await payload(bitmap).record.steps.isEmpty)
        var packed = bitmap
        packed[30] = 1
        #expect(await label { try await self.payload(packed, provider: .openai, model: "gpt-4o") } == "image_format")
    }

    @Test func `neither we nor a provider decode a billion pixels`() async throws {
        #expect(await label { try await self.payload(ImageBytes.png(50_000, 50_000)) } == "image_too_large")
        #expect(await label { try await self.payload(ImageBytes.jpeg(30_000, 30_000)) } == "image_too_large")
        #expect(
            await label { try await self.payload(ImageBytes.jpeg(20_000, 14_000, frame: 0xC2)) } == "image_too_large")
        // In one pass it is decoded row by row.
        #expect(try await payload(ImageBytes.jpeg(20_000, 14_000)).record.steps == [.scaled])
    }

    @Test func `an image that stays too long is made smaller until it fits`() async throws {
        let converter = Converter(bytesPerPixel: 8)
        let payload = try await payload(ImageBytes.gif(2000, 1300), converter: converter)
        #expect(payload.record.sent.size.pixels < 1_000_000)
        #expect(payload.buffer.count < 7_864_320)
        #expect(
            await label {
                try await self.payload(ImageBytes.gif(2000, 1300), converter: Converter(bytesPerPixel: 5000))
            }
                == "image_too_large")
    }

    @Test func `the spec's own wishes come first`() async throws {
        let small = try await payload(ImageBytes.jpeg(1000, 500), ImagePreparation(maxPixels: 125_000))
        #expect(small.record.sent.size == PixelSize(width: 500, height: 250))
        let png = try await payload(ImageBytes.jpeg(640, 480), ImagePreparation(format: .png))
        #expect(png.record.sent.format == .png && png.record.steps == [.converted])
    }

    @Test(arguments: [
        (Provider.dashscope, "qwen3-vl-plus", PixelSize(width: 1856, height: 1376)),
        (.dashscope, "qwen2.5-vl-72b-instruct", PixelSize(width: 1148, height: 840)),
        (.openai, "gpt-4o", PixelSize(width: 1024, height: 768)),
        (.openai, "a-model-of-next-year", PixelSize(width: 4032, height: 3024)),
        (.vllm, "Qwen/Qwen3-VL-8B-Instruct", PixelSize(width: 4032, height: 3024)),
        (.ollama, "llava", PixelSize(width: 4032, height: 3024)),
    ])
    func `an image is reduced to what the model uses, where that is known`(
        _ provider: Provider, _ model: String, _ size: PixelSize
    ) async throws {
        let payload = try await payload(ImageBytes.jpeg(4032, 3024), provider: provider, model: model)
        #expect(payload.record.sent.size == size)
        let estimator = TokenEstimator(model: model, provider: provider, parameters: [:])
        func tokens(_ size: PixelSize) -> Int {
            estimator.promptTokens(text: "", system: nil, images: [(size.width, size.height)])
        }
        #expect(tokens(payload.record.sent.size) == tokens(payload.record.original.size))
    }

    @Test func `of several endpoints the one that sees most decides`() {
        let estimators = [("gpt-4o", Provider.openai), ("qwen3-vl-plus", .dashscope)].map {
            TokenEstimator(model: $0.0, provider: $0.1, parameters: [:])
        }
        let preparer = ImagePreparer(rules: ImagePreparation(), limits: [], estimators: estimators, converter: nil)
        #expect(preparer.sentSize(of: PixelSize(width: 4032, height: 3024)) == PixelSize(width: 1856, height: 1376))
    }

    @Test func `several images are told of together`() {
        func facts(_ width: Int, _ bytes: Int) -> SentImage.Facts {
            SentImage.Facts(format: .jpeg, size: PixelSize(width: width, height: 10), bytes: bytes)
        }
        let images = SentImages([
            SentImage(original: facts(40, 900), sent: facts(20, 300), steps: [.scaled, .turned]),
            SentImage(original: facts(7, 50), sent: facts(7, 50), steps: []),
        ])
        #expect(
            images
                == SentImages(
                    imageSize: "40x10 7x10", imageFormat: "jpeg jpeg", imageBytes: 950, sentSize: "20x10 7x10",
                    sentFormat: "jpeg jpeg", sentBytes: 350, prepared: "turned scaled"))
        #expect(SentImages([]) == nil)
    }
}

struct PixelSizeTests {
    @Test(arguments: [
        (PixelSize(width: 100, height: 50), 5000, PixelSize(width: 100, height: 50)),
        (PixelSize(width: 100, height: 50), 1250, PixelSize(width: 50, height: 25)),
        (PixelSize(width: 1_000_000, height: 1), 10, PixelSize(width: 10, height: 1)),
    ])
    func `it is fitted to a number of pixels`(_ size: PixelSize, _ most: Int, _ fitted: PixelSize) {
        #expect(size.fitted(toPixels: most) == fitted)
    }

    @Test func `its pixels never overflow`() {
        #expect(PixelSize(width: .max, height: 2).pixels == .max)
    }
}
