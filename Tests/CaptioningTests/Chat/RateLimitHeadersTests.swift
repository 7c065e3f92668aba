import Foundation
import Testing

@testable import Captioning

struct RateLimitHeadersTests {
    private let now = Date(timeIntervalSince1970: 1_800_000_000)

    private func limits(_ headers: [(name: String, value: String)]) -> RateLimitHeaders? {
        HTTPReply(status: 200, headers: headers).rateLimits(now: now)
    }

    @Test func `requests and tokens are read from OpenAI's headers`() {
        let limits = limits([
            ("x-ratelimit-limit-requests", "600"), ("x-ratelimit-remaining-requests", "599"),
            ("x-ratelimit-reset-requests", "100ms"), ("X-RateLimit-Limit-Tokens", "200000"),
            ("x-ratelimit-remaining-tokens", "197000"), ("x-ratelimit-reset-tokens", "6m0s"),
        ])
        #expect(limits?.requests == .init(limit: 600, remaining: 599, reset: .milliseconds(100)))
        #expect(limits?.tokens == .init(limit: 200_000, remaining: 197_000, reset: .seconds(360)))
    }

    @Test(arguments: [
        ("1s", 1), ("2s81ms", 2.081), ("30", 30), ("1800000012", 12), ("1800000012500", 12.5),
        ("2027-01-15T08:00:12Z", 12), ("Fri, 15 Jan 2027 08:00:12 GMT", 12),
    ])
    func `a reset is a length of time or a moment`(text: String, seconds: Double) throws {
        let reset = try #require(limits([("x-ratelimit-reset-requests", text)])?.requests?.reset)
        #expect(abs(reset.seconds - seconds) < 0.001)
    }

    @Test(arguments: ["-1", "", "soon", "0", "1799999999", "Thu, 15 Jan 2026 08:00:12 GMT"])
    func `nonsense is not said`(text: String) {
        #expect(limits([("x-ratelimit-reset-requests", text)]) == nil)
        #expect(limits([("x-ratelimit-remaining-requests", text)])?.requests?.limit == nil)
    }

    @Test func `a moment counts from the server's own clock`() {
        let skewed = limits([
            ("date", "Fri, 15 Jan 2027 09:00:00 GMT"), ("x-ratelimit-reset-requests", "Fri, 15 Jan 2027 09:00:12 GMT"),
        ])
        #expect(skewed?.requests?.reset == .seconds(12))
    }

    @Test func `other servers' names mean the same`() {
        #expect(limits([("x-ratelimit-remaining", "7")])?.requests?.remaining == 7)
        #expect(limits([("ratelimit-limit", "60")])?.requests?.limit == 60)
        #expect(limits([("llm_provider-x-ratelimit-remaining-tokens", "9")])?.tokens?.remaining == 9)
        #expect(limits([("content-type", "text/plain")]) == nil)
    }

    @Test func `what the server leaves is spent, with what is under way, and then its reset is waited for`() {
        var quotas = ServerQuotas()
        quotas.note(
            .init(requests: .init(limit: 100, remaining: 3, reset: .seconds(10))), inFlight: 1, tokensPerRequest: 0,
            at: 0)
        #expect(quotas.wait(at: 0) == 0)
        quotas.take(tokens: 0)
        quotas.take(tokens: 0)
        #expect(quotas.wait(at: 1) == 9)
        #expect(quotas.wait(at: 10) == 0)
        // Refilled evenly by the minute: 97 of 100 used, full again in 58.2 s.
        quotas.note(
            .init(requests: .init(limit: 100, remaining: 3, reset: .milliseconds(58_200))), inFlight: 3,
            tokensPerRequest: 0, at: 20)
        #expect(abs(quotas.wait(at: 20) - 0.6) < 0.001)
    }
}
