/// Why an attempt brought no caption: what kind of trouble it was, and what to tell a person.
///
/// A failure of an item is a value that is stored, never an error that is thrown.
public struct Failure: Hashable, Codable, Sendable {
    /// What kind of trouble; decides what happens next (`RetryPolicy`).
    public enum Kind: String, Hashable, Codable, Sendable, CaseIterable {
        /// The provider says "slow down": try again, and slow the whole endpoint.
        case rateLimited
        /// A passing fault of the provider or the wire (500, time-out, unreadable reply): try again.
        case transient
        /// The endpoint could not be reached or said it is not serving (refused, DNS, TLS, 502, 503, 504).
        case unavailable
        /// The connection broke before any byte of a reply, most likely closed while idle: try again at once.
        case connectionLost
        /// The answer was moderated away (200 with `content_filter`): doubtful, worth a few attempts.
        case filtered
        /// The answer was cut by the server's own time limit: doubtful, worth a few attempts.
        case cutShort
        /// The answer reached `max_tokens`: asking again the same way gives the same cut.
        case truncated
        /// The provider refuses this item for good (its image, its content, its size).
        case refused
        /// The image cannot be read, or is none that the provider takes; nothing was sent.
        case unreadableImage
        /// The key was refused: no request of this run can succeed.
        case unauthorized
        /// No request of this run can succeed for another reason (model, parameter, money).
        case fatal
        /// The run ended before the attempt did; the item goes back to pending.
        case interrupted
    }

    /// What kind of trouble.
    public var kind: Kind
    /// A short stable word for counting, filtering and CSV, such as `rate_limited` or the provider's own code.
    ///
    /// Lower case ASCII, `[a-z0-9_.]+`, without dynamic text.
    public var label: String
    /// What happened and what to do next, for a person.
    ///
    /// Holds no key.
    public var detail: String
    /// How long the server asked to wait; nil when it did not say.
    public var retryAfter: Duration?
    /// The most attempts in all that make sense for this failure; nil leaves it to the spec.
    public var attemptLimit: Int?
    /// The server says that the rate grew too quickly (DashScope's `limit_burst_rate`), not that it is too high.
    public var isThrottlingGrowth: Bool

    /// A failure.
    public init(
        _ kind: Kind, label: String, detail: String, retryAfter: Duration? = nil, attemptLimit: Int? = nil,
        isThrottlingGrowth: Bool = false
    ) {
        self.kind = kind
        self.label = label
        self.detail = detail
        self.retryAfter = retryAfter
        self.attemptLimit = attemptLimit
        self.isThrottlingGrowth = isThrottlingGrowth
    }
}
