/// Finds how many requests an endpoint takes at once.
///
/// Slow start until something gives: the size doubles or triples with every round of answers. Then small steps: a cut
/// when a rate limit is hit, once for all requests that were under way together, and back up to just under the size that
/// was too much, which is tried again ever more rarely. An endpoint that never refuses (a local server) is sized by its
/// throughput: a larger window that brings no more answers per second is taken back.
///
/// Pure: the caller says what time it is, in seconds.
struct ConcurrencyWindow: Sendable {
    /// Requests in flight before the endpoint has answered any: a wrong key is found with at most so many.
    static let firstSize = 3

    /// Fewer answers are too rough a measure of throughput.
    private static let steadyRound = 24.0
    private static let shortestPatience = 5.0
    private static let longestPatience = 160.0

    private let bounds: Job.Concurrency
    private var exactSize: Double
    private var isStarting = true
    /// The size that last turned out to be too much.
    private var ceiling: Double?
    /// Seconds between two tries at the ceiling, and when the next may be.
    private var patience = Self.shortestPatience
    private var nextTry = 0.0
    private var round = Round()
    private var best: (size: Double, throughput: Double)?
    private var shortestLatency = Double.infinity
    private var hasAnswered = false
    private var isFull = false
    private var lastLeap = 0.0
    /// How many cuts there have been; requests from before the last say nothing about the present size.
    private(set) var generation = 0

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

    /// Whether a size like this has gone well for a while, rather than having been reached by leaps just now.
    func isProven(at now: Double) -> Bool { now - lastLeap >= 10 }

    /// Takes note that a request has to wait for the window: only then does an answer speak for a larger one.
    mutating func noteFull() {
        isFull = true
        round.wasFull = true
    }

    /// Takes note that something else holds requests back, or that there are no more.
    mutating func noteRoom() {
        isFull = false
    }

    /// Takes note of an answer.
    ///
    /// - `generation`: What `generation` was when its request went out.
    /// - `latency`: Seconds that it took.
    mutating func noteAnswer(generation: Int, latency: Double, at now: Double) {
        if !hasAnswered {
            hasAnswered = true
            exactSize = max(exactSize, Double(bounds.isFixed ? 0 : bounds.least))
        }
        guard generation == self.generation else { return }
        shortestLatency = min(shortestLatency, max(latency, 0.001))
        round.answers += 1
        if isStarting, round.wasFull, round.isClean {
            // A slow server's queue must not fill up before the throughput is known.
            let before = exactSize
            setSize(exactSize + (latency > 3 ? 1 : 2))
            if exactSize > before { lastLeap = now }
        }
        if Double(round.answers) >= (isStarting ? round.size : max(round.size, Self.steadyRound)) { endRound(at: now) }
    }

    /// Takes note of a passing fault: no growth in this round.
    mutating func noteFault() {
        round.isClean = false
    }

    /// Makes the window smaller, once for all requests of a generation.
    ///
    /// - `generation`: What `generation` was when the refused request went out.
    ///
    /// Returns whether it was cut.
    @discardableResult
    mutating func cut(generation: Int, at now: Double) -> Bool {
        guard generation == self.generation else { return false }
        self.generation += 1
        guard !bounds.isFixed else { return false }
        let before = exactSize
        noteCeiling(before, at: now)
        // Slow start may have overshot by three times; later steps are small.
        setSize(max(before * (isStarting ? 0.5 : 0.8), Double(min(Self.firstSize, bounds.most))))
        isStarting = false
        beginRound(at: now)
        return true
    }

    /// Takes a step back below a size that was too much, without slowing down further: it is known well enough.
    ///
    /// - `generation`: What `generation` was when the refused request went out.
    /// - `size`: Requests in flight with it.
    mutating func stepBack(generation: Int, below size: Int, at now: Double) {
        guard generation == self.generation, !bounds.isFixed else { return }
        self.generation += 1
        noteCeiling(Double(size), at: now)
        setSize(min(exactSize, Double(size) - 1))
        isStarting = false
        beginRound(at: now)
    }

    /// Whether a size is just above one that was too much before.
    func isKnownAsTooMuch(_ size: Int) -> Bool {
        ceiling.map { Double(size) >= $0 * 0.9 && Double(size) <= $0 * 1.1 + 1 } ?? false
    }

    private mutating func noteCeiling(_ size: Double, at now: Double) {
        if let ceiling, size > 0.9 * ceiling - 1, size < 1.1 * ceiling + 1 {
            patience = min(patience * 2, Self.longestPatience)
        } else {
            patience = Self.shortestPatience
        }
        ceiling = size
        nextTry = now + patience
        best = nil
    }

    /// Begins small again, after the endpoint has been away.
    mutating func restart(at now: Double) {
        generation += 1
        guard exactSize > Double(Self.firstSize) else { return }
        ceiling = nil
        best = nil
        isStarting = true
        exactSize = min(exactSize, Double(max(bounds.isFixed ? 0 : bounds.least, Self.firstSize)))
        beginRound(at: now)
    }

    private mutating func endRound(at now: Double) {
        defer { beginRound(at: now) }
        let elapsed = max(now - round.startedAt, 0.001)
        guard round.wasFull, round.isClean, !bounds.isFixed else { return }
        let throughput = Double(round.answers) / elapsed
        guard isWorthIt(throughput, at: now) else { return }
        guard !isStarting else { return }
        guard let ceiling else {
            setSize(exactSize + max(1, exactSize * 0.05))
            return
        }
        let near = ceiling - max(1, ceiling * 0.05)
        if exactSize < near {
            setSize(min(exactSize + max(1, (near - exactSize) / 2), near))
            return
        }
        guard now >= nextTry else { return }
        nextTry = now + patience
        setSize(exactSize + max(1, exactSize * 0.02))
        if exactSize > ceiling * 1.1 + 1 { self.ceiling = nil }
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
        ceiling = exactSize
        patience = min(patience * 2, Self.longestPatience)
        nextTry = now + patience
        isStarting = false
        setSize(min(max(best.size, needed), exactSize))
        ceiling = max(exactSize * 1.06, exactSize + 1)
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
