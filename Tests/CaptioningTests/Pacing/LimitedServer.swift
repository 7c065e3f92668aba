import DequeModule

@testable import Captioning

/// A server in virtual time with one shape of limit, which may change.
///
/// What it refuses counts nowhere.
struct LimitedServer {
    /// What limits it.
    enum Shape: Hashable, Sendable {
        /// So many in any so many seconds.
        case sliding(Int, seconds: Double)
        /// So many from full minute to full minute; the first begins so many seconds before the run.
        case calendar(Int, phase: Double = 20)
        /// So many at once, and so many more per second.
        case bucket(Double, perSecond: Double)
        /// So many at work; more are refused with a status.
        case work(Int, status: Int = 429)
        /// This share, whatever the pace.
        case chance(Double)
        case everything
        case nothing
    }

    /// What it does: from a time on, in seconds.
    var shapes: [(from: Double, shape: Shape)]
    /// The latencies of its answers, in seconds.
    var latency: ClosedRange<Double>
    /// Requests per second of a stranger on the same key, and when.
    var stranger: (perSecond: Double, times: ClosedRange<Double>)?

    private var taken: Deque<Double> = []
    private var level: Double?
    private var levelAt = 0.0
    private var strangerAt: Double?
    private(set) var generator: SplitMix64

    init(_ shapes: [(from: Double, shape: Shape)], latency: ClosedRange<Double>, seed: UInt64) {
        self.shapes = shapes
        self.latency = latency
        generator = SplitMix64(seed: seed)
    }

    init(_ shape: Shape, latency: ClosedRange<Double>, seed: UInt64) {
        self.init([(0, shape)], latency: latency, seed: seed)
    }

    /// Whether it lets a request in that arrives while nothing is at work.
    mutating func takes(at time: Double) -> Bool { refusal(at: time, atWork: 0) == nil }

    /// What it answers to a request that arrives; times never go back.
    mutating func receive(at time: Double, atWork: Int) -> PaceModel.Answer {
        letStrangersIn(until: time)
        if let status = refusal(at: time, atWork: atWork) { return .refused(status: status, retryAfter: nil) }
        return .accepted(after: Double.random(in: latency, using: &generator))
    }

    private mutating func letStrangersIn(until time: Double) {
        guard let stranger, time >= stranger.times.lowerBound else { return }
        var next = strangerAt ?? stranger.times.lowerBound
        while next <= min(time, stranger.times.upperBound) {
            _ = refusal(at: next, atWork: 0)
            next += 1 / stranger.perSecond
        }
        strangerAt = next
    }

    private mutating func refusal(at time: Double, atWork: Int) -> Int? {
        switch shapes.last(where: { $0.from <= time })?.shape ?? .nothing {
        case .sliding(let limit, let seconds):
            while let first = taken.first, first <= time - seconds { taken.removeFirst() }
            return count(time, under: limit)
        case .calendar(let limit, let phase):
            while let first = taken.first, ((first + phase) / 60).rounded(.down) < ((time + phase) / 60).rounded(.down)
            {
                taken.removeFirst()
            }
            return count(time, under: limit)
        case .bucket(let capacity, let perSecond):
            let full = min(capacity, (level ?? capacity) + (time - levelAt) * perSecond)
            levelAt = time
            level = full >= 1 ? full - 1 : full
            return full >= 1 ? nil : 429
        case .work(let limit, let status): return atWork < limit ? nil : status
        case .chance(let share): return Double.random(in: 0..<1, using: &generator) < share ? 429 : nil
        case .everything: return 429
        case .nothing: return nil
        }
    }

    private mutating func count(_ time: Double, under limit: Int) -> Int? {
        guard taken.count < limit else { return 429 }
        taken.append(time)
        return nil
    }
}
