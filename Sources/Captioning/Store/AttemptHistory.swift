public import Foundation

/// One attempt of an item, with everything the store knows of it.
public struct AttemptHistory: Hashable, Sendable, Codable {
    /// The item's prompt.
    public var prompt: String
    /// The item's present state: `pending`, `claimed`, `done` or `failed`.
    public var itemState: String
    /// The attempt's number, from 1; nil when the item has had none.
    ///
    /// All that follows is then nil too.
    public var number: Int?
    /// `completed`, `reused`, `failed` or `interrupted`; nil while the attempt is in flight.
    public var outcome: String?
    /// Whether a request went out; nil when it is not known.
    public var wasSent: Bool?
    /// The provider's preset, such as `dashscope`.
    public var provider: String?
    /// The base URL.
    public var endpoint: String?
    /// The model asked.
    public var model: String?
    /// The model that answered.
    public var answeredModel: String?
    /// When the claim was made.
    public var startedAt: Date?
    /// When the request went out; nil when none did.
    public var sentAt: Date?
    /// When the attempt ended.
    public var finishedAt: Date?
    /// From the first byte sent to the last received.
    public var latencyMs: Int?
    /// The HTTP status.
    public var httpStatus: Int?
    /// The error code.
    public var errorCode: String?
    /// The error message.
    public var errorMessage: String?
    /// The provider's name for the request.
    public var providerRequestID: String?
    /// Why the model stopped.
    public var finishReason: String?
    /// The tokens, as reported.
    public var usage: Usage
    /// The answer, whole or cut short.
    public var caption: String?
    /// The chain of thought.
    public var reasoning: String?
    /// What was asked, as JSON.
    public var request: String?
    /// What was sent of the images; nil when nothing was, or only addresses.
    public var images: SentImages?

    /// An attempt.
    public init(
        prompt: String, itemState: String, number: Int?, outcome: String?, wasSent: Bool?, provider: String?,
        endpoint: String?, model: String?, answeredModel: String?, startedAt: Date?, sentAt: Date?, finishedAt: Date?,
        latencyMs: Int?, httpStatus: Int?, errorCode: String?, errorMessage: String?, providerRequestID: String?,
        finishReason: String?, usage: Usage,
        caption: String?, reasoning: String?, request: String?
    ) {
        self.prompt = prompt
        self.itemState = itemState
        self.number = number
        self.outcome = outcome
        self.wasSent = wasSent
        self.provider = provider
        self.endpoint = endpoint
        self.model = model
        self.answeredModel = answeredModel
        self.startedAt = startedAt
        self.sentAt = sentAt
        self.finishedAt = finishedAt
        self.latencyMs = latencyMs
        self.httpStatus = httpStatus
        self.errorCode = errorCode
        self.errorMessage = errorMessage
        self.providerRequestID = providerRequestID
        self.finishReason = finishReason
        self.usage = usage
        self.caption = caption
        self.reasoning = reasoning
        self.request = request
    }
}
