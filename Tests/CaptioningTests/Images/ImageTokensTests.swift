import Captioning
import Testing

struct ImageTokensTests {
    struct Row: CustomTestStringConvertible, Sendable {
        let width: Int
        let height: Int
        let width28: Int
        let height28: Int
        let tokens28: Int
        let width32: Int
        let height32: Int
        let tokens32: Int
        let tokensHighResolution: Int

        init(
            _ size: (Int, Int), _ resized28: (Int, Int), _ tokens28: Int, _ resized32: (Int, Int), _ tokens32: Int,
            _ tokensHighResolution: Int
        ) {
            (width, height) = size
            (width28, height28) = resized28
            (width32, height32) = resized32
            self.tokens28 = tokens28
            self.tokens32 = tokens32
            self.tokensHighResolution = tokensHighResolution
        }

        var testDescription: String { "\(width)×\(height)" }
    }

    static let rows = [
        Row((2048, 1365), (1204, 812), 1249, (1952, 1312), 2503, 2754),
        Row((1024, 1024), (980, 980), 1227, (1024, 1024), 1026, 1026),
        Row((640, 480), (644, 476), 393, (640, 480), 302, 302),
        Row((512, 512), (504, 504), 326, (512, 512), 258, 258),
        Row((1920, 1080), (1316, 728), 1224, (1920, 1088), 2042, 2042),
        Row((3840, 2160), (1316, 728), 1224, (2144, 1184), 2481, 8162),
        Row((4032, 3024), (1148, 840), 1232, (1856, 1376), 2496, 11_846),
        Row((6000, 4000), (1204, 812), 1249, (1952, 1312), 2503, 16_226),
        Row((100, 100), (112, 112), 18, (96, 96), 11, 11),
        Row((32, 32), (56, 56), 6, (64, 64), 6, 6),
        Row((80, 112), (84, 112), 14, (64, 128), 10, 10),
        Row((11, 2000), (28, 1988), 73, (32, 1984), 64, 64),
        Row((689, 487), (700, 476), 427, (704, 480), 332, 332),
    ]

    static let most28 = 1280 * 28 * 28
    static let most32 = 2560 * 32 * 32
    static let mostOCR = 8_388_608

    @Test(arguments: rows)
    func `patches of 28 pixels cost what the older models count`(row: Row) {
        let size = ImageTokens.qwenResized(width: row.width, height: row.height, patch: 28, maxPixels: Self.most28)
        #expect(size == (row.width28, row.height28))
        #expect(
            ImageTokens.qwen(width: row.width, height: row.height, patch: 28, maxPixels: Self.most28) == row.tokens28)
    }

    @Test(arguments: rows)
    func `patches of 32 pixels cost what Qwen3-VL counts`(row: Row) {
        let size = ImageTokens.qwenResized(width: row.width, height: row.height, patch: 32, maxPixels: Self.most32)
        #expect(size == (row.width32, row.height32))
        #expect(
            ImageTokens.qwen(width: row.width, height: row.height, patch: 32, maxPixels: Self.most32) == row.tokens32)
    }

    @Test(arguments: rows)
    func `high resolution lifts the limit`(row: Row) {
        #expect(
            ImageTokens.qwenHighResolution(width: row.width, height: row.height, patch: 32)
                == row.tokensHighResolution)
    }

    @Test(arguments: [
        (2048, 1365, 2048, 1376), (3840, 2160, 3840, 2176), (4032, 3024, 4032, 3008), (6000, 4000, 4992, 3328),
    ])
    func `high resolution resizes to`(width: Int, height: Int, resizedWidth: Int, resizedHeight: Int) {
        let size = ImageTokens.qwenResized(width: width, height: height, patch: 32, maxPixels: 16_384 * 32 * 32)
        #expect(size == (resizedWidth, resizedHeight))
    }

    @Test func `the reading models of text have their own limit`() {
        let scan = (width: 6000, height: 3000)
        let size = ImageTokens.qwenResized(width: scan.width, height: scan.height, patch: 32, maxPixels: Self.mostOCR)
        #expect(size == (4096, 2048))
        #expect(ImageTokens.qwen(width: 6000, height: 3000, patch: 32, maxPixels: Self.mostOCR) == 8194)
        #expect(ImageTokens.qwen(width: 6000, height: 3000, patch: 28, maxPixels: Self.mostOCR) == 10_660)
        #expect(ImageTokens.qwen(width: 1500, height: 1734, patch: 28, maxPixels: Self.mostOCR) == 3350)
        #expect(ImageTokens.qwen(width: 1500, height: 1734, patch: 32, maxPixels: Self.mostOCR) == 2540)
    }

    @Test func `whole prompts come to the vendor's totals`() {
        #expect(ImageTokens.qwenPrompt(images: [1249], text: 2) == 1259)
        #expect(ImageTokens.qwenPrompt(images: [1249, 1249], text: 3) == 2509)
        #expect(ImageTokens.qwenPrompt(images: [1249], text: 8, system: 6) == 1276)
        #expect(ImageTokens.qwenPrompt(images: [2503], text: 7, thinks: true) == 2520)
        #expect(ImageTokens.qwenPrompt(images: [2503], text: 3) == 2514)
    }

    @Test func `a least size of one's own enlarges`() {
        #expect(ImageTokens.qwen(width: 32, height: 32, patch: 32, minPixels: 1024, maxPixels: Self.most32) == 3)
        #expect(ImageTokens.qwen(width: 32, height: 32, patch: 32, minPixels: 16_384, maxPixels: Self.most32) == 18)
    }

    @Test(arguments: [0, -1, .min, 1, .max], [0, 1, .max])
    func `senseless numbers give some count`(side: Int, other: Int) {
        #expect(ImageTokens.qwen(width: side, height: other, patch: other, minPixels: side, maxPixels: side) > 2)
        #expect(ImageTokens.qwenHighResolution(width: side, height: other, patch: side) > 2)
    }
}
