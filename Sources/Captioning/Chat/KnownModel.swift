/// What is known about a model before it is asked.
public struct KnownModel: Hashable, Sendable {
    /// Whether a model thinks before it answers.
    ///
    /// Thinking is billed as output.
    public enum Thinking: String, Hashable, Codable, Sendable {
        /// It never does.
        case never
        /// It does when `enable_thinking` says so; otherwise it does not.
        case onRequest
        /// It does unless `enable_thinking` is false.
        case unlessRefused
        /// It always does.
        case always
    }

    /// The vendor's name of the model, in lower case.
    public let id: String
    /// Whether it answers in streaming mode only.
    public let isStreamingOnly: Bool
    /// Whether the vendor's pages contradict each other about answers that are not streamed.
    public let isNonStreamingDisputed: Bool
    /// The day from which the vendor no longer serves it, such as `2026-10-10`; nil when no such day is known.
    public let retiredOn: String?
    /// What to use in its place; nil when nothing is known.
    public let replacement: String?
    /// The side in pixels of the square that becomes one token.
    public let patch: Int
    /// To how many pixels an image is reduced when the request does not say; nil when that is not known.
    public let defaultMaxPixels: Int?
    /// Whether it thinks before it answers.
    public let thinking: Thinking
}
