import Testing

@testable import Captioning

struct TokenEstimatorTests {
    private func prompt(
        _ model: String, _ provider: Provider = .custom, text: String = "", system: String? = nil,
        parameters: [String: JSONValue] = [:], images: [(width: Int, height: Int)?] = [(2048, 1365)]
    ) -> Int {
        TokenEstimator(model: model, provider: provider, parameters: parameters)
            .promptTokens(text: text, system: system, images: images)
    }

    /// What one image of 2048×1365 costs, and one of unknown size.
    static let families: [(String, Provider, Int, Int)] = [
        ("qwen3-vl-plus", .dashscope, 2503, 2562), ("Qwen/Qwen3-VL-8B-Instruct", .vllm, 2503, 2562),
        ("qwen-vl-max-2025-04-08", .dashscope, 1249, 1282), ("qwen2.5vl:7b", .ollama, 1249, 1282),
        ("qvq-72b-preview", .custom, 1249, 1282), ("qwen9-vl", .custom, 2503, 2562),
        ("qwen-vl-ocr", .dashscope, 2754, 8194), ("next-vl", .dashscope, 2503, 2562),
        ("anything", .simulated, 2503, 2562), ("gpt-4o", .openai, 1105, 1445),
        ("openai/gpt-4o", .openrouter, 1105, 1445),
        ("gpt-5", .openai, 910, 1190), ("gpt-4.1-mini", .openai, 2361, 2489), ("my-deployment", .openai, 1105, 1445),
        ("llava", .ollama, 1249, 1282), ("gemini-3-flash", .custom, 1249, 1282),
    ]

    @Test(arguments: families)
    func `a model's family decides what an image costs`(model: String, provider: Provider, known: Int, unknown: Int) {
        // The frame of 8, and 2 more where Qwen thinks.
        let frame = model.hasPrefix("qvq") || model.hasPrefix("qwen9") ? 10 : 8
        #expect(prompt(model, provider) == known + frame)
        #expect(prompt(model, provider, images: [nil]) == unknown + frame)
        #expect(prompt(model, provider, images: [nil, (2048, 1365)]) == known + unknown + frame)
        #expect(prompt(model, provider, images: []) == frame)
    }

    @Test func `high resolution lifts the limit`() {
        let parameters: [String: JSONValue] = ["vl_high_resolution_images": .bool(true)]
        #expect(prompt("qwen3-vl-plus", .dashscope, parameters: parameters) == 2754 + 8)
        #expect(prompt("qwen3-vl-plus", .dashscope, parameters: parameters, images: [nil]) == 16_386 + 8)
    }

    @Test func `a whole prompt comes near the vendor's total`() {
        #expect(prompt("qwen3-vl-plus", text: "What are these") == 2503 + 8 + 4)
        #expect(prompt("qwen3-vl-plus", text: "What are these", system: "Be brief.") == 2503 + 8 + 4 + 5 + 3)
        #expect(
            prompt("qwen3-vl-plus", text: "What are these", parameters: ["enable_thinking": .bool(true)])
                == 2503 + 8 + 4 + 2)
    }

    @Test(arguments: [
        ("", 0), ("a", 1), ("abcd", 1), ("abcde", 2), ("Describe the image.", 5), ("这是什么", 3), ("Что это?", 4),
        ("画像を説明してください", 8), ("이것은", 2), ("😀", 1), ("Say 你好 now", 4),
    ])
    func `texts are counted by script`(text: String, tokens: Int) {
        #expect(TokenEstimator.textTokens(text) == tokens)
    }

    @Test(arguments: [
        ("qwen3-vl-plus", Provider.dashscope, [String: JSONValue](), 256),
        ("qwen3-vl-plus", .dashscope, ["max_tokens": .int(100)], 100),
        ("qwen3-vl-plus", .dashscope, ["max_tokens": .int(4000)], 256),
        ("qwen3-vl-plus", .dashscope, ["max_tokens": .int(0)], 256),
        ("qwen3-vl-plus", .dashscope, ["max_tokens": .string("9")], 256),
        ("qwen3-vl-plus", .dashscope, ["enable_thinking": .bool(true)], 1024),
        ("qwen3-vl-plus", .dashscope, ["enable_thinking": .bool(true), "max_tokens": .int(100)], 1024),
        ("qwen3-vl-plus", .vllm, ["enable_thinking": .bool(true), "max_tokens": .int(100)], 100),
        ("qwen3.7-plus", .dashscope, [:], 1024), ("qwen3.7-plus", .dashscope, ["enable_thinking": .bool(false)], 256),
        ("qwen3.9-plus", .dashscope, [:], 1024), ("qwen3.9-plus", .dashscope, ["enable_thinking": .bool(false)], 256),
        ("qwen3.7-plus", .dashscope, ["max_completion_tokens": .int(300)], 300),
        ("qwen3-vl-8b-thinking", .dashscope, [:], 1024),
        ("Qwen/Qwen3.5-9B", .vllm, ["chat_template_kwargs": .object(["enable_thinking": .bool(false)])], 256),
        ("gpt-4o", .openai, ["max_completion_tokens": .int(50)], 50), ("gpt-5", .openai, [:], 1024),
        ("gpt-5", .openai, ["reasoning_effort": .string("minimal")], 256), ("gpt-5-chat-latest", .openai, [:], 256),
        ("llava", .ollama, [:], 256), ("llava", .ollama, ["enable_thinking": .bool(true)], 1024),
    ])
    func `an answer is assumed to be short unless the model thinks`(
        model: String, provider: Provider, parameters: [String: JSONValue], tokens: Int
    ) {
        #expect(TokenEstimator(model: model, provider: provider, parameters: parameters).completionTokens == tokens)
    }
}
