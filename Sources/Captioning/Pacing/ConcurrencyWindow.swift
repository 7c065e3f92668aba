/// Finds how many requests an endpoint takes at once.
///
/// Slow start until something gives: the size doubles or triples with every round of answers. Where requests are refused
/// because of what is in flight, the size goes back to what the server works on, and one more is tried ever more rarely. An
/// endpoint that never refuses (a local server) is sized by its throughput: a larger window that brings no more answers per
/// second is taken back.
///
/// Pure: the caller says what time it is, in seconds.
struct ConcurrencyWindow: Sendable {
    /// Requests in flight before the endpoint has answered any: a wrong key is found with at most so many.
    static let firstSize = 3

    /// Fewer answers are too rough a measure of throughput.
    private static let steadyRound = 24.0
    /// Answers, for each request in flight, before a size that was refused is tried again.
    private static let smallRound = 2.0
    /// An answer that takes longer than this, in seconds, speaks for one more request at once, a quicker one for two: a slow
    /// server's queue must not fill up before the throughput is known.
    private static let slowLatency = 3.0
    /// By this much a window grows in a round when it is not doubling.
    private static let growth = 0.05
    /// Requests that are accepted, one after the other, at a size that was refused before: it was no limit.
    private static let acceptedToDisprove = 6
    /// Requests that are accepted at a size before a refusal at that size contradicts that it is the limit.
    private static let acceptedToContradict = 8
    /// Seconds until a size that was refused is tried again; they double with every try that fails.
    private static let refusedPatience = 1.0...60.0
    /// The same for a size that brought no throughput.
    private static let idlePatience = 5.0...160.0

    private let bounds: Job.Concurrency
    private var exactSize: Double
    private var isStarting = true
    private var ceiling: Ceiling?
    /// Seconds between two tries at the ceiling, and when the next may be.
    private var patience = 0.0
    private var nextTry = 0.0
    private var round = Round()
    private var best: (size: Double, throughput: Double)?
    private var shortestLatency = Double.infinity
    private var hasAnswered = false
    private var isFull = false
    /// How many cuts there have been; requests from before the last say nothing about the present size.
    private(set) var generation = 0

    /// A size that turned out to be too much.
    private struct Ceiling: Sendable {
        var size: Double
        /// Whether it was a refusal that told, rather than the throughput.
        let isRefused: Bool
        /// Whether it is being tried again.
        var isTried = false
        /// Requests that were accepted although so many were in flight, and with just one fewer.
        var accepted = 0
        var acceptedBelow = 0
    }

    /// As many answers as the window holds, and how fast they came.
    private struct Round: Sendable {
        var answers = 0
        var startedAt = 0.0
        var wasFull = false
        var isClean = true
        var size = 0.0
    }

    init(_ bounds: Job.Concurrency) {
        self.bounds = bounds
        exactSize = Double(min(Self.firstSize, bounds.most))
        round.size = exactSize
    }

    /// Requests that may be in flight.
    var size: Int { Int(exactSize) }

    /// Records that a request has to wait for the window: only then does an answer speak for a larger one.
    mutating func didFill() {
        isFull = true
        round.wasFull = true
    }

    /// Records that something else holds requests back, or that there are no more.
    mutating func didNotFill() {
        isFull = false
        round.isClean = false
    }

    /// Records a passing fault: no growth in this round.
    mutating func didFail() {
        round.isClean = false
    }

    /// Records an answer.
    ///
    /// - `generation`: What `generation` was when its request went out.
    /// - `inFlight`: Requests in flight when it went out, itself included.
    /// - `latency`: Seconds that it took.
    mutating func didAnswer(generation: Int, inFlight: Int, latency: Double, at now: Double) {
        if !hasAnswered {
            hasAnswered = true
            // A fixed number is the user's word, and so is the least.
            exactSize = max(exactSize, Double(bounds.least))
        }
        guard generation == self.generation else { return }
        recordAccepted(inFlight)
        shortestLatency = min(shortestLatency, max(latency, 0.001))
        round.answers += 1
        tryAgain(at: now)
        if isStarting, round.wasFull, round.isClean { setSize(exactSize + (latency > Self.slowLatency ? 1 : 2)) }
        if Double(round.answers) >= (isStarting ? round.size : max(round.size, Self.steadyRound)) { endRound(at: now) }
    }

    /// Grows to a size at once: as many as are in flight at a pace that is known.
    mutating func reach(_ size: Double) {
        guard size > exactSize, ceiling == nil else { return }
        setSize(size)
    }

