public import Foundation

/// What a simulated provider is to do.
///
/// Times such as a burst's or an outage's count from the first request for a completion.
public struct SimulatorOptions: Sendable {
    /// The port on 127.0.0.1; 0 takes a free one.
    public var port = 0
    /// The key that is accepted.
    public var apiKey = "sk-simulated"
    /// The time every answer takes; the shortest, when `longestLatency` is set.
    public var latency = Duration.zero
    /// The longest time that an answer takes, drawn evenly for each request; nil means that every one takes `latency`.
    public var longestLatency: Duration?
    /// Requests worked on at one time while the others wait in line; nil means any number.
    public var parallel: Int?
    /// Requests accepted in any 60 seconds; nil means any number.
    public var requestsPerMinute: Int?
    /// Prompt and completion tokens of the requests accepted in any 60 seconds; nil means any number.
    public var tokensPerMinute: Int?
    /// Requests accepted per second, by a bucket that holds one second's worth; nil means any number.
    public var requestsPerSecond: Int?
    /// Requests at work at one time, above which others are answered 429; nil means any number.
    public var maxInFlight: Int?
    /// Requests to refuse whatever the limits say.
    public var bursts: [Burst] = []
    /// What every 429 carries as `retry-after`, in whole seconds; nil sends none.
    public var retryAfter: Duration?
    /// Whether replies carry OpenAI's `x-ratelimit-*` headers.
    public var sendsRateLimitHeaders = false
    /// When every connection is cut.
    public var outages: [Range<Duration>] = []
    /// From when on every connection is cut, for good; nil means never.
    public var diesAt: Duration?
    /// The probability of each fault.
    public var faults: [Fault: Double] = [:]
    /// The share of the different requests that meet a fault however often they come.
    public var poison: [Fault: Double] = [:]
    /// Decides which requests meet a fault, and how long each takes.
    public var seed: UInt64 = 0
    /// How long a `timeout` fault keeps the client waiting.
    public var hold = Duration.seconds(60)
    /// How long a `trickle` or `drip` fault waits before each byte.
    public var trickle = Duration.milliseconds(500)
    /// The largest body that is accepted; a larger one is answered 413.
    public var maxBodyBytes = 64 << 20
    /// The time that answers carry as `created`.
    public var now: @Sendable () -> Date = { Date.now }
    /// The time by which limits, bursts, outages and the timeline count.
    public var instant: @Sendable () -> ContinuousClock.Instant = { ContinuousClock.now }

    /// No latency, no limit, no faults, a free port.
    public init() {}

    /// Requests that are refused with 429 one after another, whoever sends them.
    public struct Burst: Hashable, Sendable {
        /// How many.
        public var count: Int
        /// From when on, since the first request.
        public var start: Duration

        /// A burst.
        public init(count: Int, start: Duration) {
            self.count = count
            self.start = start
        }
    }
}
