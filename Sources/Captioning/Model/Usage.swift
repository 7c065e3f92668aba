/// The tokens of one exchange, as the provider reported them.
///
/// Every field is nil when the provider did not report it; nil never means zero.
public struct Usage: Hashable, Codable, Sendable {
    /// Input tokens, images included.
    public var promptTokens: Int?
    /// Output tokens, reasoning included.
    public var completionTokens: Int?
    /// The provider's own total.
    public var totalTokens: Int?
    /// The part of `promptTokens` that images took.
    public var imageTokens: Int?
    /// The part of `promptTokens` that was served from a context cache.
    public var cachedTokens: Int?
    /// The part of `completionTokens` that was chain of thought.
    public var reasoningTokens: Int?

    /// A usage report; every count defaults to "not reported".
    public init(
        promptTokens: Int? = nil, completionTokens: Int? = nil, totalTokens: Int? = nil,
        imageTokens: Int? = nil, cachedTokens: Int? = nil, reasoningTokens: Int? = nil
    ) {
        self.promptTokens = promptTokens
        self.completionTokens = completionTokens
        self.totalTokens = totalTokens
        self.imageTokens = imageTokens
        self.cachedTokens = cachedTokens
        self.reasoningTokens = reasoningTokens
    }
}
