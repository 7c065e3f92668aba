import Captioning
import Testing

struct ImageLimitsTests {
    static let dashscope: [(ImageFormat, Int, Int, String?)] = [
        (.jpeg, 640, 480, nil),
        (.jpeg, 11, 11, nil),
        (.jpeg, 10, 640, "image_too_small"),
        (.png, 640, 10, "image_too_small"),
        (.png, 11, 2200, nil),
        (.png, 2200, 11, nil),
        (.png, 11, 2201, "image_ratio"),
        (.png, 2201, 11, "image_ratio"),
        (.gif, 640, 480, "image_format"),
        (.avif, 640, 480, "image_format"),
        (.svg, 640, 480, "image_format"),
        (.heic, 640, 480, nil),
        (.webp, 3840, 2160, nil),
        (.webp, 2160, 3840, nil),
        (.webp, 3841, 2160, "image_format"),
        (.heic, 4032, 3024, "image_format"),
        (.jpeg, 12_000, 9000, nil),
        (.png, 50_000, 50_000, nil),
    ]

    @Test(arguments: dashscope)
    func `DashScope's rules hold`(format: ImageFormat, width: Int, height: Int, label: String?) {
        let header = ImageHeader(format: format, width: width, height: height)
        for provider in [Provider.dashscope, .simulated] {
            #expect(ImageLimits.limits(for: provider).violation(of: header, fileBytes: 1000)?.label == label)
        }
    }

    @Test func `the whole data URL counts, not the file`() {
        let limits = ImageLimits.limits(for: .dashscope)
        let header = ImageHeader(format: .jpeg, width: 640, height: 480)
        // 23 bytes of "data:image/jpeg;base64," leave room for 2,621,434 groups of three bytes.
        let most = 2_621_434 * 3
        #expect(ImageLimits.dataURLBytes(fileBytes: most, format: .jpeg) == 10_485_759)
        #expect(limits.violation(of: header, fileBytes: most) == nil)
        #expect(limits.violation(of: header, fileBytes: most + 1)?.label == "image_too_large")
    }

    @Test(arguments: [(0, 22), (1, 26), (3, 26), (4, 30)])
    func `base64 pads to four characters`(fileBytes: Int, length: Int) {
        #expect(ImageLimits.dataURLBytes(fileBytes: fileBytes, format: .png) == length)
    }

    @Test func `a file far too large is refused before it is read`() {
        #expect(ImageLimits.limits(for: .dashscope).violation(fileBytes: 7_864_320) == nil)
        let refusal = ImageLimits.limits(for: .dashscope).violation(fileBytes: 20 << 20)
        #expect(refusal?.label == "image_too_large")
        #expect(
            refusal?.message
                == "The file has 20 MiB and the most is 7.50 MiB (DashScope takes 10 MiB as base64); make it smaller.")
        #expect(ImageLimits.limits(for: .vllm).violation(fileBytes: 64 << 20) == nil)
        #expect(ImageLimits.limits(for: .vllm).violation(fileBytes: (64 << 20) + 1)?.label == "image_too_large")
    }

    @Test func `sizes at the end of the range do not overflow`() {
        let header = ImageHeader(format: .webp, width: .max, height: .max)
        #expect(ImageLimits.limits(for: .dashscope).violation(of: header, fileBytes: .max)?.label == "image_format")
        #expect(ImageLimits.dataURLBytes(fileBytes: .max, format: .png) == .max)
    }

    @Test func `OpenAI takes a GIF that does not move`() {
        let limits = ImageLimits.limits(for: .openai)
        let still = ImageHeader(format: .gif, width: 5, height: 5)
        let film = ImageHeader(format: .gif, width: 5, height: 5, isAnimated: true)
        #expect(limits.violation(of: still, fileBytes: 10) == nil)
        #expect(limits.violation(of: film, fileBytes: 10)?.label == "image_animated")
    }

    static let formats: [(Provider, ImageFormat, Bool)] = [
        (.ollama, .webp, true), (.ollama, .heic, false), (.lmstudio, .webp, false), (.lmstudio, .png, true),
        (.openrouter, .gif, true), (.openrouter, .bmp, false), (.vllm, .tiff, true), (.custom, .qoi, true),
    ]

    @Test(arguments: formats)
    func `providers take their own formats`(provider: Provider, format: ImageFormat, isTaken: Bool) {
        let header = ImageHeader(format: format, width: 1, height: 3000)
        #expect((ImageLimits.limits(for: provider).violation(of: header, fileBytes: 10) == nil) == isTaken)
    }

    @Test func `two local servers do not download`() {
        let without = Provider.allCases.filter { !ImageLimits.limits(for: $0).acceptsRemoteURLs }
        #expect(without == [.ollama, .lmstudio])
    }

    static let messages: [(ImageHeader, String)] = [
        (
            ImageHeader(format: .gif, width: 50, height: 50),
            "GIF is not accepted by DashScope; convert it to PNG or JPEG."
        ),
        (
            ImageHeader(format: .png, width: 1, height: 40),
            "The image has 1 × 40 pixels and DashScope wants at least 11 on each side; enlarge it or leave it out."
        ),
        (
            ImageHeader(format: .png, width: 11, height: 2201),
            "The image has 11 × 2201 pixels, and DashScope takes no side more than 200 times the other; "
                + "crop or pad it."
        ),
        (
            ImageHeader(format: .heic, width: 4032, height: 3024),
            "The image has 4032 × 3024 pixels, and above 8294400 in all DashScope does not take HEIC; "
                + "convert it to JPEG or PNG, or make it smaller."
        ),
    ]

    @Test(arguments: messages)
    func `messages say what was found, what the limit is and what to do`(header: ImageHeader, message: String) {
        #expect(ImageLimits.limits(for: .dashscope).violation(of: header, fileBytes: 10)?.message == message)
    }
}
