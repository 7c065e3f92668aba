import Captioning
import DequeModule

/// How far a run is: a value that events are counted into and lines are rendered from.
///
/// Times are since the run's start.
struct ProgressState: Sendable {
    /// Items that this run is about.
    let total: Int
    /// Items that were settled before.
    let before: Int
    private(set) var completed = 0
    private(set) var failed = 0
    private(set) var reused = 0
    private(set) var retries = 0
    private(set) var inFlight = 0
    private(set) var promptTokens = 0
    private(set) var completionTokens = 0
    /// Why nothing is sent, and until when.
    private(set) var waiting: (reason: String, until: Duration)?
    private(set) var isDraining = false
    /// Requests that may be in flight, by endpoint; empty until a run says so.
    private(set) var rooms: [Int: Int] = [:]
    private var finishTimes: Deque<Duration> = []

    /// The rate is taken over so many of the last items, and at most so much time.
    private static let rateItems = 200
    private static let rateWindow = Duration.seconds(30)
    /// So many of the last items count however old they are, for models that take minutes for one.
    private static let slowRateItems = 4

    init(total: Int, before: Int) {
        self.total = total
        self.before = before
    }

    /// Input and output of the answers so far.
    var tokens: Int { Self.sum(promptTokens, completionTokens) }

    /// Items settled, before and now.
    var settled: Int { before + completed + failed }

    mutating func noteStarted() {
        inFlight += 1
        waiting = nil
    }

    mutating func noteCompleted(at time: Duration, promptTokens: Int, completionTokens: Int, isReused: Bool) {
        completed += 1
        if isReused {
            // Nothing was sent for it.
            reused += 1
        } else {
            inFlight -= 1
            self.promptTokens = Self.sum(self.promptTokens, promptTokens)
            self.completionTokens = Self.sum(self.completionTokens, completionTokens)
        }
        noteFinish(at: time)
    }

    mutating func noteFailed(at time: Duration, wasSent: Bool) {
        if wasSent { inFlight -= 1 }
        failed += 1
        noteFinish(at: time)
    }

    mutating func noteRetry() {
        inFlight -= 1
        retries += 1
    }

    mutating func noteInterrupted() {
        inFlight -= 1
    }

    mutating func noteWaiting(_ reason: String, until time: Duration) {
        waiting = (reason, time)
    }

    mutating func noteEndpoint(_ endpoint: Int, _ state: EndpointState) {
        rooms[endpoint] = state.health == .retired ? 0 : state.concurrency
    }

    mutating func noteDraining() {
        isDraining = true
    }

    /// Items per second of late; nil until there are two.
    func rate(at time: Duration) -> Double? {
        let inWindow = finishTimes.count { time - $0 <= Self.rateWindow }
        let recent = finishTimes.suffix(max(inWindow, Self.slowRateItems))
        guard recent.count >= 2, let first = recent.first else { return nil }
        let span = max((time - first) / .seconds(1), 0.05)
        return Double(recent.count - 1) / span
    }

    /// The time left at the present rate; nil while there is none.
    func remaining(at time: Duration) -> Duration? {
        guard let rate = rate(at: time), rate > 0 else { return nil }
        return .seconds(Double(max(total - settled, 0)) / rate)
    }

    /// A sum that stays at the largest number rather than passing it.
    private static func sum(_ first: Int, _ second: Int) -> Int {
        let (sum, overflow) = first.addingReportingOverflow(second)
        return overflow ? .max : sum
    }

    private mutating func noteFinish(at time: Duration) {
        finishTimes.append(time)
        if finishTimes.count > Self.rateItems { finishTimes.removeFirst() }
    }
}
