import Foundation
import Testing

@testable import Captioning
@testable import CaptioningSimulator

/// The shapes that limits come in: windows of other lengths, calendar minutes, buckets, overload, chance, quotas, and
/// another client on the same key.
struct LimitShapeTests {
    /// A throttle, and whether a request gets in at each time in seconds; each is done at once.
    private struct Server {
        var throttle: Throttle

        init(startingAt date: Double = 0, _ change: (inout SimulatorOptions) -> Void) {
            var options = SimulatorOptions()
            change(&options)
            throttle = Throttle(options: options)
            throttle.begin(at: Date(timeIntervalSince1970: date))
        }

        mutating func refusals(at times: [Double], costing cost: Int = 1) -> [SimulatedError?] {
            times.map { time in
                let refusal = throttle.refusal(ofRequestCosting: cost, at: .seconds(time))
                if refusal == nil { throttle.finish() }
                return refusal
            }
        }

        mutating func accepted(at times: [Double], costing cost: Int = 1) -> [Bool] {
            refusals(at: times, costing: cost).map { $0 == nil }
        }

        mutating func headers(at seconds: Double) -> [String: String] {
            Dictionary(throttle.headers(at: .seconds(seconds))) { $1 }
        }
    }

    @Test func `a calendar minute lets in its limit twice around the full minute, and then nothing`() {
        // The first request comes 50 s after a full minute.
        var server = Server(startingAt: 1_724_729_550 + 20) {
            $0.requestsPerMinute = 2
            $0.countsByCalendar = true
        }
        #expect(1_724_729_570 % 60 == 50)
        let accepted = server.accepted(at: [0, 9, 9.5, 9.999, 10, 10.1, 11, 69.9, 70, 70, 70])
        #expect(accepted == [true, true, false, false, true, true, false, false, true, true, false])
    }

    @Test(arguments: [0.0, 0.25, 17.5, 59.75])
    func `each calendar minute of a long run lets in its limit, and no more`(phase: Double) {
        var server = Server(startingAt: 600 + phase) {
            $0.requestsPerMinute = 100
            $0.countsByCalendar = true
        }
        // 150 requests just before every second full minute, and 150 just after it.
        let times = (1...10).flatMap { (pair: Int) -> [Double] in
            let fullMinute = Double(pair) * 120 - phase
            return (-150..<150).map { fullMinute + Double($0) / 32 }
        }
        let accepted = zip(times, server.accepted(at: times)).filter(\.1).map(\.0)
        let minutes = Dictionary(grouping: accepted) { Int(($0 + phase) / 60) }
        #expect(minutes.count == 20)
        #expect(minutes.values.allSatisfy { $0.count == 100 })
    }

    @Test func `tokens are counted by the calendar minute, too`() {
        var server = Server(startingAt: 30) {
            $0.tokensPerMinute = 1000
            $0.countsByCalendar = true
        }
        let accepted = server.accepted(at: [0, 10, 20, 29.9, 30, 31, 32], costing: 400)
        #expect(accepted == [true, true, false, false, true, true, false])
    }

    @Test func `a limit per minute is counted pro rata over another window`() {
        var server = Server {
            $0.requestsPerMinute = 12
            $0.window = .seconds(10)
        }
        let accepted = server.accepted(at: [0, 4, 5, 9.999, 10, 10.1, 14, 14.1])
        #expect(accepted == [true, true, false, false, true, false, true, false])
    }

    @Test func `a window of the calendar is as long as it was set`() {
        var server = Server(startingAt: 1003) {
            $0.requestsPerMinute = 12
            $0.window = .seconds(10)
            $0.countsByCalendar = true
        }
        let accepted = server.accepted(at: [0, 6.9, 6.95, 7, 16.9, 16.95, 17])
        #expect(accepted == [true, true, false, true, true, false, true])
    }

    @Test(
        arguments: [
            (1200, 10_000, 200), (1200, 1000, 20), (600, 5000, 50), (600, 60_000, 600), (7, 10_000, 1), (1, 100, 1),
            (1200, 10, 1), (60, 86_400_000, 86_400), (.max, 60_000, .max / 60_000),
        ])
    func `what is pro rata is rounded down, and at least 1`(perMinute: Int, milliseconds: Int, limit: Int) {
        #expect(LimitWindow.proRata(perMinute, over: .milliseconds(milliseconds)) == limit)
    }

    @Test func `a window without length does no harm`() {
        var server = Server {
            $0.requestsPerMinute = 12
            $0.window = .zero
            $0.countsByCalendar = true
        }
        #expect(server.accepted(at: [0, 1]) == [true, true])
    }

