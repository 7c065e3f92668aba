public import Foundation

/// How an endpoint is doing, for whoever shows it.
public struct EndpointState: Hashable, Sendable, Codable {
    /// Whether it answers.
    public enum Health: String, Hashable, Sendable, Codable {
        /// It answers.
        case good
        /// It says "slow down".
        case throttled
        /// It is tried with single requests.
        case down
        /// It is not asked any more in this run.
        case retired
    }

    /// Requests that may be in flight at once.
    public var concurrency: Int
    /// Requests that are in flight.
    public var inFlight: Int
    /// The limit in force, told or found; nil when none is known.
    public var requestsPerMinute: Int?
    /// Whether it answers.
    public var health: Health
    /// What went wrong last, while its health is not good; nil otherwise.
    public var trouble: String?

    /// A state.
    public init(
        concurrency: Int, inFlight: Int, requestsPerMinute: Int? = nil, health: Health = .good, trouble: String? = nil
    ) {
        self.concurrency = concurrency
        self.inFlight = inFlight
        self.requestsPerMinute = requestsPerMinute
        self.health = health
        self.trouble = trouble
    }
}

/// What was spent at an endpoint at some time.
public struct Spending: Hashable, Sendable {
    /// When.
    public var time: Date
    /// Requests that went out.
    public var requests: Int
    /// Model tokens; nil when no reply told.
    public var tokens: Int?

    /// Something spent.
    public init(time: Date, requests: Int, tokens: Int?) {
        self.time = time
        self.requests = requests
        self.tokens = tokens
    }
}
