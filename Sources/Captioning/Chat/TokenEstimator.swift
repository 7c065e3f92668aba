/// Estimates what a request will cost in model tokens, before it is sent.
///
/// For admission under a limit of tokens per minute; what replies report corrects it.
struct TokenEstimator: Sendable {
    private enum Family: Sendable {
        case qwen(patch: Int, maxPixels: Int)
        case openAITiles(base: Int, tile: Int)
        case openAIPatches(multiplier: Double)
    }

    private let family: Family
    private let thinks: Bool
    /// Output tokens that an answer is assumed to take until there has been one.
    let completionTokens: Int

    /// An estimator for a model, with or without a vendor's prefix.
    init(model: String, provider: Provider, parameters: [String: JSONValue]) {
        let name = (model.split(separator: "/").last.map(String.init) ?? model).lowercased()
        let known = KnownModels.model(model)
        let isHighResolution = parameters["vl_high_resolution_images"] == .bool(true)
        if let known {
            family = .qwen(
                patch: known.patch,
                maxPixels: isHighResolution
                    ? 16_384 * known.patch * known.patch : known.defaultMaxPixels ?? Self.newestMaxPixels)
        } else if let openAI = Self.openAIFamily(name) {
            family = openAI
        } else if ["qwen2", "qvq"].contains(where: name.contains) {
            family = Self.olderQwen
        } else if name.contains("qwen") || provider == .simulated {
            family = .qwen(patch: 32, maxPixels: isHighResolution ? 16_384 * 32 * 32 : Self.newestMaxPixels)
        } else {
            // Nothing is known: most vision transformers of today are near this one.
            family = Self.olderQwen
        }
        let canThink = known.map { $0.thinking != .never } ?? false
        thinks =
            switch parameters["enable_thinking"] {
            case .bool(let isOn)?: isOn && canThink
            default: known?.thinking == .always || known?.thinking == .unlessRefused
            }
        let most = parameters["max_tokens"]?.int ?? parameters["max_completion_tokens"]?.int
        completionTokens = min(most ?? .max, thinks ? 1024 : 256)
    }

    /// Input tokens of a request.
    ///
    /// - `images`: Width and height of each image in pixels; nil for one whose size is not known, which counts as a large
    ///   one.
    func promptTokens(text: String, system: String?, images: [(width: Int, height: Int)?]) -> Int {
        let perImage = images.map { tokens(of: $0 ?? (4032, 3024)) }
        return ImageTokens.qwenPrompt(
            images: perImage, text: Self.textTokens(text), system: system.map(Self.textTokens), thinks: thinks)
    }

    private func tokens(of image: (width: Int, height: Int)) -> Int {
        switch family {
        case .qwen(let patch, let maxPixels):
            ImageTokens.qwen(width: image.width, height: image.height, patch: patch, maxPixels: maxPixels)
        case .openAITiles(let base, let tile):
            ImageTokens.openAITiled(width: image.width, height: image.height, base: base, tile: tile)
        case .openAIPatches(let multiplier):
            ImageTokens.openAIPatched(width: image.width, height: image.height, multiplier: multiplier)
        }
    }

    /// About four bytes of Latin text make a token, and about two thirds of a token a character of Chinese or Japanese.
    static func textTokens(_ text: String) -> Int {
        let wide = text.unicodeScalars.count { $0.value >= 0x2E80 }
        let narrowBytes = text.utf8.count - wide * 3
        return (max(narrowBytes, 0) + 3) / 4 + (wide * 2 + 2) / 3
    }

    private static let newestMaxPixels = 2560 * 32 * 32
    private static let olderQwen = Family.qwen(patch: 28, maxPixels: 1280 * 28 * 28)

    /// Figures of the vendor's guide (platform.openai.com/docs/guides/images-vision); the longest prefix counts.
    private static let openAIFamilies: [(prefix: String, family: Family)] = [
        ("gpt-4o-mini", .openAITiles(base: 2833, tile: 5667)),
        ("gpt-4o", .openAITiles(base: 85, tile: 170)),
        ("chatgpt-4o", .openAITiles(base: 85, tile: 170)),
        ("gpt-4.1-mini", .openAIPatches(multiplier: 1.62)),
        ("gpt-4.1-nano", .openAIPatches(multiplier: 2.46)),
        ("gpt-4.1", .openAITiles(base: 85, tile: 170)),
        ("gpt-4.5", .openAITiles(base: 85, tile: 170)),
        ("gpt-5-mini", .openAIPatches(multiplier: 1.62)),
        ("gpt-5-nano", .openAIPatches(multiplier: 2.46)),
        ("gpt-5", .openAITiles(base: 70, tile: 140)),
        ("o4-mini", .openAIPatches(multiplier: 1.72)),
        ("o1", .openAITiles(base: 75, tile: 150)),
        ("o3", .openAITiles(base: 75, tile: 150)),
        ("computer-use-preview", .openAITiles(base: 65, tile: 129)),
    ]

    private static func openAIFamily(_ name: String) -> Family? {
        openAIFamilies.filter { name.hasPrefix($0.prefix) }.max { $0.prefix.count < $1.prefix.count }?.family
    }
}