    @Test func `headers tell the limit of the window, what is left of it and when it is new`() {
        var server = Server(startingAt: 3) {
            $0.requestsPerMinute = 12
            $0.tokensPerMinute = 6000
            $0.window = .seconds(10)
            $0.countsByCalendar = true
        }
        _ = server.accepted(at: [1], costing: 400)
        let headers = server.headers(at: 2)
        #expect(headers["x-ratelimit-limit-requests"] == "2")
        #expect(headers["x-ratelimit-remaining-requests"] == "1")
        #expect(headers["x-ratelimit-reset-requests"] == "5s")
        #expect(headers["x-ratelimit-limit-tokens"] == "1000")
        #expect(headers["x-ratelimit-remaining-tokens"] == "600")
        #expect(headers["x-ratelimit-reset-tokens"] == "5s")
        #expect(server.headers(at: 7)["x-ratelimit-remaining-tokens"] == "1000")
    }

    @Test func `a bucket holds what it was told, and fills at its rate`() {
        var server = Server {
            $0.requestsPerSecond = 4
            $0.bucket = 6
        }
        #expect(server.accepted(at: Array(repeating: 0, count: 8)).count { $0 } == 6)
        #expect(server.accepted(at: [0.24, 0.25, 0.25, 0.5]) == [false, true, false, true])
        #expect(server.accepted(at: Array(repeating: 100, count: 8)).count { $0 } == 6)
    }

    @Test func `a bucket of one evens requests out`() {
        var server = Server {
            $0.requestsPerSecond = 3
            $0.bucket = 1
        }
        let accepted = server.accepted(at: (0..<3000).map { Double($0) / 100 })
        #expect((85...90).contains(accepted.count { $0 }))
    }

    @Test(arguments: SimulatorOptions.OverloadStatus.allCases)
    func `too much work at one time is refused with the status that was chosen`(
        status: SimulatorOptions.OverloadStatus
    ) {
        var server = Server {
            $0.maxInFlight = 1
            $0.requestsPerMinute = 3
            $0.overloadStatus = status
        }
        let refusals = (0..<3).map { _ in server.throttle.refusal(ofRequestCosting: 1, at: .zero) }
        #expect(refusals.map(\.?.status) == [nil, status.rawValue, status.rawValue])
        #expect(refusals.dropFirst().allSatisfy { $0?.isThrottling == true })
        server.throttle.finish()
        // What was refused counts nowhere, and the limit per minute is refused as ever.
        #expect(server.refusals(at: [1, 2, 3]) == [nil, nil, .rateLimited])
    }

    @Test func `a 503 for too much work is plain text without an error code`() throws {
        let unavailable = SimulatedError.overloaded(.unavailable)
        #expect(unavailable.mediaType == "text/plain")
        #expect(throws: (any Error).self) { try JSONValue(parsing: unavailable.body(requestID: "id")) }
        let overloaded = SimulatedError.overloaded(.overloaded)
        let body = try JSONValue(parsing: overloaded.body(requestID: "id"))
        #expect(body["error"]?["type"]?.string == "overloaded_error")
        #expect(overloaded.mediaType == "application/json")
    }

    @Test func `a quota lets in its count, refuses the rest for good, and does not count what is refused`() {
        var server = Server {
            $0.quota = 3
            $0.requestsPerMinute = 2
        }
        let refusals = server.refusals(at: [0, 1, 2, 60, 61, 1_000_000])
        #expect(refusals.map { $0 == nil } == [true, true, false, true, false, false])
        #expect(refusals.map(\.?.canTellWait) == [nil, nil, true, nil, false, false])
        var empty = Server { $0.quota = 0 }
        #expect(empty.accepted(at: [0, 60]) == [false, false])
    }

    @Test func `chance refuses what the limits would let in, and it counts nowhere`() {
        var server = Server { $0.requestsPerMinute = 1 }
        let unlucky = server.throttle.refusal(ofRequestCosting: 1, isUnlucky: true, at: .zero)
        #expect(unlucky?.status == 429)
        #expect(unlucky?.canTellWait == false)
        #expect(server.accepted(at: [1, 2]) == [true, false])
    }

    @Test(arguments: [0.0, 0.01, 0.05, 1.0])
    func `chance refuses its share, drawn anew whenever a request comes, the same for the same seed`(share: Double) {
        func refused(_ seed: UInt64, occurrence: Int) -> [Bool] {
            (0..<5000).map { number in
                Draw(seed: seed).isAmong(
                    share, Data("\(number)".utf8), occurrence: occurrence, purpose: "refusal")
            }
        }
        let first = refused(1, occurrence: 0)
        #expect(abs(Double(first.count { $0 }) / 5000 - share) < 0.012)
        #expect(first == refused(1, occurrence: 0))
        guard share > 0, share < 1 else { return }
        #expect(first != refused(2, occurrence: 0))
        #expect(first != refused(1, occurrence: 1))
    }

    @Test func `a stranger takes its part of a limit per minute, and leaves it again`() {
        var server = Server {
            $0.requestsPerMinute = 60
            $0.window = .seconds(10)
            $0.strangers = [.init(perSecond: 0.5, span: .seconds(100)..<(.seconds(200)))]
        }
        let times = (0..<3000).map { Double($0) / 10 }
        let accepted = zip(times, server.accepted(at: times)).filter(\.1).map(\.0)
        func count(_ span: Range<Double>) -> Int { accepted.count { span.contains($0) } }
        #expect(count(0..<100) == 100)
        // Ours asks far more often than the stranger, and so gets most of what becomes free.
        #expect((60...75).contains(count(120..<200)))
        #expect(count(210..<290) == 80)
    }

