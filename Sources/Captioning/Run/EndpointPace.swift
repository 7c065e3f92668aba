import Foundation

/// Says when the next request to an endpoint may go, and how it has been answering.
///
/// One value that the run's loop owns: an even pace, a shared cool-down after rate limits, a slow start, and the signs
/// of life that retry decisions need. Pure: the caller says what time it is, in seconds since the run began.
struct EndpointPace: Sendable {
    /// Requests in flight before the endpoint has answered any: a wrong key is found with at most so many.
    static let firstWindow = 3
    /// As many refusals of one kind with no success at all mean that the request is wrong, not the images.
    static let refusalsToStop = 20

    private let concurrency: Int
    private let rules: Job.Retry
    private var bucket: TokenBucket?
    private var coolDownUntil = 0.0
    private var coolDownSince = 0.0
    private var episode = 0
    private var answers = 0
    private var successes = 0
    private var lastAnswerAt = 0.0
    private var refusals: (label: String, count: Int) = ("", 0)

    init(limits: Job.Limits, rules: Job.Retry) {
        concurrency = limits.concurrency
        self.rules = rules
        bucket = limits.requestsPerMinute.map { TokenBucket(perMinute: $0, at: 0) }
    }

    /// Requests that may be in flight: three until the first answer, two more with each.
    var window: Int {
        min(concurrency, Self.firstWindow + 2 * answers)
    }

    /// Seconds until the next request may go; 0 means now. Takes nothing.
    func wait(at now: Double) -> Double {
        max(coolDownUntil - now, bucket?.wait(at: now) ?? 0, 0)
    }

    /// The remaining cool-down in seconds; 0 when there is none.
    func coolDown(at now: Double) -> Double {
        max(coolDownUntil - now, 0)
    }

    /// How many requests may go at once now, at most `most`.
    func available(_ most: Int, at now: Double) -> Int {
        guard coolDownUntil <= now else { return 0 }
        return min(most, bucket?.available(at: now) ?? most)
    }

    /// Takes the permits of requests that go now.
    mutating func take(_ count: Int, at now: Double) {
        bucket?.take(count, at: now)
    }

    /// Gives back the permit of a request that was not sent after all.
    mutating func giveBack() {
        bucket?.giveBack()
    }

    /// What a retry decision needs to know.
    func situation(for claim: Claim, at now: Double) -> RetryPolicy.Situation {
        RetryPolicy.Situation(
            failures: claim.failures, throttles: claim.throttles, doubts: claim.doubts, hasAnswered: answers > 0,
            silence: .milliseconds(Int64(max(now - lastAnswerAt, 0) * 1000)))
    }

    /// Takes note of how an attempt ended.
    ///
    /// - Parameter startedAt: When its request went out, on the same scale.
    /// - Returns: Why the run must stop, when that follows from many attempts rather than one.
    mutating func note(_ report: AttemptReport, startedAt: Double, at now: Double) -> StopReason? {
        guard report.wasSent else { return nil }
        guard case .failed(let failure, _) = report.outcome else {
            noteAnswer(at: now)
            successes += 1
            episode = 0
            return nil
        }
        switch failure.kind {
        case .rateLimited:
            coolDown(after: failure, startedAt: startedAt, at: now)
        case .refused:
            noteAnswer(at: now)
            refusals = refusals.label == failure.label ? (failure.label, refusals.count + 1) : (failure.label, 1)
            if successes == 0, refusals.count >= Self.refusalsToStop { return .fatal(failure) }
        case .truncated, .filtered, .cutShort:
            noteAnswer(at: now)
        case .transient, .unavailable, .connectionLost, .unreadableImage, .unauthorized, .fatal, .interrupted:
            break
        }
        return nil
    }

    private mutating func noteAnswer(at now: Double) {
        answers += 1
        lastAnswerAt = now
    }

    /// One burst of rate limits is one episode: requests that were already out when it began do not lengthen it.
    private mutating func coolDown(after failure: Failure, startedAt: Double, at now: Double) {
        if startedAt >= coolDownSince || coolDownSince == 0 {
            episode += 1
            coolDownSince = now
        }
        let asked = failure.retryAfter.map { min($0, RetryPolicy.longestRetryAfter) }
        let wait = asked ?? RetryPolicy(rules: rules).backoff(afterAttempt: episode)
        coolDownUntil = max(coolDownUntil, now + max(wait.seconds, 0))
    }
}
