public import Foundation

/// One item with its result, as exports show it.
public struct ExportRow: Hashable, Sendable {
    /// How the item stands.
    public enum Status: String, Hashable, Sendable {
        /// It has its caption.
        case done
        /// It failed for good.
        case failed
        /// It is still to do.
        case pending
    }

    /// The image's name.
    public var image: ImageName
    /// The prompt's id.
    public var prompt: String
    /// How the item stands.
    public var status: Status
    /// The caption, or what arrived of one that was cut short.
    public var caption: String?
    /// Why the model stopped.
    public var finishReason: String?
    /// The model that answered, or was asked.
    public var model: String?
    /// The tokens of the settling attempt.
    public var usage: Usage
    /// Attempts in all.
    public var attempts: Int
    /// Why it failed, in a word.
    public var errorCode: String?
    /// Why it failed.
    public var errorMessage: String?
    /// When the item was settled.
    public var completedAt: Date?
    /// What a manifest says of the image, by column; empty for an image that no manifest names.
    public var variables: [String: String] = [:]
    /// The preset of the provider that was asked, such as `dashscope`; nil when nobody was.
    public var provider: String?
    /// What the settling attempt sent of the images; nil when nothing was, or only addresses.
    public var images: SentImages?

    /// A row.
    public init(
        image: ImageName, prompt: String, status: Status, caption: String? = nil, finishReason: String? = nil,
        model: String? = nil, usage: Usage = Usage(), attempts: Int = 0, errorCode: String? = nil,
        errorMessage: String? = nil, completedAt: Date? = nil
    ) {
        self.image = image
        self.prompt = prompt
        self.status = status
        self.caption = caption
        self.finishReason = finishReason
        self.model = model
        self.usage = usage
        self.attempts = attempts
        self.errorCode = errorCode
        self.errorMessage = errorMessage
        self.completedAt = completedAt
    }
}