    /// Goes back to what the server works on, after a refusal.
    ///
    /// - `generation`: What `generation` was when the refused request went out.
    /// - `inFlight`: Requests in flight without the refused one.
    /// - `isVolley`: Whether it went out before the first refusal of its kind came back: then it only lowers the size further.
    ///
    /// Returns whether it had a part in the size.
    @discardableResult
    mutating func stepBack(generation: Int, inFlight: Int, isVolley: Bool, at now: Double) -> Bool {
        let size = Double(max(inFlight, 1))
        if isVolley {
            guard let ceiling, ceiling.isRefused, generation == self.generation - 1 else { return false }
            if size < exactSize {
                exactSize = size
                self.ceiling?.size = size + 1
            }
            return true
        }
        guard size < exactSize, generation == self.generation else { return false }
        self.generation += 1
        let range = Self.refusedPatience
        patience = ceiling?.isTried == true ? (patience * 2).clamped(to: range) : range.lowerBound
        nextTry = now + patience
        ceiling = Ceiling(size: size + 1, isRefused: true)
        exactSize = size
        isStarting = false
        restartMeasuring(at: now)
        return true
    }

    /// Whether a refusal with so many in flight cannot come of them: as many went well before, since the last step back.
    func contradicts(_ inFlight: Int) -> Bool {
        guard let ceiling, ceiling.isRefused else { return false }
        return Double(inFlight) < ceiling.size && ceiling.acceptedBelow >= Self.acceptedToContradict
    }

    /// Forgets the size that was refused: the search goes on as it began.
    mutating func disprove() {
        ceiling = nil
        best = nil
        isStarting = true
    }

    /// Forgets the throughput measured so far: something else held requests back, and does no longer.
    mutating func restartMeasuring(at now: Double) {
        best = nil
        beginRound(at: now)
    }

    /// Begins small again, after the endpoint has been away.
    mutating func restart(at now: Double) {
        generation += 1
        hasAnswered = false
        guard exactSize > Double(Self.firstSize) else { return }
        ceiling = nil
        isStarting = true
        exactSize = Double(min(Self.firstSize, bounds.most))
        restartMeasuring(at: now)
    }

    private mutating func recordAccepted(_ inFlight: Int) {
        guard let ceiling, ceiling.isRefused else { return }
        if Double(inFlight) >= ceiling.size - 1 { self.ceiling?.acceptedBelow += 1 }
        guard Double(inFlight) >= ceiling.size else { return }
        self.ceiling?.accepted += 1
        if ceiling.accepted + 1 >= Self.acceptedToDisprove { disprove() }
    }

    /// Tries the size that was refused again, when it is time.
    private mutating func tryAgain(at now: Double) {
        let answers = max(min(Self.smallRound * exactSize, Self.steadyRound), exactSize)
        guard let ceiling, ceiling.isRefused, round.wasFull, round.isClean, Double(round.answers) >= answers,
            now >= nextTry, exactSize >= ceiling.size - 1
        else { return }
        nextTry = now + patience
        self.ceiling?.isTried = true
        setSize(max(ceiling.size, exactSize))
    }

    private mutating func endRound(at now: Double) {
        defer { beginRound(at: now) }
        let elapsed = max(now - round.startedAt, 0.001)
        guard round.wasFull, round.isClean else { return }
        let throughput = Double(round.answers) / elapsed
        guard bounds.isFixed || isWorthIt(throughput, at: now), !isStarting else { return }
        guard let ceiling else {
            setSize(exactSize + max(1, exactSize * Self.growth))
            return
        }
        let near = ceiling.isRefused ? ceiling.size - 1 : ceiling.size - max(1, ceiling.size * Self.growth)
        if exactSize < near {
            setSize(min(exactSize + max(1, (near - exactSize) / 2), near))
            return
        }
        guard !ceiling.isRefused, now >= nextTry else { return }
        nextTry = now + patience
        setSize(exactSize + max(1, exactSize * 0.02))
        if exactSize > ceiling.size * 1.1 + 1 { self.ceiling = nil }
    }

    /// Compares with a size of before; a window that has grown by much and brings little is taken back.
    private mutating func isWorthIt(_ throughput: Double, at now: Double) -> Bool {
        guard let best else {
            self.best = (round.size, throughput)
            return true
        }
        let growth = round.size / best.size
        guard growth >= 1.4 else {
            if throughput > best.throughput, growth <= 1.05 { self.best?.throughput = throughput }
            return true
        }
        // A few answers are a rough measure; with more of them the bar is higher.
        let bar = round.answers < 12 ? 1.15 : max(1.15, 1 + 0.25 * (growth - 1))
        guard throughput < best.throughput * bar else {
            self.best = (round.size, throughput)
            return true
        }
        // Little's law: what is at work at once when nothing queues, and a little more so that nothing idles.
        let needed = max(throughput, best.throughput) * shortestLatency * 1.25 + 1
        patience = (patience * 2).clamped(to: Self.idlePatience)
        nextTry = now + patience
        isStarting = false
        setSize(min(max(best.size, needed), exactSize))
        ceiling = Ceiling(size: max(exactSize * 1.06, exactSize + 1), isRefused: false)
        self.best = nil
        return false
    }

    private mutating func beginRound(at now: Double) {
        round = Round(startedAt: now, wasFull: isFull, size: exactSize)
    }

    private mutating func setSize(_ size: Double) {
        exactSize = min(max(size, Double(bounds.isFixed ? 1 : bounds.least)), Double(bounds.most))
    }
}
