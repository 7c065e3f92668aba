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
    /// Why the present cool-down is.
    private(set) var coolDownReason = WaitReason.rateLimited
    private var throttling = Episode()
    private var outage = Episode()
    private var unavailableInARow = 0
    private var answers = 0
    private var successes = 0
    private var lastAnswerAt = 0.0
    private var refusals: (label: String, count: Int) = ("", 0)

    init(limits: Job.Limits, rules: Job.Retry) {
        concurrency = limits.concurrency.most
        self.rules = rules
        bucket = limits.requestsPerMinute.map { TokenBucket(perMinute: $0, at: 0) }
    }

    /// Requests that may be in flight: three until the first answer, two more with each; three again while a rate limit
    /// or an outage lasts, to find out whether it is over.
    var window: Int {
        let isTroubled = throttling.rounds > 0 || outage.rounds > 0
        return min(concurrency, isTroubled ? Self.firstWindow : Self.firstWindow + 2 * answers)
    }

    /// Seconds until the next request may go; 0 means now.
    ///
    /// Takes nothing.
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
    /// - `startedAt`: When its request went out, on the same scale.
    ///
    /// Returns why the run must stop, when that follows from many attempts rather than one.
    mutating func note(_ report: AttemptReport, startedAt: Double, at now: Double) -> StopReason? {
        if !report.wasSent, report.outcome.failure?.kind != .unavailable { return nil }
        guard case .failed(let failure, _) = report.outcome else {
            noteAnswer(at: now)
            successes += 1
            throttling = Episode()
            return nil
        }
        switch failure.kind {
        case .rateLimited:
            throttling.extend(startedAt: startedAt, at: now)
            let asked = failure.retryAfter.map { min($0, RetryPolicy.longestRetryAfter) }
            coolDown(for: asked ?? backoff(throttling), because: .rateLimited, at: now)
        case .unavailable, .connectionLost:
            unavailableInARow += 1
            // A single one is a hiccup; a few with no answer between them mean that knocking on is of no use.
            if unavailableInARow >= Self.firstWindow {
                outage.extend(startedAt: startedAt, at: now)
                if answers == 0, outage.rounds >= rules.attempts { return .unavailable(failure) }
                coolDown(for: backoff(outage), because: .unavailable, at: now)
            }
        case .refused:
            noteAnswer(at: now)
            refusals = refusals.label == failure.label ? (failure.label, refusals.count + 1) : (failure.label, 1)
            if successes == 0, refusals.count >= Self.refusalsToStop { return .fatal(failure) }
        case .truncated, .filtered, .cutShort:
            noteAnswer(at: now)
        case .transient, .unreadableImage, .unauthorized, .fatal, .interrupted:
            break
        }
        return nil
    }

    private mutating func noteAnswer(at now: Double) {
        answers += 1
        lastAnswerAt = now
        unavailableInARow = 0
        outage = Episode()
    }

    private func backoff(_ episode: Episode) -> Duration {
        RetryPolicy(rules: rules).backoff(afterAttempt: episode.rounds)
    }

    private mutating func coolDown(for wait: Duration, because reason: WaitReason, at now: Double) {
        let end = now + max(wait.seconds, 0)
        guard end > coolDownUntil else { return }
        coolDownUntil = end
        coolDownReason = reason
    }
}

/// Trouble that goes on: each round of it makes the next cool-down longer.
private struct Episode: Sendable {
    private(set) var rounds = 0
    private var since = 0.0

    /// Counts a failure in: requests that were already out when the present round began belong to it.
    mutating func extend(startedAt: Double, at now: Double) {
        guard rounds == 0 || startedAt >= since else { return }
        rounds += 1
        since = now
    }
}
