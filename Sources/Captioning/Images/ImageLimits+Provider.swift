extension ImageLimits {
    /// What the provider takes, as its own pages say.
    ///
    /// A limit that vendors only recommend, or that their pages contradict, is left to the server.
    public static func limits(for provider: Provider) -> ImageLimits {
        switch provider {
        case .dashscope, .simulated: dashscope
        case .openai:
            ImageLimits(providerName: "OpenAI", formats: [.png, .jpeg, .webp, .gif], stillOnlyFormats: [.gif])
        case .ollama:
            ImageLimits(providerName: "Ollama", formats: [.png, .jpeg, .webp], acceptsRemoteURLs: false)
        case .vllm:
            ImageLimits(providerName: "vLLM")
        case .lmstudio:
            ImageLimits(providerName: "LM Studio", formats: [.png, .jpeg], acceptsRemoteURLs: false)
        case .openrouter:
            ImageLimits(providerName: "OpenRouter", formats: [.png, .jpeg, .webp, .gif])
        case .custom:
            ImageLimits()
        }
    }

    /// Sides above 10, at most 200:1, six formats up to 3840 × 2160 and two above, and 10 MiB of data URL.
    ///
    /// No file above 7.5 MiB fits such a data URL. Above 8K the vendor only recommends to make the image smaller.
    private static let dashscope = ImageLimits(
        providerName: "DashScope", formats: [.bmp, .jpeg, .png, .tiff, .webp, .heic], minSide: 11, maxRatio: 200,
        largePixels: 3840 * 2160, largeFormats: [.jpeg, .png], maxDataURLBytes: 10_485_760, maxFileBytes: 7_864_320)
}
