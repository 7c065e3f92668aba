/// Why a provider will not take an image, known before it is sent.
public struct ImageViolation: Hashable, Sendable {
    /// A short stable word for counting, such as `image_too_small`.
    public let label: String
    /// What was found, what the limit is and what to do, for a person.
    public let message: String

    /// A violation.
    public init(label: String, message: String) {
        self.label = label
        self.message = message
    }
}
