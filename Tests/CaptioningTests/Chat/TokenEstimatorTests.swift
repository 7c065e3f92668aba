import Testing

@testable import Captioning

struct TokenEstimatorTests {
    private func tokens(
        _ model: String, _ images: [(width: Int, height: Int)?], provider: Provider = .custom,
        parameters: [String: JSONValue] = [:]
    ) -> Int {
        TokenEstimator(model: model, provider: provider, parameters: parameters).promptTokens(
            text: "", system: nil, images: images) - 8
    }

    /// The vendor's figures (platform.openai.com/docs/guides/images-vision).
    @Test(arguments: [
        (2048, 1365, 1105, 910, 1457), (1024, 1024, 765, 630, 1024), (640, 480, 425, 350, 300),
        (512, 512, 255, 210, 256), (1920, 1080, 1105, 910, 1508), (3840, 2160, 1105, 910, 1508),
        (4032, 3024, 765, 630, 1452), (6000, 4000, 1105, 910, 1536), (100, 100, 255, 210, 16), (32, 32, 255, 210, 1),
        (2048, 4096, 1105, 910, 1536), (1800, 2400, 765, 630, 1452),
    ])
    func `OpenAI's tiles and patches are counted as the vendor counts them`(
        width: Int, height: Int, gpt4o: Int, gpt5: Int, patches: Int
    ) {
        #expect(tokens("gpt-4o", [(width, height)]) == gpt4o)
        #expect(tokens("openai/gpt-5", [(width, height)]) == gpt5)
        if (width, height) != (2048, 4096) {
            #expect(ImageTokens.openAIPatched(width: width, height: height, multiplier: 1) == patches)
        }
    }

    @Test(arguments: [
        ("qwen3-vl-plus", 2503), ("Qwen/Qwen3-VL-8B-Instruct", 2503), ("qwen9-something", 2503),
        ("qwen2.5-vl-7b-instruct", 1249), ("some-other-model", 1249), ("gpt-4o-mini-2024-07-18", 2833 + 6 * 5667),
        ("gpt-4.1-mini", 2360), ("o3", 75 + 6 * 150),
    ])
    func `a model's family decides`(model: String, expected: Int) {
        #expect(tokens(model, [(2048, 1365)]) == expected)
    }

    @Test func `high resolution lifts the limit, several images add up, an unknown size counts as a large one`() {
        let high: [String: JSONValue] = ["vl_high_resolution_images": .bool(true)]
        #expect(tokens("qwen3-vl-plus", [(2048, 1365)], parameters: high) == 2754)
        #expect(tokens("qwen3-vl-plus", [(640, 480), (512, 512)]) == 302 + 258)
        #expect(tokens("qwen3-vl-plus", [nil]) == 2496)
    }

    @Test(
        arguments: [
            ("qwen3-vl-plus", [:], 256), ("qwen3-vl-plus", ["max_tokens": .int(40)], 40),
            ("qwen3-vl-plus", ["enable_thinking": .bool(true)], 1024),
            ("gpt-5", ["max_completion_tokens": .int(9000)], 256),
            ("qwen3.5-plus", [:], 1024), ("qwen3.5-plus", ["enable_thinking": .bool(false)], 256),
        ] as [(String, [String: JSONValue], Int)])
    func `the first answers are assumed to be of a size`(model: String, parameters: [String: JSONValue], tokens: Int) {
        let estimator = TokenEstimator(model: model, provider: .custom, parameters: parameters)
        #expect(estimator.completionTokens == tokens)
    }

    @Test(arguments: [("", 0), ("What is this", 3), ("这是什么", 3), ("日本語 and English", 5)])
    func `text is counted by its script`(text: String, tokens: Int) {
        #expect(TokenEstimator.textTokens(text) == tokens)
    }
}
