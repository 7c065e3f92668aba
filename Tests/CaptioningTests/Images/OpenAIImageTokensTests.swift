import Testing

@testable import Captioning

struct OpenAIImageTokensTests {
    /// Width, height, tokens of a gpt-4o and of a gpt-5, and patches.
    static let rows = [
        (2048, 1365, 1105, 910, 1457), (1024, 1024, 765, 630, 1024), (640, 480, 425, 350, 300),
        (512, 512, 255, 210, 256), (1920, 1080, 1105, 910, 1508), (3840, 2160, 1105, 910, 1508),
        (4032, 3024, 765, 630, 1452), (6000, 4000, 1105, 910, 1536), (100, 100, 255, 210, 16), (32, 32, 255, 210, 1),
        (80, 112, 255, 210, 12), (11, 2000, 765, 630, 63), (689, 487, 425, 350, 352),
    ]

    @Test(arguments: rows)
    func `tiles and patches are counted as the vendor counts them`(
        width: Int, height: Int, gpt4o: Int, gpt5: Int, patches: Int
    ) {
        func tokens(_ rule: ImageTokens.OpenAIRule) -> Int {
            ImageTokens.openAI(width: width, height: height, rule: rule)
        }
        #expect(tokens(.tiles(base: 85, tile: 170)) == gpt4o)
        #expect(tokens(.tiles(base: 70, tile: 140)) == gpt5)
        #expect(tokens(.patches(percent: 100)) == patches)
    }

    @Test(arguments: [
        (2048, 1365, 2361), (1024, 1024, 1659), (640, 480, 486), (512, 512, 415), (1920, 1080, 2443),
    ])
    func `a patch that costs more than a token is rounded up once`(width: Int, height: Int, tokens: Int) {
        #expect(ImageTokens.openAI(width: width, height: height, rule: .patches(percent: 162)) == tokens)
    }

    @Test(arguments: [(1200, 1600, 1452), (1080, 2700, 1440), (1600, 2400, 1536), (1040, 1560, 1536)])
    func `a side of whole squares stays whole whatever the last digits are`(width: Int, height: Int, patches: Int) {
        #expect(ImageTokens.openAI(width: width, height: height, rule: .patches(percent: 100)) == patches)
    }

    @Test func `the vendor's own examples come out`() {
        #expect(ImageTokens.openAI(width: 1024, height: 1024, rule: .tiles(base: 85, tile: 170)) == 765)
        #expect(ImageTokens.openAI(width: 2048, height: 4096, rule: .tiles(base: 85, tile: 170)) == 1105)
        #expect(ImageTokens.openAI(width: 1024, height: 1024, rule: .patches(percent: 100)) == 1024)
        #expect(ImageTokens.openAI(width: 1800, height: 2400, rule: .patches(percent: 100)) == 1452)
    }

    @Test(arguments: [
        ("gpt-4o", ImageTokens.OpenAIRule.tiles(base: 85, tile: 170)),
        ("gpt-4o-2024-08-06", .tiles(base: 85, tile: 170)), ("OpenAI/GPT-4.1", .tiles(base: 85, tile: 170)),
        ("gpt-4.5-preview", .tiles(base: 85, tile: 170)), ("gpt-4o-mini", .tiles(base: 2833, tile: 5667)),
        ("openai/gpt-4o-mini:free", .tiles(base: 2833, tile: 5667)), ("gpt-5", .tiles(base: 70, tile: 140)),
        ("gpt-5-chat-latest", .tiles(base: 70, tile: 140)), ("o1", .tiles(base: 75, tile: 150)),
        ("o1-pro", .tiles(base: 75, tile: 150)), ("o3", .tiles(base: 75, tile: 150)),
        ("computer-use-preview", .tiles(base: 65, tile: 129)), ("gpt-5-mini", .patches(percent: 162)),
        ("gpt-5-nano", .patches(percent: 246)), ("gpt-4.1-mini-2025-04-14", .patches(percent: 162)),
        ("gpt-4.1-nano", .patches(percent: 246)), ("o4-mini", .patches(percent: 172)),
        ("gpt-5.4", .patches(most: 2500, side: 2048, percent: 120)),
        ("gpt-5.5", .patches(most: 10_000, side: 6000, percent: 120)),
    ])
    func `a model's family is the longest name that begins it`(model: String, rule: ImageTokens.OpenAIRule) {
        #expect(ImageTokens.OpenAIRule.rule(forModel: model) == rule)
    }

    @Test(arguments: ["gpt-4", "gpt-50", "o10", "o4", "qwen3-vl-plus", "my-gpt-4o", "", "gpt-4oo"])
    func `other names have no rule`(model: String) {
        #expect(ImageTokens.OpenAIRule.rule(forModel: model) == nil)
    }

    @Test func `larger pictures cost more where they are taken as they are`() throws {
        let newer = try #require(ImageTokens.OpenAIRule.rule(forModel: "gpt-5.6"))
        #expect(ImageTokens.openAI(width: 1600, height: 1600, rule: newer) == 3000)
        #expect(ImageTokens.openAI(width: 6000, height: 6000, rule: newer) == 12_000)
    }

    @Test func `no size costs more than the most`() {
        let sides = [1, 31, 512, 513, 767, 769, 1000, 1536, 2047, 2048, 2049, 4000, 9999, 100_000, Int.max, 0, -5]
        for rule in [ImageTokens.OpenAIRule.tiles(base: 85, tile: 170), .patches(percent: 162)] {
            let costs = sides.flatMap { width in
                sides.map { ImageTokens.openAI(width: width, height: $0, rule: rule) }
            }
            #expect(costs.allSatisfy { $0 > 0 && $0 <= ImageTokens.openAIMost(rule: rule) })
            #expect(costs.contains { $0 > ImageTokens.openAIMost(rule: rule) * 9 / 10 })
        }
    }
}