    @Test func `a stranger's requests count against a bucket and tokens, at the times when it sends them`() {
        var rate = Server {
            $0.requestsPerSecond = 2
            $0.strangers = [.init(perSecond: 2, span: .zero..<(.seconds(1)))]
        }
        // The bucket of 2 is taken at 0 and 0.5 s by the stranger; what it has left over is ours.
        #expect(rate.accepted(at: [0, 0, 0.5, 0.99, 1, 1.5]) == [true, false, false, false, true, true])
        var tokens = Server {
            $0.tokensPerMinute = 1000
            $0.strangers = [.init(perSecond: 1, span: .seconds(10)..<(.seconds(12)))]
        }
        // Two requests of the stranger's cost as much as ours did.
        #expect(tokens.accepted(at: [0], costing: 300) == [true])
        #expect(tokens.accepted(at: [20, 21], costing: 100) == [true, false])
        // Nothing of it is left a minute later.
        #expect(tokens.accepted(at: [81], costing: 900) == [true])
    }

    @Test func `a stranger that nobody could be sends nothing, or less`() {
        for perSecond in [0, -1, -Double.infinity, .nan, 1e-300, .leastNonzeroMagnitude] {
            var schedule = StrangerSchedule(.init(perSecond: perSecond, span: .zero..<(.seconds(10))))
            var sent = 0
            while schedule.next != nil, sent < 10 {
                schedule.send()
                sent += 1
            }
            #expect(sent <= 1, "\(perSecond)")
        }
        var schedule = StrangerSchedule(.init(perSecond: .infinity, span: .zero..<(.seconds(2))))
        var sent = 0
        while schedule.next != nil, sent < 10_000 {
            schedule.send()
            sent += 1
        }
        #expect(sent == 2000)
    }

    // Over the wire.

    @Test func `a calendar minute begins where the wall clock says`() async throws {
        let time = SetTime()
        var options = SimulatorOptions()
        options.requestsPerMinute = 1
        options.countsByCalendar = true
        options.sendsRateLimitHeaders = true
        options.instant = time.instant
        options.now = { Date(timeIntervalSince1970: 1_724_729_570) }
        try await withSimulator(options) { simulator in
            var statuses: [Int?] = []
            var resets: [String?] = []
            for seconds in [100, 109, 110, 111, 170] {
                time.set(.seconds(seconds))
                let reply = try await SimulatorClient.post(ChatBody.make(), to: simulator)
                statuses.append(reply.status)
                resets.append(reply.header("x-ratelimit-reset-requests"))
            }
            #expect(statuses == [200, 429, 200, 429, 200])
            #expect(resets == ["10s", "1s", "1m0s", "59s", "1m0s"])
            #expect(simulator.ledger.throttled == 2)
            #expect(simulator.timeline.throttled.reduce(0, +) == 2)
        }
    }

    @Test(arguments: [(1.0, nil as Int?), (0.0, 1)])
    func `what chance or a quota refuses carries no time to wait`(share: Double, quota: Int?) async throws {
        var options = SimulatorOptions()
        options.refusedShare = share
        options.quota = quota
        options.retryAfter = .seconds(30)
        try await withSimulator(options) { simulator in
            if quota != nil { _ = try await SimulatorClient.post(ChatBody.make(), to: simulator) }
            let reply = try await SimulatorClient.post(ChatBody.make(), to: simulator)
            #expect(reply.status == 429)
            #expect(reply.header("retry-after") == nil)
            #expect(try reply.json()["error"]?["code"]?.string == "limit_requests")
            #expect(simulator.ledger.throttled == 1)
        }
    }

    @Test func `an overload of another status is in the ledger and the timeline as a refusal`() async throws {
        var options = SimulatorOptions()
        options.maxInFlight = 1
        options.overloadStatus = .unavailable
        options.retryAfter = .seconds(7)
        options.faults = [.timeout: 1]
        options.hold = .seconds(600)
        try await withSimulator(options) { simulator in
            try await withThrowingTaskGroup(of: WireReply.self) { group in
                // One hangs, whichever comes first, and the other is refused.
                for _ in 0..<2 { group.addTask { try await SimulatorClient.post(ChatBody.make(), to: simulator) } }
                let reply = try #require(try await group.next())
                #expect(reply.status == 503)
                #expect(reply.header("content-type") == "text/plain")
                #expect(reply.header("retry-after") == "7")
                #expect(String(decoding: reply.body, as: UTF8.self).hasPrefix("upstream connect error"))
                group.cancelAll()
            }
            #expect(simulator.ledger.statuses == ["503": 1])
            #expect(simulator.ledger.throttled == 1)
            #expect(simulator.timeline.throttled.reduce(0, +) == 1)
            #expect(simulator.timeline.accepted.reduce(0, +) == 1)
        }
    }
}
