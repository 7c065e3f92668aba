/// Counts permits: a bucket that refills evenly, so that requests go at an even pace.
///
/// Pure: the caller says what time it is, in seconds. With 600 a minute and a capacity of one second's worth (10): ten
/// permits at once, then one every 100 ms. A cost larger than the capacity goes when the bucket is full, and leaves a debt.
struct TokenBucket: Sendable {
    /// The most permits that can gather, no less than one.
    private(set) var capacity = 1.0
    /// Permits that come back per second, once the start is over.
    private(set) var refillPerSecond = 0.0
    private var level: Double
    private var updatedAt: Double
    private var ramp = RampUp()

    /// Rounding must not make a permit that is due wait for one more tick of the clock.
    private static let tolerance = 1e-6

    /// A full bucket.
    ///
    /// - Parameters:
    ///   - perMinute: Permits a minute, more than 0.
    ///   - burst: How many seconds' worth can gather.
    ///   - now: Seconds on the caller's scale.
    init(perMinute: Double, burst: Double = 1, at now: Double) {
        updatedAt = now
        level = 0
        setRate(perMinute: perMinute, burst: burst, at: now)
        level = capacity
    }

    /// Seconds until so much can be taken; 0 when it can.
    ///
    /// While the rate still grows, an answer of more than 50 ms is cut to that: ask again then.
    func wait(for cost: Double, at now: Double) -> Double {
        let missing = min(cost, capacity) - level(at: now)
        guard missing > Self.tolerance * max(1, capacity) else { return 0 }
        let share = ramp.share(at: now)
        let wait = missing / (refillPerSecond * share)
        return share < 1 ? min(wait, 0.05) : wait
    }

    /// Takes permits; more than are there leave a debt.
    mutating func take(_ cost: Double, at now: Double) {
        level = level(at: now) - cost
        updatedAt = max(now, updatedAt)
    }

    /// Gives back permits that were not used; a negative number takes more.
    ///
    /// Such a correction comes from the other side and leaves a debt of a minute's worth at most: no limit looks back further.
    mutating func giveBack(_ permits: Double) {
        level = min(capacity, max(level + permits, min(level, -60 * refillPerSecond)))
    }

    /// Changes the pace; what is in the bucket stays, as far as it fits.
    mutating func setRate(perMinute: Double, burst: Double = 1, at now: Double) {
        level = level(at: now)
        updatedAt = max(now, updatedAt)
        refillPerSecond = perMinute / 60
        capacity = 1 + refillPerSecond * burst
        level = min(level, capacity)
    }

    /// Starts with one permit and at a part of the pace, and grows to the whole of it.
    mutating func rampUp(_ ramp: RampUp, at now: Double) {
        level = min(level(at: now), 1)
        updatedAt = max(now, updatedAt)
        self.ramp = ramp
    }

    private func level(at now: Double) -> Double {
        min(capacity, level + refillPerSecond * ramp.area(from: updatedAt, to: now))
    }
}

/// A pace that grows evenly to its full size; some providers refuse a rate that grows suddenly.
///
/// DashScope calls it `limit_burst_rate` (docs.qwencloud.com, "Rate limits").
struct RampUp: Sendable {
    /// The share of the full pace at the beginning, over 0.
    var firstShare = 1.0
    /// Seconds until the full pace.
    var length = 0.0
    /// When it begins.
    var start = 0.0

    /// The share of the full pace at a time, up to 1.
    func share(at time: Double) -> Double {
        guard firstShare < 1, time < start + length else { return 1 }
        return firstShare + (1 - firstShare) * max(time - start, 0) / length
    }

    /// Seconds at full pace that are worth as much as the time between.
    func area(from: Double, to: Double) -> Double {
        guard to > from else { return 0 }
        let end = start + length
        guard firstShare < 1, from < end else { return to - from }
        let bend = min(to, end)
        return (share(at: from) + min(share(at: bend), 1)) / 2 * (bend - from) + (to - bend)
    }
}
