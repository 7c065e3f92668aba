import DequeModule

/// A limit on the requests in any 60 seconds.
///
/// Pure: the caller says what time it is.
struct RequestWindow: Sendable {
    let limit: Int
    private var accepted: Deque<Duration> = []

    init(limit: Int) {
        self.limit = limit
    }

    /// Whether one more request fits at a time since the start; counts it if so.
    mutating func accepts(at time: Duration) -> Bool {
        while let first = accepted.first, time - first >= .seconds(60) { accepted.removeFirst() }
        guard accepted.count < limit else { return false }
        accepted.append(time)
        return true
    }
}
