import DequeModule

/// A limit on what comes in any 60 seconds: requests, or tokens.
///
/// Pure: the caller says what time it is, and never goes back. Every entry is kept until it is 60 seconds old, so the
/// window is exact; each costs constant time on average.
struct SlidingWindow: Sendable {
    /// How long an entry counts.
    static let length = Duration.seconds(60)

    let limit: Int
    private var entries: Deque<(time: Duration, amount: Int)> = []
    private var total = 0

    init(limit: Int) {
        self.limit = limit
    }

    /// How much still fits; 0 or more.
    var remaining: Int { max(limit - total, 0) }

    /// Drops what is 60 seconds old.
    mutating func advance(to time: Duration) {
        while let first = entries.first, time - first.time >= Self.length {
            entries.removeFirst()
            total -= first.amount
        }
    }

    /// Counts an amount in, at the time that the window was last advanced to.
    mutating func add(_ amount: Int, at time: Duration) {
        entries.append((time, amount))
        total += amount
    }

    /// How long until everything fits again, when nothing more comes.
    func reset(at time: Duration) -> Duration {
        entries.last.map { max($0.time + Self.length - time, .zero) } ?? .zero
    }
}
