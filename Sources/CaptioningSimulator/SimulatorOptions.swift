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
    /// Requests accepted per minute; nil means any number.
    public var requestsPerMinute: Int?
    /// Prompt and completion tokens of the requests accepted per minute; nil means any number.
    public var tokensPerMinute: Int?
    /// The time over which limits per minute are counted pro rata, such as 200 in any 10 s for 1,200 a minute.
    public var window = Duration.seconds(60)
    /// Whether `window` reaches from one full window of the wall clock to the next, rather than being any such time.
    ///
    /// The wall clock is asked once, at the first request.
    public var countsByCalendar = false
    /// Requests accepted per second, by a bucket that fills evenly; nil means any number.
    public var requestsPerSecond: Int?
    /// Requests that the bucket of `requestsPerSecond` holds; nil means one second's worth.
    public var bucket: Int?
    /// Requests at work at one time, above which others are refused with `overloadStatus`; nil means any number.
    public var maxInFlight: Int?
    /// How a request above `maxInFlight` is refused.
    public var overloadStatus = OverloadStatus.tooManyRequests
    /// The share of requests that chance refuses with 429 and without `retry-after`, whatever the limits say.
    public var refusedShare = 0.0
    /// Requests accepted in all, after which every one is refused with 429 and without `retry-after`; nil means any
    /// number.
    public var quota: Int?
    /// Other clients on the same key.
    public var strangers: [Stranger] = []
    /// Requests to refuse whatever the limits say.
    public var bursts: [Burst] = []
    /// What refusals by a limit, a burst or a `429` fault carry as `retry-after`, in whole seconds; nil sends none.
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
    /// The wall clock: what answers carry as `created`, and where its windows begin.
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
    /// The status of a refusal for too much work at one time, and with it the words.
    public enum OverloadStatus: Int, Hashable, Sendable, CaseIterable {
        /// In DashScope's words, as every other limit.
        case tooManyRequests = 429
        /// A gateway's plain text, which has no error code.
        case unavailable = 503
        /// Anthropic's words.
        case overloaded = 529
    }

    /// Another client on the same key, whose requests count against the limits per minute and per second.
    ///
    /// Each costs as many tokens as the last request that was let in. They are not in the ledger or the timeline.
    public struct Stranger: Hashable, Sendable {
        /// How many requests it sends per second, evenly: at most 1,000, and none when this is not above 0.
        public var perSecond: Double
        /// From when until when, since the first request.
        public var span: Range<Duration>

        /// A client.
        public init(perSecond: Double, span: Range<Duration>) {
            self.perSecond = perSecond
            self.span = span
        }
    }
}
