public import Foundation

/// What a simulated provider is to do.
public struct SimulatorOptions: Sendable {
    /// The port on 127.0.0.1; 0 takes a free one.
    public var port = 0
    /// The key that is accepted.
    public var apiKey = "sk-simulated"
    /// The time every answer takes.
    public var latency = Duration.zero
    /// Requests accepted in any 60 seconds; nil means any number.
    public var requestsPerMinute: Int?
    /// The probability of each fault.
    public var faults: [Fault: Double] = [:]
    /// Decides which requests meet a fault.
    public var seed: UInt64 = 0
    /// How long a `timeout` fault keeps the client waiting.
    public var hold = Duration.seconds(60)
    /// The largest body that is accepted; a larger one is answered 413.
    public var maxBodyBytes = 64 << 20
    /// The time that answers carry as `created`.
    public var now: @Sendable () -> Date = { Date.now }
    /// The time by which `requestsPerMinute` counts.
    public var instant: @Sendable () -> ContinuousClock.Instant = { ContinuousClock.now }

    /// No latency, no limit, no faults, a free port.
    public init() {}
}
