extension KnownModels {
    /// Models that share everything but the name.
    struct Row {
        /// The ids, separated by spaces.
        let ids: String
        let retiredOn: String?
        let replacement: String?
        let patch: Int
        let maxPixels: Int?
        let thinking: KnownModel.Thinking
        var isStreamingOnly = false
        var isNonStreamingDisputed = false
    }

    /// Retirement days and replacements are those of the vendor's lifecycle page.
    ///
    /// Where that page names no replacement, the table names a model that is still listed.
    static let rows: [Row] = [
        Row(
            ids: "qwen3-vl-plus", retiredOn: nil, replacement: nil, patch: 32, maxPixels: patches2560,
            thinking: .onRequest),
        Row(
            ids: "qwen3.5-plus qwen3.5-flash qwen3.6-flash qwen3.6-flash-us qwen3.7-plus", retiredOn: nil,
            replacement: nil, patch: 32, maxPixels: patches2560, thinking: .unlessRefused),
        Row(
            ids: "qwen3-vl-plus-2025-09-23 qwen3-vl-plus-2025-12-19", retiredOn: autumn, replacement: "qwen3.7-plus",
            patch: 32, maxPixels: patches2560, thinking: .onRequest),
        Row(
            ids: "qwen3-vl-flash qwen3-vl-flash-2025-10-15 qwen3-vl-flash-2026-01-22", retiredOn: autumn,
            replacement: "qwen3.6-flash", patch: 32, maxPixels: patches2560, thinking: .onRequest),
        Row(
            ids: "qwen3-vl-flash-us qwen3-vl-flash-2025-10-15-us qwen3-vl-flash-2026-01-22-us", retiredOn: autumn,
            replacement: "qwen3.6-flash-us", patch: 32, maxPixels: patches2560, thinking: .onRequest),
        Row(
            ids: "qwen3-vl-235b-a22b-instruct qwen3-vl-32b-instruct qwen3-vl-30b-a3b-instruct qwen3-vl-8b-instruct",
            retiredOn: autumn, replacement: "qwen3-vl-plus", patch: 32, maxPixels: patches2560, thinking: .never),
        Row(
            ids: "qwen3-vl-235b-a22b-thinking qwen3-vl-32b-thinking qwen3-vl-30b-a3b-thinking qwen3-vl-8b-thinking",
            retiredOn: autumn, replacement: "qwen3-vl-plus", patch: 32, maxPixels: patches2560, thinking: .always,
            isNonStreamingDisputed: true),
        Row(
            ids: "qwen-vl-max", retiredOn: autumn, replacement: "qwen3.7-plus", patch: 32, maxPixels: patches2560,
            thinking: .never),
        Row(
            ids: "qwen-vl-max-latest qwen-vl-max-2025-08-13", retiredOn: spring, replacement: "qwen3.7-plus",
            patch: 32, maxPixels: patches2560, thinking: .never),
        Row(
            ids: "qwen-vl-max-2025-04-08 qwen-vl-max-2025-04-02 qwen-vl-max-2025-01-25 qwen-vl-max-2024-12-30 "
                + "qwen-vl-max-2024-11-19",
            retiredOn: spring, replacement: "qwen3.7-plus", patch: 28, maxPixels: patches1280, thinking: .never),
        Row(
            ids: "qwen-vl-plus", retiredOn: autumn, replacement: "qwen3.6-flash", patch: 32, maxPixels: patches2560,
            thinking: .never),
        Row(
            ids: "qwen-vl-plus-latest qwen-vl-plus-2025-08-15", retiredOn: spring, replacement: "qwen3.6-flash",
            patch: 32, maxPixels: patches2560, thinking: .never),
        Row(
            ids: "qwen-vl-plus-2025-07-10 qwen-vl-plus-2025-05-07 qwen-vl-plus-2025-01-25 qwen-vl-plus-2025-01-02",
            retiredOn: spring, replacement: "qwen3.6-flash", patch: 28, maxPixels: patches1280, thinking: .never),
        Row(
            ids: "qwen2.5-vl-72b-instruct qwen2.5-vl-32b-instruct qwen2.5-vl-7b-instruct qwen2.5-vl-3b-instruct",
            retiredOn: spring, replacement: "qwen3-vl-plus", patch: 28, maxPixels: patches1280, thinking: .never),
        Row(
            ids: "qwen2-vl-72b-instruct qwen2-vl-7b-instruct qwen2-vl-2b-instruct", retiredOn: "2026-03-30",
            replacement: "qwen3-vl-plus", patch: 28, maxPixels: patches1280, thinking: .never),
        Row(
            ids: "qvq-max qvq-plus", retiredOn: autumn, replacement: "qwen3-vl-plus", patch: 28,
            maxPixels: patches1280, thinking: .always, isStreamingOnly: true),
        Row(
            ids: "qvq-max-latest qvq-max-2025-05-15 qvq-max-2025-03-25", retiredOn: spring,
            replacement: "qwen3-vl-plus", patch: 28, maxPixels: patches1280, thinking: .always, isStreamingOnly: true),
        Row(
            ids: "qwen-vl-ocr-2025-11-20", retiredOn: nil, replacement: nil, patch: 32, maxPixels: patches8192,
            thinking: .never),
        Row(
            ids: "qwen-vl-ocr qwen-vl-ocr-latest", retiredOn: autumn, replacement: "qwen-vl-ocr-2025-11-20", patch: 32,
            maxPixels: patches8192, thinking: .never),
        Row(
            ids: "qwen-vl-ocr-2025-08-28 qwen-vl-ocr-2025-04-13 qwen-vl-ocr-2024-10-28", retiredOn: autumn,
            replacement: "qwen-vl-ocr-2025-11-20", patch: 28, maxPixels: nil, thinking: .never),
    ]

    private static let spring = "2026-05-13"
    private static let autumn = "2026-10-10"
    private static let patches1280 = 1280 * 28 * 28
    private static let patches2560 = 2560 * 32 * 32
    private static let patches8192 = 8192 * 32 * 32
}
