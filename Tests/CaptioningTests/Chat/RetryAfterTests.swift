import Foundation
import Testing

@testable import Captioning

struct RetryAfterTests {
    /// Sun, 06 Nov 1994 08:49:07 GMT, half a minute before the moment in RFC 9110's examples.
    let now = Date(timeIntervalSince1970: 784_111_747)

    @Test(arguments: [
        ("2", 2_000), ("0.5", 500), (" 3 ", 3_000), ("0", nil), ("-1", nil), ("inf", nil), ("0x10", nil), ("", nil),
        ("soon", nil), ("99999999999", nil), ("1.7e3", nil), ("Sun, 06 Nov 1994 08:49:37 GMT", 30_000),
        ("Sunday, 06-Nov-94 08:49:37 GMT", 30_000), ("Sun Nov  6 08:49:37 1994", 30_000),
        ("Sun, 06 Nov 1994 08:48:37 GMT", nil), ("Sun, 06 Nov 1994 08:49:37 PST", nil),
        ("Sun, 41 Nov 1994 08:49:37 GMT", nil),
    ])
    func `retry-after is seconds or a date`(value: String, milliseconds: Int?) {
        let reply = HTTPReply(status: 503, headers: [("Retry-After", value)])
        #expect(reply.retryAfter(now: now) == milliseconds.map { .milliseconds($0) })
    }

    @Test(arguments: [
        ("1970-01-01", "Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        ("leap day", "Thu, 29 Feb 2024 12:00:00 GMT", 1_709_208_000),
        ("day after", "Fri, 01 Mar 2024 00:00:00 GMT", 1_709_251_200),
        ("2100", "Mon, 01 Mar 2100 00:00:00 GMT", 4_107_542_400),
    ])
    func `dates are counted right`(name: String, text: String, seconds: Double) {
        #expect(HTTPDate.date(from: text)?.timeIntervalSince1970 == seconds)
    }

    @Test func `milliseconds come before seconds, and nonsense is passed over`() {
        let both = HTTPReply(status: 429, headers: [("retry-after", "9"), ("retry-after-ms", "1500")])
        #expect(both.retryAfter(now: now) == .milliseconds(1_500))
        let broken = HTTPReply(status: 429, headers: [("retry-after", "9"), ("retry-after-ms", "-1")])
        #expect(broken.retryAfter(now: now) == .seconds(9))
        let proxy = HTTPReply(status: 429, headers: [("llm_provider-retry-after", "60")])
        #expect(proxy.retryAfter(now: now) == .seconds(60))
    }

    @Test(arguments: [
        ("1s", 1_000), ("6m0s", 360_000), ("41ms", 41), ("2s81ms", 2_081), ("1h1m1.5s", 3_661_500), ("0s", nil),
        ("x", nil),
        ("5", 5_000), ("1784111737", nil), ("s", nil), ("1s2", nil),
    ])
    func `a used-up window is waited for`(reset: String, milliseconds: Int?) throws {
        let headers = [
            ("x-ratelimit-remaining-requests", "0"), ("x-ratelimit-reset-requests", reset),
            ("x-ratelimit-remaining-tokens", "10"), ("x-ratelimit-reset-tokens", "50m"),
        ]
        let wait = HTTPReply(status: 429, headers: headers).retryAfter(now: now)
        #expect((wait == nil) == (milliseconds == nil))
        if let milliseconds, let wait {
            #expect(abs(wait / .milliseconds(1) - Double(milliseconds)) < 0.01)
        }
        #expect(HTTPReply(status: 503, headers: headers).retryAfter(now: now) == nil)
    }

    @Test func `the longer of two used-up windows counts, and minus one is not used up`() {
        let both = [
            ("x-ratelimit-remaining-requests", "0"), ("x-ratelimit-reset-requests", "1s"),
            ("x-ratelimit-remaining-tokens", "0"), ("x-ratelimit-reset-tokens", "4s"),
        ]
        #expect(HTTPReply(status: 429, headers: both).retryAfter(now: now) == .seconds(4))
        let azure = [("x-ratelimit-remaining-requests", "-1"), ("x-ratelimit-reset-requests", "1s")]
        #expect(HTTPReply(status: 429, headers: azure).retryAfter(now: now) == nil)
    }

    @Test func `a reset counts where a refusal does not say what is left`() {
        let headers = [
            (name: "x-ratelimit-reset-requests", value: "12s"), (name: "x-ratelimit-reset-tokens", value: "9s"),
        ]
        #expect(HTTPReply(status: 429, headers: headers).retryAfter(now: .now) == .seconds(12))
        #expect(HTTPReply(status: 503, headers: headers).retryAfter(now: .now) == nil)
        let left = headers + [(name: "x-ratelimit-remaining-requests", value: "3")]
        #expect(HTTPReply(status: 429, headers: left).retryAfter(now: .now) == nil)
    }
}
