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

    @Test(arguments: [(5, 5), (120, 120), (600, 120)])
    func `the server's word wins, up to two minutes`(asked: Int, waits: Int) {
        let result = disposition(.rateLimited, retryAfter: .seconds(asked))
        #expect(result == .retry(notBefore: now.addingTimeInterval(Double(waits)), counts: .throttles))
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
        #expect(budget(disposition(.connectionLost, .init(throttles: 3))) == .failures)
    }

    @Test func `an endpoint that never answered stops the run when the attempts are used up`() {
        #expect(budget(disposition(.unavailable, .init(failures: 4, hasAnswered: false))) == .failures)
        guard case .stopRun(.unavailable) = disposition(.unavailable, .init(failures: 5, hasAnswered: false)) else {
            Issue.record("expected a stop")
            return
        }
    }

    @Test
    func `an endpoint that answered before is waited for, without blaming the item, until it has been silent too long`()
    {
        let outage = disposition(.unavailable, .init(failures: 9, hasAnswered: true, silence: .seconds(60)))
        guard case .retry(_, counts: nil) = outage else {
            Issue.record("expected a retry that does not count")
            return
        }
        guard case .stopRun(.unavailable) = disposition(.unavailable, .init(silence: .seconds(900))) else {
            Issue.record("expected a stop")
            return
        }
    }

    @Test func `what concerns every request stops the run`() {
        guard case .stopRun(.unauthorized) = disposition(.unauthorized), case .stopRun(.fatal) = disposition(.fatal)
        else {
            Issue.record("expected stops")
            return
        }
    }
}
