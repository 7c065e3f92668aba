/// What a simulated provider saw in each second since the first request, as columns of equal length.
///
/// The first day is kept; what comes later is not counted here.
public struct SimulatorTimeline: Hashable, Codable, Sendable {
    /// Requests that arrived whole.
    public var arrived: [Int] = []
    /// Requests that the limits let in, by their arrival.
    public var accepted: [Int] = []
    /// Prompt and completion tokens of the requests that the limits let in, by their arrival.
    public var acceptedTokens: [Int] = []
    /// Good, whole answers.
    public var answered: [Int] = []
    /// Requests answered 429, faults included, and those refused for too much work whatever the status.
    public var throttled: [Int] = []
    /// Requests whose connection an outage cut.
    public var cut: [Int] = []
    /// The most requests at work at one time.
    public var largestInFlight: [Int] = []

    /// Nothing seen.
    public init() {}
}

/// A timeline while the simulator runs.
struct TimelineState: Sendable {
    /// A day.
    static let mostSeconds = 86_400

    private(set) var timeline = SimulatorTimeline()
    private(set) var inFlight = 0

    /// Counts one request more, or so many tokens, in the second of a time.
    mutating func note(_ column: WritableKeyPath<SimulatorTimeline, [Int]>, _ amount: Int = 1, at time: Duration) {
        guard let second = advance(to: time) else { return }
        timeline[keyPath: column][second] += amount
    }

    /// Takes note that a request is there.
    mutating func enter(at time: Duration) {
        let second = advance(to: time)
        inFlight += 1
        guard let second else { return }
        timeline.largestInFlight[second] = max(timeline.largestInFlight[second], inFlight)
    }

    /// Takes note that a request is gone.
    mutating func leave(at time: Duration) {
        _ = advance(to: time)
        inFlight -= 1
    }

    /// Makes the rows up to a time, with the requests that stayed in flight meanwhile; nil after a day.
    @discardableResult
    mutating func advance(to time: Duration) -> Int? {
        let second = Int(time.components.seconds)
        guard second < Self.mostSeconds else { return nil }
        while timeline.arrived.count <= second {
            timeline.arrived.append(0)
            timeline.accepted.append(0)
            timeline.acceptedTokens.append(0)
            timeline.answered.append(0)
            timeline.throttled.append(0)
            timeline.cut.append(0)
            timeline.largestInFlight.append(inFlight)
        }
        return second
    }
}
