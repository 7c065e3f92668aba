import Captioning
import Testing

struct KnownModelsTests {
    @Test(arguments: ["qwen3-vl-plus", "Qwen3-VL-Plus", "qwen/qwen3-vl-plus", "a/b/QWEN3-VL-PLUS:free"])
    func `a model is found in any case and with a prefix`(id: String) {
        #expect(KnownModels.model(id)?.id == "qwen3-vl-plus")
    }

    static let facts: [(String, Int, Int?, KnownModel.Thinking, String?)] = [
        ("qwen3-vl-plus", 32, 2_621_440, .onRequest, nil),
        ("qwen3-vl-flash-us", 32, 2_621_440, .onRequest, "2026-10-10"),
        ("qwen3-vl-8b-instruct", 32, 2_621_440, .never, "2026-10-10"),
        ("qwen3-vl-30b-a3b-thinking", 32, 2_621_440, .always, "2026-10-10"),
        ("qwen-vl-max-2025-08-13", 32, 2_621_440, .never, "2026-05-13"),
        ("qwen-vl-max-2025-04-08", 28, 1_003_520, .never, "2026-05-13"),
        ("qwen-vl-plus-2025-07-10", 28, 1_003_520, .never, "2026-05-13"),
        ("qwen2-vl-7b-instruct", 28, 1_003_520, .never, "2026-03-30"),
        ("qwen-vl-ocr-2025-11-20", 32, 8_388_608, .never, nil),
        ("qwen-vl-ocr-2025-04-13", 28, nil, .never, "2026-10-10"),
        ("qvq-max-2025-05-15", 28, 1_003_520, .always, "2026-05-13"),
        ("qvq-plus", 28, 1_003_520, .always, "2026-10-10"),
        ("qwen3.7-plus", 32, 2_621_440, .unlessRefused, nil),
    ]

    @Test(arguments: facts)
    func `the table holds the vendor's facts`(
        id: String, patch: Int, maxPixels: Int?, thinking: KnownModel.Thinking, retiredOn: String?
    ) {
        let model = KnownModels.model(id)
        #expect(model?.patch == patch)
        #expect(model?.defaultMaxPixels == maxPixels)
        #expect(model?.thinking == thinking)
        #expect(model?.retiredOn == retiredOn)
    }

    @Test(arguments: ["qvq-max", "QVQ-Max-Latest", "qwen/qvq-72b-preview", "qvq-plus", "qwq-plus", "qwen3-omni-flash"])
    func `some families only stream`(id: String) {
        #expect(KnownModels.isStreamingOnly(id))
    }

    @Test(arguments: ["qwen3-vl-plus", "qwen3-vl-8b-thinking", "gpt-4o", "my-qvq-max", "", "/", "qvq/other"])
    func `the others need not stream`(id: String) {
        #expect(!KnownModels.isStreamingOnly(id))
    }

    @Test(arguments: ["qwen3-vl-plus", "qwen-vl-ocr-2025-11-20", "qwen3.7-plus"])
    func `a model in service needs no advice`(id: String) {
        #expect(KnownModels.advice(for: id, provider: .dashscope) == nil)
    }

    @Test func `a retired model comes with its day and its replacement`() {
        #expect(
            KnownModels.advice(for: "qwen3-vl-flash", provider: .dashscope)
                == "The vendor's list ends 'qwen3-vl-flash' on 2026-10-10, so requests may be refused; "
                + "use qwen3.6-flash instead.")
    }

    @Test func `a thinking model comes with the dispute about streaming`() {
        let advice = KnownModels.advice(for: "qwen3-vl-8b-thinking", provider: .dashscope)
        #expect(advice?.contains("2026-10-10") == true)
        #expect(advice?.contains("without streaming") == true)
    }

    @Test func `an unknown model gets a warning, and only at DashScope`() {
        #expect(KnownModels.advice(for: "qwen9-vl", provider: .dashscope)?.contains("'qwen9-vl'") == true)
        for provider in Provider.allCases where provider != .dashscope {
            #expect(KnownModels.advice(for: "qwen9-vl", provider: provider) == nil)
            #expect(KnownModels.advice(for: "qwen-vl-max", provider: provider) == nil)
        }
    }

    @Test func `every replacement is itself in service`() {
        for id in [
            "qwen-vl-max", "qwen-vl-plus", "qwen3-vl-flash-us", "qwen-vl-ocr", "qwen2-vl-2b-instruct", "qvq-max",
        ] {
            let replacement = KnownModels.model(id)?.replacement.flatMap { KnownModels.model($0) }
            #expect(replacement != nil)
            #expect(replacement?.retiredOn == nil)
        }
    }
}
