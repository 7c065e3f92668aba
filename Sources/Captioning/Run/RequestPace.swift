/// Paces the requests to one endpoint by the limit that the spec or the server tells, or by one that it finds.
///
/// A refusal says that a limit was reached and not which. Two guesses are told apart by what happens next:
///
/// - *So many in any minute*: the server takes requests again when those of a minute ago have left its count. What it had
///   taken in the minute before the refusal is then the limit, to the last request.
/// - *So many per second, or at once*: it takes requests again although the minute's count is as high as ever. Then the pace
///   of the last seconds is what it takes.
///
/// Pure: the caller says what time it is, in seconds.
struct RequestPace: Sendable {
    /// What was so when the server began to refuse.
    struct Refusal: Sendable {
        let begunAt: Double
        /// Requests that the server had taken in the minute before.
        fileprivate(set) var inMinute: Double
        /// Requests that it had taken in the seconds before, and refused ones among the same.
        fileprivate(set) var recent: Double
        fileprivate(set) var refused = 0.0
        fileprivate let recentSeconds: Double
    }

    private var rate: RateLimit
    private let told: Double?
    private var toldByServer: Double?
    private var perMinute: LearnedLimit?
    private var even: LearnedLimit?
    private let startedAt: Double
    private var heldAt = -Double.infinity

    private static let recentSeconds = 10.0
    private static let leastSeconds = 2.0

    /// A pace.
    ///
    /// - Parameters:
    ///   - told: The spec's limit per minute; nil when it names none.
    ///   - now: The time.
    init(told: Int?, at now: Double) {
        self.told = told.map(Double.init)
        rate = RateLimit(perMinute: self.told, at: now)
        rate.startGently(at: now)
        startedAt = now
    }

    /// Whether a limit has been found.
    private var hasFoundLimit: Bool { perMinute != nil || even != nil }

    /// Whether a found limit held requests back of late, so that it may have been raised too far.
    func isFoundLimitAtWork(at now: Double) -> Bool {
        hasFoundLimit && now - heldAt < 1
    }

    /// The limit per minute in force, told or found; nil when none is known.
    var limitPerMinute: Double? { [rate.perMinute, pace].compactMap(\.self).min() }

    /// Seconds until one more request may go; 0 when it may.
    mutating func wait(at now: Double) -> Double {
        let wait = rate.wait(for: 1, at: now)
        guard wait > 0, hasFoundLimit else { return wait }
        heldAt = now
        perMinute?.raiseIfDue(at: now)
        even?.raiseIfDue(at: now)
        // Far above the other it holds nothing back, and says nothing.
        if let most = perMinute?.value, let pace = even?.value, pace > most * 1.5 { even = nil }
        apply(at: now)
        return rate.wait(for: 1, at: now)
    }

    /// Counts a request in.
    mutating func take(at now: Double) {
        rate.take(1, at: now)
    }

    /// Takes a request out again that was not sent, or that the server refused to count.
    mutating func giveBack(takenAt: Double) {
        rate.settle(1, as: 0, takenAt: takenAt)
    }

    /// Counts in what an earlier run sent.
    mutating func note(earlier requests: Int, at time: Double) {
        rate.note(Double(requests), at: time)
    }

    /// Requests of the last minute.
    mutating func inLastMinute(at now: Double) -> Double {
        rate.spent(at: now)
    }

    /// Takes the server's own word for its limit per minute.
    mutating func noteTold(_ limit: Int, at now: Double) {
        guard toldByServer != Double(limit), limit > 0 else { return }
        toldByServer = Double(limit)
        perMinute = nil
        even = nil
        apply(at: now)
    }

    /// Starts over with half the pace, growing to the whole: for servers that say that it grew too quickly.
    mutating func slowDownGrowth(at now: Double) {
        rate.startGently(at: now, firstShare: 0.5, over: 15)
    }

    /// Remembers how things were when the first request was refused; that one is out of the count already.
    mutating func beginRefusal(at now: Double) -> Refusal {
        let seconds = min(Self.recentSeconds, max(now - startedAt, 0.5))
        return Refusal(
            begunAt: now, inMinute: rate.spent(at: now), recent: rate.spent(since: now - seconds), refused: 1,
            recentSeconds: seconds)
    }

    /// Takes note of one more refusal of a request that was under way when the first came.
    func note(refusedAsWell takenAt: Double, in refusal: inout Refusal) {
        refusal.inMinute = max(refusal.inMinute - 1, 0)
        if takenAt >= refusal.begunAt - refusal.recentSeconds {
            refusal.recent = max(refusal.recent - 1, 0)
            refusal.refused += 1
        }
    }

    /// Seconds until the last minute's count is below what it was at the refusal.
    mutating func waitForRoom(below refusal: Refusal, at now: Double) -> Double {
        rate.waitUntilSpent(isUnder: refusal.inMinute - 1, at: now)
    }

    /// Learns from a refusal once the server takes requests again.
    ///
    /// - `inMinute`: What had been sent in the minute before the first request that it took.
    /// - `wasRepeated`: Whether it had refused single requests in between: without that, time proves nothing.
    mutating func learn(from refusal: Refusal, inMinute: Double, wasRepeated: Bool, at now: Double) {
        guard refusal.inMinute >= 1 else { return }
        if inMinute <= refusal.inMinute - 1, wasRepeated || perMinute != nil {
            if perMinute != nil {
                perMinute?.noteRefusal(measured: refusal.inMinute, at: now)
            } else {
                perMinute = LearnedLimit(refusal.inMinute, firstStep: 0.02, pause: 20, at: now)
            }
            even = nil
        } else {
            learnPace(refusal, at: now)
        }
        apply(at: now)
    }

    /// Takes a found limit back a little, after a refusal that comes from having raised it.
    mutating func takeBack(at now: Double) {
        let refusal = beginRefusal(at: now)
        if perMinute != nil { perMinute?.noteRefusal(measured: refusal.inMinute, at: now) }
        if even != nil { learnPace(refusal, at: now) }
        apply(at: now)
        rate.pause(for: 0.2, at: now)
    }

    /// Learns the present pace from a refusal that a smaller window answers for now: a burst may have been the cause.
    mutating func learnPaceIfUnknown(at now: Double) {
        guard even == nil, perMinute == nil else { return }
        learnPace(beginRefusal(at: now), at: now)
        apply(at: now)
    }

    private mutating func learnPace(_ refusal: Refusal, at now: Double) {
        // The first moments tell nothing of a pace.
        guard refusal.begunAt - startedAt >= Self.leastSeconds else { return }
        let tried = (refusal.recent + refusal.refused) / refusal.recentSeconds * 60
        let measured = min(max(refusal.recent, 1) / refusal.recentSeconds * 60, tried * 0.95)
        if even != nil {
            even?.noteRefusal(measured: measured, at: now)
        } else {
            even = LearnedLimit(measured, firstStep: 0.02, pause: 2, at: now)
        }
    }

    private var pace: Double? {
        [told, toldByServer, perMinute?.value, even?.value].compactMap(\.self).min()
    }

    private mutating func apply(at now: Double) {
        // A found pace leaves no room for a burst: that may be what was refused.
        rate.setLimit(
            [told, toldByServer, perMinute?.value].compactMap(\.self).min(), pace: pace,
            burst: even == nil ? 1 : 0.1, at: now)
    }
}
