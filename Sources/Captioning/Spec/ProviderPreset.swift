/// What a provider's name stands for when the spec says no more.
///
/// Base URLs and key variables of DashScope are those of the vendor's page
/// (alibabacloud.com/help/en/model-studio/qwen-vl-compatible-with-openai); local ports are the servers' defaults.
struct ProviderPreset: Sendable {
    /// Base URLs by region; the first is the default.
    ///
    /// A provider without regions has one, named "".
    let regions: [(name: String, baseURL: String)]
    let model: String?
    let apiKeyVariable: String?

    static func preset(for provider: Provider) -> ProviderPreset {
        switch provider {
        case .dashscope:
            ProviderPreset(
                regions: [
                    ("singapore", "https://dashscope-intl.aliyuncs.com/compatible-mode/v1"),
                    ("virginia", "https://dashscope-us.aliyuncs.com/compatible-mode/v1"),
                    ("beijing", "https://dashscope.aliyuncs.com/compatible-mode/v1"),
                    ("hongkong", "https://cn-hongkong.dashscope.aliyuncs.com/compatible-mode/v1"),
                ],
                model: "qwen3-vl-plus", apiKeyVariable: "DASHSCOPE_API_KEY")
        case .openai:
            ProviderPreset(
                regions: [("", "https://api.openai.com/v1")], model: nil, apiKeyVariable: "OPENAI_API_KEY")
        case .openrouter:
            ProviderPreset(
                regions: [("", "https://openrouter.ai/api/v1")], model: nil, apiKeyVariable: "OPENROUTER_API_KEY")
        case .ollama:
            ProviderPreset(regions: [("", "http://localhost:11434/v1")], model: nil, apiKeyVariable: nil)
        case .vllm:
            ProviderPreset(regions: [("", "http://localhost:8000/v1")], model: nil, apiKeyVariable: nil)
        case .lmstudio:
            ProviderPreset(regions: [("", "http://localhost:1234/v1")], model: nil, apiKeyVariable: nil)
        case .custom:
            ProviderPreset(regions: [], model: nil, apiKeyVariable: nil)
        case .simulated:
            ProviderPreset(
                regions: [("", Job.Endpoint.insideURL)], model: "qwen3-vl-plus", apiKeyVariable: nil)
        }
    }
}

extension Job.Endpoint {
    /// The base URL of a simulated provider that has not started yet; a run puts the real one in its place.
    public static let insideURL = "http://simulated.invalid/v1"

    /// Whether the simulated provider inside this program is meant.
    public var isInside: Bool { provider == .simulated && baseURL == Self.insideURL }
}
