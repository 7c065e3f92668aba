/// A model's answer, whole or cut short.
public struct Completion: Hashable, Codable, Sendable {
    /// The caption: the answer's text without reasoning, trimmed.
    ///
    /// Empty only in the partial answer of a failure.
    public var caption: String
    /// Chain of thought that the provider sent beside or before the caption; nil when there was none.
    public var reasoning: String?
    /// Why the model stopped, in the provider's word (`stop`, `length`, …); nil when it did not say.
    public var finishReason: String?
    /// The model that answered, in the provider's word; often not the model that was asked.
    ///
    /// Nil when not reported.
    public var model: String?
    /// The tokens of the exchange.
    public var usage: Usage

    /// A model's answer.
    public init(
        caption: String, reasoning: String? = nil, finishReason: String? = nil, model: String? = nil,
        usage: Usage = Usage()
    ) {
        self.caption = caption
        self.reasoning = reasoning
        self.finishReason = finishReason
        self.model = model
        self.usage = usage
    }
}
