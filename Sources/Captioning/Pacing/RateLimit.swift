/// Keeps one quota of an endpoint: so many requests, or model tokens, in any minute.
///
/// Two rules at once: an even pace of a sixtieth per second (providers enforce that too), and an exact count of the last
/// 60 seconds, so that no window anywhere holds more than the limit. Pure: the caller says what time it is, in seconds.
struct RateLimit: Sendable {
    /// A minute in seconds, and by how much requests may overtake each other on their way.
    static let minute = 60.25
    /// The same for an even pace: a little more, so that it is not the count that holds back, which would make bursts.
    static let evenMinute = 60.3
    /// How late a request may be, in seconds, and the next one still be on time: alarms are not exact.
    static let evenly = 0.04

    private(set) var perMinute: Double?
    private var window = SlidingWindow(length: minute)
    private var bucket: TokenBucket?

    /// A quota; nil means that it is not known, and then nothing is held back.
    ///
    /// - `burst`: How many seconds' worth may go at once.
    init(perMinute: Double?, burst: Double, at now: Double) {
        setLimit(perMinute, pace: perMinute.map { $0 * 60 / Self.evenMinute }, burst: burst, at: now)
    }

    /// Seconds until so much may be spent; 0 when it may.
    mutating func wait(for cost: Double, at now: Double) -> Double {
        let counted = perMinute.map { window.wait(for: cost, under: $0, at: now) } ?? 0
        return max(counted, bucket?.wait(for: cost, at: now) ?? 0)
    }

    /// Spends.
    mutating func take(_ cost: Double, at now: Double) {
        window.add(cost, at: now)
        bucket?.take(cost, at: now)
    }

    /// Corrects what was taken at a time to what it came to.
    mutating func settle(_ cost: Double, as actual: Double, takenAt: Double) {
        window.correct(by: actual - cost, at: takenAt)
        bucket?.giveBack(cost - actual)
    }

    /// Takes out of the count what the server does not count; the even pace stays what it is.
    mutating func uncount(_ cost: Double, takenAt: Double) {
        window.correct(by: -cost, at: takenAt)
    }

    /// Counts in what an earlier run spent.
    mutating func note(_ spent: Double, at time: Double) {
        window.add(spent, at: time)
    }

    /// What was spent in the last minute.
    mutating func spent(at now: Double) -> Double {
        window.total(at: now)
    }

    /// What was spent since an earlier time within the last minute.
    func spent(since time: Double) -> Double {
        window.total(since: time)
    }

    /// Changes the limit and the even pace, both per minute; nil means not known.
    ///
    /// - `burst`: How many seconds' worth may go at once.
    mutating func setLimit(_ limit: Double?, pace: Double?, burst: Double, at now: Double) {
        perMinute = limit
        guard let pace else {
            bucket = nil
            return
        }
        if bucket == nil {
            bucket = TokenBucket(perMinute: pace, burst: burst, at: now)
        } else {
            bucket?.setRate(perMinute: pace, burst: burst, at: now)
        }
    }

    /// Holds requests back as if so many seconds' worth had just been spent.
    mutating func pause(for seconds: Double, at now: Double) {
        guard let rate = bucket?.refillPerSecond else { return }
        bucket?.take(rate * seconds, at: now)
    }

    /// Begins with a part of the pace and grows to the whole; a pace of a few requests per second needs none of that.
    mutating func startGently(at now: Double, firstShare: Double = 0.05, over length: Double = 6) {
        guard let rate = bucket?.refillPerSecond, rate > Self.gentleRate else { return }
        let share = max(firstShare, Self.gentleRate / rate)
        bucket?.rampUp(RampUp(firstShare: share, length: length, start: now), at: now)
    }

    /// Requests per second that no provider calls a burst.
    private static let gentleRate = 5.0
}
