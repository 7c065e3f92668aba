/// A kind of server that this program has a preset for.
public enum Provider: String, Hashable, Codable, Sendable, CaseIterable {
    /// Qwen-VL on Alibaba Cloud Model Studio.
    case dashscope
    /// OpenAI.
    case openai
    /// A local Ollama.
    case ollama
    /// A vLLM server.
    case vllm
    /// LM Studio.
    case lmstudio
    /// OpenRouter.
    case openrouter
    /// Any other OpenAI-compatible server; needs a base URL.
    case custom
    /// The provider inside this program: no key, no money, captions that say they are simulated.
    case simulated
}
