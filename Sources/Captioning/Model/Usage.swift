/// The tokens of one exchange, as the provider reported them.
///
/// Every field is nil when the provider did not report it; nil never means zero. A count that no exchange can come to
/// (`largestCount`) is not reported either.
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

    /// Whether the provider reported a count that no exchange can come to, and that was left out; not stored.
    public var isImplausible = false

    /// The largest count that is believed: a thousand times the context of the largest models, and so small that the sum
    /// over every exchange of a run stays far within 64 bits.
    public static let largestCount = 1_000_000_000

    private enum CodingKeys: String, CodingKey {
        case promptTokens, completionTokens, totalTokens, imageTokens, cachedTokens, reasoningTokens
    }

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
