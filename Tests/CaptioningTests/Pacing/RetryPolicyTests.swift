import Foundation
import Testing

@testable import Captioning

struct RetryPolicyTests {
    private let policy = RetryPolicy(rules: Job.Retry())
    private let now = Date(timeIntervalSince1970: 1_000_000)

    private func disposition(
        _ kind: Failure.Kind, _ situation: RetryPolicy.Situation = .init(), retryAfter: Duration? = nil
    ) -> Disposition {
        var generator = SystemRandomNumberGenerator()
        return policy.disposition(
            after: Failure(kind, label: "x", detail: "x", retryAfter: retryAfter), in: situation, now: now,
            using: &generator)
    }

    private func budget(_ disposition: Disposition) -> Disposition.Budget? {
        if case .retry(_, let budget) = disposition { budget } else { nil }
    }

    @Test(arguments: [(1, 1), (2, 2), (3, 4), (4, 8), (6, 32), (7, 60), (50, 60)])
    func `backoff doubles up to the cap`(attempt: Int, seconds: Int) {
        #expect(policy.backoff(afterAttempt: attempt) == .seconds(seconds))
    }

    @Test func `jitter stays between nothing and the backoff`() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<200 {
            let wait = policy.wait(afterAttempt: 3, asked: nil, using: &generator)
            #expect(wait >= .zero && wait <= .seconds(4))
        }
    }

    @Test(arguments: [(5, 5), (120, 120), (3600, 900)])
    func `the server's word wins, up to the time after which the run gives up`(asked: Int, waits: Int) {
        let result = disposition(.transient, retryAfter: .seconds(asked))
        #expect(result == .retry(notBefore: now.addingTimeInterval(Double(waits)), counts: .failures))
    }

    @Test func `a rate limit makes the endpoint wait, not the item`() {
        #expect(disposition(.rateLimited, retryAfter: .seconds(30)) == .retry(notBefore: now, counts: .throttles))
    }

    @Test(arguments: [Failure.Kind.truncated, .refused, .unreadableImage])
    func `what asking again cannot change is final`(kind: Failure.Kind) {
        #expect(disposition(kind) == .gaveUp)
    }

    @Test func `a passing fault uses up the item's attempts`() {
        #expect(budget(disposition(.transient, .init(failures: 4))) == .failures)
        #expect(disposition(.transient, .init(failures: 5)) == .gaveUp)
    }

    @Test func `rate limits have ten times the attempts`() {
        #expect(budget(disposition(.rateLimited, .init(failures: 5, throttles: 58))) == .throttles)
        #expect(disposition(.rateLimited, .init(throttles: 59)) == .gaveUp)
    }

    @Test(arguments: [Failure.Kind.filtered, .cutShort])
    func `a doubtful answer is worth four attempts in all`(kind: Failure.Kind) {
        #expect(budget(disposition(kind, .init(failures: 5, doubts: 2))) == .doubts)
        #expect(disposition(kind, .init(doubts: 3)) == .gaveUp)
    }

    @Test func `a connection closed while idle is retried at once and is no failure of the image`() {
        #expect(disposition(.connectionLost) == .retry(notBefore: now, counts: .throttles))
        #expect(budget(disposition(.connectionLost, .init(sameCause: 3))) == .failures)
        #expect(disposition(.connectionLost, .init(failures: 5, sameCause: 3)) == .gaveUp)
    }

    @Test(arguments: [Failure.Kind.transient, .unavailable])
    func `an endpoint that is down uses up no item's attempts`(kind: Failure.Kind) {
        let down = RetryPolicy.Situation(failures: 50, othersSucceed: false, isEndpointDown: true)
        guard case .retry(_, counts: nil) = disposition(kind, down) else {
            Issue.record("expected a retry that does not count")
            return
        }
        var serving = down
        serving.othersSucceed = true
        #expect(disposition(kind, serving) == .gaveUp)
    }

    @Test func `a request that never went out uses up no attempt`() {
        guard case .retry(_, counts: nil) = disposition(.unavailable, .init(failures: 50, wasSent: false)) else {
            Issue.record("expected a retry that does not count")
            return
        }
    }

    @Test func `the same server error three times while others succeed is the item's own`() {
        #expect(budget(disposition(.transient, .init(failures: 1, sameErrors: 2))) == .failures)
        #expect(disposition(.transient, .init(failures: 2, sameErrors: 3)) == .gaveUp)
        #expect(budget(disposition(.transient, .init(failures: 2, sameErrors: 3, othersSucceed: false))) == .failures)
    }

    @Test func `a failure may say how often asking makes sense`() {
        var generator = SystemRandomNumberGenerator()
        var failure = Failure(.transient, label: "download_timed_out", detail: "x")
        failure.attemptLimit = 3
        let second = policy.disposition(
            after: failure, in: .init(failures: 4, sameCause: 1, othersSucceed: false), now: now, using: &generator)
        let third = policy.disposition(
            after: failure, in: .init(failures: 2, sameCause: 2, othersSucceed: false), now: now, using: &generator)
        #expect(budget(second) == .failures)
        #expect(third == .gaveUp)
    }

    @Test(arguments: [(0.01, 3), (0.1, 5), (0.2, 6), (0.5, 14)])
    func `equal server errors are the item's own only when that is no accident`(share: Double, count: Int) {
        let policy = RetryPolicy(rules: Job.Retry(attempts: 50))
        var generator = SystemRandomNumberGenerator()
        for (errors, isOver) in [(count - 1, false), (count, true)] {
            let disposition = policy.disposition(
                after: Failure(.transient, label: "x", detail: "x"),
                in: .init(failures: errors - 1, sameErrors: errors, errorShare: share), now: now, using: &generator)
            #expect((disposition == .gaveUp) == isOver)
        }
    }

    @Test func `while nothing succeeds no refusal is the item's, and by chance the item waits for itself`() {
        let refused = RetryPolicy.Situation(throttles: 500, isRefusal: true, othersSucceededSince: false)
        #expect(disposition(.unavailable, refused) == .retry(notBefore: now, counts: nil))
        let byChance = RetryPolicy.Situation(isRefusal: true, isRefusedByChance: true)
        #expect(
            disposition(.rateLimited, byChance, retryAfter: .seconds(7))
                == .retry(notBefore: now.addingTimeInterval(7), counts: .throttles))
    }

    @Test func `an endpoint in trouble is not stormed, however short the spec's backoff`() {
        let hasty = RetryPolicy(rules: Job.Retry(base: .milliseconds(1), cap: .milliseconds(10)))
        #expect(
            [1, 2, 3, 9].map { hasty.endpointBackoff(afterTry: $0) } == [
                .milliseconds(250), .milliseconds(500), .seconds(1), .seconds(1),
            ])
        #expect(policy.endpointBackoff(afterTry: 7) == .seconds(60))
    }

    @Test func `no attempt begins after the item's deadline`() {
        let strict = RetryPolicy(rules: Job.Retry(base: .zero, cap: .zero), itemDeadline: .seconds(60))
        var generator = SystemRandomNumberGenerator()
        for (age, isOver) in [(10.0, false), (59, false), (60, true), (3600, true)] {
            let disposition = strict.disposition(
                after: Failure(.rateLimited, label: "x", detail: "x"),
                in: .init(firstAttempt: now.addingTimeInterval(-age)), now: now, using: &generator)
            #expect((disposition == .gaveUp) == isOver)
        }
    }

    @Test(arguments: [Failure.Kind.unauthorized, .fatal, .interrupted])
    func `what is not the item's fault puts it back as it was`(kind: Failure.Kind) {
        #expect(disposition(kind, .init(failures: 50, throttles: 500)) == .putBack)
    }
}
