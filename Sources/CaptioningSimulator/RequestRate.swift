/// A token bucket for requests, with continuous refill.
///
/// Pure: the caller says what time it is, and never goes back. It keeps the time at which the bucket is full again, so
/// that no rounding adds up.
struct RequestRate: Sendable {
    private let interval: Duration
    /// How long an empty bucket takes to fill.
    private let capacity: Duration
    private var fullAt = Duration.zero

    /// A full bucket.
    ///
    /// - `capacity`: How many requests it holds; nil means one second's worth.
    init(perSecond: Int, capacity: Int? = nil) {
        interval = .seconds(1) / perSecond
        self.capacity = interval * (capacity ?? perSecond)
    }

    /// Whether one more request fits.
    func fits(at time: Duration) -> Bool {
        max(fullAt, time) + interval <= time + capacity
    }

    /// Counts a request in.
    mutating func add(at time: Duration) {
        fullAt = max(fullAt, time) + interval
    }
}
