/// Counts permits: a bucket that refills evenly.
///
/// Pure: the caller says what time it is, in seconds. With 600 a minute and a capacity of one second's worth (10): ten
/// permits at once, then one every 100 ms.
struct TokenBucket: Sendable {
    /// The most permits that can gather.
    let capacity: Double
    /// Permits that come back per second.
    let refillPerSecond: Double
    private var level: Double
    private var updatedAt: Double

    /// Rounding must not make a permit that is due wait for one more tick of the clock.
    private static let tolerance = 1e-6

    /// A full bucket.
    ///
    /// - Parameters:
    ///   - perMinute: Permits a minute, at least 1.
    ///   - now: Seconds on the caller's scale.
    init(perMinute: Int, at now: Double) {
        refillPerSecond = Double(perMinute) / 60
        // One second's worth, so that a start is no burst; servers that enforce a rate per second do it by RPM / 60.
        capacity = max(1, refillPerSecond.rounded(.down))
        level = capacity
        updatedAt = now
    }

    /// Whole permits that are there.
    func available(at now: Double) -> Int {
        Int((level(at: now) + Self.tolerance).rounded(.down))
    }

    /// Seconds until one permit is there; 0 when one is.
    func wait(at now: Double) -> Double {
        let missing = 1 - level(at: now)
        return missing > Self.tolerance ? missing / refillPerSecond : 0
    }

    /// Takes permits; more than are there leave a debt.
    mutating func take(_ count: Int, at now: Double) {
        level = level(at: now) - Double(count)
        updatedAt = max(now, updatedAt)
    }

    /// Gives back one permit that was taken and not used.
    mutating func giveBack() {
        level = min(capacity, level + 1)
    }

    private func level(at now: Double) -> Double {
        min(capacity, level + max(now - updatedAt, 0) * refillPerSecond)
    }
}
