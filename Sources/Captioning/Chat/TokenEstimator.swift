/// Estimates what a request will cost in model tokens, before it is sent.
///
/// Good enough to pace a run and for nothing else: the `usage` of the answers corrects it and the bill.
struct TokenEstimator: Sendable {
    /// What a completion is assumed to take until some have been seen.
    ///
    /// 256, or 1024 where the model thinks; less when `max_completion_tokens` or `max_tokens` allows less. DashScope's
    /// `max_tokens` does not count thoughts and so does not lower the 1024.
    let completionTokens: Int

    private let family: Family
    /// Whether the provider's own reduction of images is known.
    private let knowsReduction: Bool
    private let thinks: Bool

    /// How a model counts images.
    private enum Family {
        case qwen(patch: Int, maxPixels: Int)
        case openAI(ImageTokens.OpenAIRule)
        /// Some vision transformer: squares of 28 pixels, at most 1280.
        case generic
    }

    /// An estimator for one model at one provider.
    ///
    /// - `model`: In any case, with or without a vendor's prefix such as `openai/`.
    /// - `provider`: What an unknown model is taken for: a current Qwen at DashScope, a gpt-4o at OpenAI.
    /// - `parameters`: The job's; those that limit the answer, turn thinking on or off or lift the image limit count.
    init(model: String, provider: Provider, parameters: [String: JSONValue]) {
        thinks = Self.thinks(model, parameters: parameters)
        let isNamed = KnownModels.model(model) != nil || Self.isNamedQwen(model)
        knowsReduction =
            switch provider {
            case .simulated: true
            case .dashscope: isNamed
            case .openai: ImageTokens.OpenAIRule.rule(forModel: model) != nil
            default: false
            }
        family = Self.family(of: model, provider: provider, parameters: parameters)
        let isDashScope = provider == .dashscope || provider == .simulated
        let limits = [
            parameters["max_completion_tokens"], thinks && isDashScope ? nil : parameters["max_tokens"],
        ].compactMap { $0?.int }.filter { $0 > 0 }
        completionTokens = min(limits.min() ?? .max, thinks ? 1024 : 256)
    }

    /// The tokens of a request's texts and images.
    ///
    /// - `images`: Width and height in pixels; nil for an image whose size is not known (a remote one), which counts as
    ///   the largest that the model does not reduce.
    func promptTokens(text: String, system: String?, images: [(width: Int, height: Int)?]) -> Int {
        // Every chat format frames its messages with about as many tokens as Qwen's does.
        ImageTokens.qwenPrompt(
            images: images.map(imageTokens), text: Self.textTokens(text), system: system.map(Self.textTokens),
            thinks: thinks && isQwen)
    }

    /// The size to which the provider reduces an image before the model sees it; nil when that is not known, as with
    /// servers that run open models as they please.
    func usedSize(of size: PixelSize) -> PixelSize? {
        guard knowsReduction else { return nil }
        switch family {
        case .qwen(let patch, let maxPixels):
            guard size.pixels > maxPixels else { return size }
            let used = ImageTokens.qwenResized(
                width: size.width, height: size.height, patch: patch, maxPixels: maxPixels)
            return PixelSize(width: used.width, height: used.height)
        case .openAI(let rule): return ImageTokens.openAIReduced(size, rule: rule)
        case .generic: return nil
        }
    }

    /// The tokens of a text, roughly.
    ///
    /// Four bytes of UTF-8 make a token, which fits English and overstates most other alphabets a little; of Chinese,
    /// Japanese and Korean, two tokens stand for three characters.
    ///
    /// | text | tokens |
    /// |---|---|
    /// | `Describe the image.` | 5 |
    /// | `这是什么` | 3 |
    /// | `Что это?` | 4 |
    static func textTokens(_ text: String) -> Int {
        var bytes = 0
        var ideographs = 0
        for scalar in text.unicodeScalars {
            if isIdeograph(scalar) { ideographs += 1 } else { bytes += UTF8.width(scalar) }
        }
        // In twelfths of a token, rounded up at the end.
        return (bytes * 3 + ideographs * 8 + 11) / 12
    }

    private var isQwen: Bool {
        if case .qwen = family { true } else { false }
    }

    private func imageTokens(_ side: (width: Int, height: Int)?) -> Int {
        switch family {
        case .qwen(let patch, let maxPixels): qwenTokens(side, patch: patch, maxPixels: maxPixels)
        case .openAI(let rule):
            side.map { ImageTokens.openAI(width: $0.width, height: $0.height, rule: rule) }
                ?? ImageTokens.openAIMost(rule: rule)
        case .generic: qwenTokens(side, patch: 28, maxPixels: 1280 * 28 * 28)
        }
    }

    private func qwenTokens(_ side: (width: Int, height: Int)?, patch: Int, maxPixels: Int) -> Int {
        side.map { ImageTokens.qwen(width: $0.width, height: $0.height, patch: patch, maxPixels: maxPixels) }
            ?? maxPixels / (patch * patch) + 2
    }

    private static func isIdeograph(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        // Punctuation and kana, the unified ideographs with their extensions, Hangul, full-width forms.
        case 0x3000...0x30FF, 0x3400...0x9FFF, 0xAC00...0xD7AF, 0xF900...0xFAFF, 0xFF00...0xFFEF, 0x20000...0x3FFFF:
            true
        default: false
        }
    }

    // MARK: - The model's name

    private static func family(of model: String, provider: Provider, parameters: [String: JSONValue]) -> Family {
        if let rule = ImageTokens.OpenAIRule.rule(forModel: model) { return .openAI(rule) }
        let known = KnownModels.model(model)
        let name = KnownModels.bareName(model)
        guard known != nil || isNamedQwen(model) || [.dashscope, .simulated].contains(provider) else {
            return provider == .openai ? .openAI(.tiles(base: 85, tile: 170)) : .generic
        }
        let isOlder = name.contains("qwen2") || name.contains("qvq")
        let patch = known?.patch ?? (isOlder ? 28 : 32)
        if parameters["vl_high_resolution_images"] == .bool(true) {
            return .qwen(patch: patch, maxPixels: 16_384 * patch * patch)
        }
        return .qwen(patch: patch, maxPixels: known?.defaultMaxPixels ?? (patch == 28 ? 1280 : 2560) * patch * patch)
    }

    private static func isNamedQwen(_ model: String) -> Bool {
        let name = KnownModels.bareName(model)
        return name.contains("qwen") || name.contains("qvq")
    }

    private static func thinks(_ model: String, parameters: [String: JSONValue]) -> Bool {
        let name = KnownModels.bareName(model)
        if ["o1", "o3", "o4", "gpt-5"].contains(where: name.hasPrefix), !name.hasPrefix("gpt-5-chat") {
            return !["none", "minimal"].contains(parameters["reasoning_effort"]?.string)
        }
        let asked = parameters["enable_thinking"] ?? parameters["chat_template_kwargs"]?["enable_thinking"]
        switch KnownModels.model(model)?.thinking {
        case .never: return false
        case .always: return true
        case .onRequest: return asked == .bool(true)
        case .unlessRefused: return asked != .bool(false)
        case nil:
            // From Qwen3.5 on, models think unless they are told not to.
            if name.contains(#/qwen(?:3\.[5-9]|[4-9])/#) { return asked != .bool(false) }
            return name.contains("thinking") || name.contains("qvq") || asked == .bool(true)
        }
    }
}
