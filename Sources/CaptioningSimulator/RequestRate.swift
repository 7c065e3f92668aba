/// A token bucket for requests: continuous refill, with a capacity of one second's worth.
///
/// Pure: the caller says what time it is, and never goes back. It keeps the time at which the bucket is full again, so
/// that no rounding adds up.
struct RequestRate: Sendable {
    private let interval: Duration
    private var fullAt = Duration.zero

    /// A full bucket.
    init(perSecond: Int) {
        interval = .seconds(1) / perSecond
    }

    /// Whether one more request fits.
    func fits(at time: Duration) -> Bool {
        max(fullAt, time) + interval <= time + .seconds(1)
    }

    /// Counts a request in.
    mutating func add(at time: Duration) {
        fullAt = max(fullAt, time) + interval
    }
}
