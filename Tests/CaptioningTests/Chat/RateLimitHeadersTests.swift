import Foundation
import Testing

@testable import Captioning

struct RateLimitHeadersTests {
    typealias Quota = RateLimitHeaders.Quota

    /// 2025-03-07T00:00:00Z.
    let now = Date(timeIntervalSince1970: 1_741_305_600)

    private func limits(_ headers: [(String, String)], status: Int = 200) -> RateLimitHeaders? {
        HTTPReply(status: status, headers: headers.map { (name: $0.0, value: $0.1) }).rateLimits(now: now)
    }

    @Test func `OpenAI's six headers are read`() {
        let limits = limits([
            ("X-RateLimit-Limit-Requests", "5000"), ("x-ratelimit-remaining-requests", "4999"),
            ("x-ratelimit-reset-requests", "12ms"), ("x-ratelimit-limit-tokens", "160000"),
            ("x-ratelimit-remaining-tokens", "159976"), ("x-ratelimit-reset-tokens", "6m0s"),
        ])
        #expect(limits?.requests == Quota(limit: 5000, remaining: 4999, reset: .milliseconds(12)))
        #expect(limits?.tokens == Quota(limit: 160_000, remaining: 159_976, reset: .seconds(360)))
    }

    @Test func `plain headers and those of the IETF's draft speak of requests`() {
        let plain = limits([
            ("X-RateLimit-Limit", "50"), ("X-RateLimit-Remaining", "0"), ("X-RateLimit-Reset", "1741305660000"),
        ])
        #expect(plain == RateLimitHeaders(requests: Quota(limit: 50, remaining: 0, reset: .seconds(60))))
        let draft = limits([
            ("RateLimit-Limit", "100, 100;w=60"), ("RateLimit-Remaining", "9"), ("RateLimit-Reset", "7"),
        ])
        #expect(draft == RateLimitHeaders(requests: Quota(limit: 100, remaining: 9, reset: .seconds(7))))
    }

    @Test func `one quota is never put together from two families`() {
        let limits = limits([
            ("x-ratelimit-limit-requests", "50"), ("x-ratelimit-remaining", "3"), ("ratelimit-reset", "9"),
            ("llm_provider-x-ratelimit-limit-requests", "7"), ("llm_provider-x-ratelimit-remaining-tokens", "8"),
        ])
        #expect(limits == RateLimitHeaders(requests: Quota(limit: 50), tokens: Quota(remaining: 8)))
    }

    @Test func `what a proxy passes on counts where it says nothing itself`() {
        let limits = limits([
            ("x-ratelimit-limit-requests", "-1"), ("llm_provider-x-ratelimit-limit-requests", "60"),
            ("llm_provider-x-ratelimit-remaining-requests", "59"),
        ])
        #expect(limits?.requests == Quota(limit: 60, remaining: 59))
    }

    @Test(arguments: [
        ("1s", 1_000), ("6m0s", 360_000), ("41ms", 41), ("2s81ms", 2_081), ("0s", 0), ("0", 0), ("30", 30_000),
        ("0.5", 500), ("1741305630", 30_000), ("1741305630000", 30_000), ("1741305600", 0),
        ("2025-03-07T00:00:30Z", 30_000), ("2025-03-07T00:00:30.250Z", 30_250), ("2025-03-07T01:00:30+01:00", 30_000),
        ("Fri, 07 Mar 2025 00:00:30 GMT", 30_000), (" 3 ", 3_000),
        // Past, absurdly far, or no time at all.
        ("1741305570", nil), ("1741305570000", nil), ("2025-03-06T23:59:30Z", nil),
        ("Thu, 06 Mar 2025 23:59:30 GMT", nil), ("1751305570", nil), ("2026-03-07T00:00:00Z", nil), ("700000", nil),
        ("999999999", nil), ("99999999999999999", nil), ("200h", nil), ("-1", nil), ("", nil), ("soon", nil),
        ("nan", nil), ("1e3", nil), ("2025-03-07", nil), ("1s2", nil),
    ])
    func `a reset is a wait or a moment`(text: String, milliseconds: Int?) {
        let reset = limits([("x-ratelimit-reset-tokens", text), ("x-ratelimit-limit-tokens", "9")])?.tokens?.reset
        #expect((reset == nil) == (milliseconds == nil))
        if let reset, let milliseconds { #expect(abs(reset / .milliseconds(1) - Double(milliseconds)) < 0.01) }
    }

    @Test(arguments: ["-1", "", "none", "1e9", "0x10", "99999999999999999999", "1.5", "inf"])
    func `a number that is none is not said`(text: String) {
        #expect(limits([("x-ratelimit-limit-requests", text), ("x-ratelimit-remaining-requests", text)]) == nil)
    }

    @Test func `nothing left is said, and a quota of nothing is not`() {
        let limits = limits([("x-ratelimit-limit-tokens", "0"), ("x-ratelimit-remaining-tokens", "0")])
        #expect(limits?.tokens == Quota(remaining: 0))
        #expect(self.limits([]) == nil)
        #expect(self.limits([("retry-after", "3"), ("x-request-id", "1")]) == nil)
    }

    @Test(arguments: [
        ("1741305630", 30), ("1741305630000", 30), ("2025-03-07T00:00:30Z", 30), ("45", 45), ("1741305600", nil),
        ("1741305000", nil),
    ])
    func `a used-up quota is waited for until its moment`(reset: String, seconds: Int?) {
        for prefix in ["x-ratelimit-", "ratelimit-", "llm_provider-x-ratelimit-"] {
            let headers = [("\(prefix)remaining", "0"), ("\(prefix)reset", reset)].map { (name: $0.0, value: $0.1) }
            let wait = HTTPReply(status: 429, headers: headers).retryAfter(now: now)
            #expect(wait == seconds.map { .seconds($0) })
            #expect(HTTPReply(status: 200, headers: headers).retryAfter(now: now) == nil)
        }
    }

    @Test func `moments count from the server's own clock`() {
        let reply = HTTPReply(
            status: 429,
            headers: [
                ("date", "Fri, 15 Jan 2027 09:00:00 GMT"), ("retry-after", "Fri, 15 Jan 2027 09:00:12 GMT"),
                ("x-ratelimit-reset-requests", "Fri, 15 Jan 2027 09:00:30 GMT"),
            ])
        let now = Date(timeIntervalSince1970: 1_700_000_000)
        #expect(reply.retryAfter(now: now) == .seconds(12))
        #expect(reply.rateLimits(now: now)?.requests?.reset == .seconds(30))
    }

    @Test(arguments: [
        "-1", "-9223372036854775808", "9223372036854775807", "9223372036854775808", "1e300", "-1e300", "nan", "inf",
        "-inf",
        "0x1p9", "12.5", "", " ", ".", "-", "+5", "1,2", "1;w=", "99999999999999h", "1e9s", "0.0000001ns", "\u{663}",
        String(repeating: "9", count: 400), String(repeating: "9", count: 400) + "s",
        "Sun, 06 Nov 99999999 08:49:37 GMT",
        "Sun, 99 Nov 1994 99:99:99 GMT", "999999999999-01-01T00:00:00Z",
    ])
    func `no number in a header ends the run or holds it for ever`(value: String) {
        let names = ["limit", "remaining", "reset"].flatMap { field in
            ["requests", "tokens"].map { "x-ratelimit-\(field)-\($0)" } + [
                "ratelimit-\(field)", "x-ratelimit-\(field)",
            ]
        }
        let week = Duration.seconds(7 * 86_400)
        for known in [[:], ["remaining": "0"], ["limit": "1", "remaining": "0"], ["reset": "1"]] as [[String: String]] {
            let headers = (names + ["retry-after", "retry-after-ms", "date", "llm_provider-retry-after"]).map { name in
                (name: name, value: known.first { name.contains($0.key) }?.value ?? value)
            }
            let reply = HTTPReply(status: 429, headers: headers)
            let wait = reply.retryAfter(now: .now)
            #expect(wait.map { $0 > .zero && $0 <= week } ?? true)
            guard let limits = reply.rateLimits(now: .now) else { continue }
            var quotas = ServerQuotas()
            quotas.note(limits, inFlight: 3, tokensPerRequest: 1e9, at: 5)
            quotas.take(tokens: 1e9)
            #expect((0...week.seconds).contains(quotas.wait(at: 6)))
            var control = RequestControl(limits: .init(), rules: .init(), secondsIntoMinute: 0, at: 0)
            if let limit = limits.requests?.limit { control.report(limit: limit, at: 1) }
            #expect(control.wait(inFlight: 0, at: 2)?.isFinite == true)
        }
    }
}
