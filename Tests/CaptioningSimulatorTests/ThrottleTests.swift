import Testing

@testable import Captioning
@testable import CaptioningSimulator

/// The limits, one by one and together.
struct ThrottleTests {
    /// Whether a request gets in at each time, in seconds; each is done at once.
    private func accepted(
        _ times: [Double], costing cost: Int = 1, _ change: (inout SimulatorOptions) -> Void
    ) -> [Bool] {
        var options = SimulatorOptions()
        change(&options)
        var throttle = Throttle(options: options)
        return times.map { time in
            let refusal = throttle.refusal(ofRequestCosting: cost, at: .seconds(time))
            if refusal == nil { throttle.finish() }
            return refusal == nil
        }
    }

    @Test func `without limits everything gets in`() {
        let accepted = accepted(Array(repeating: 0, count: 1000)) { _ in }
        #expect(!accepted.contains(false))
    }

    @Test func `any 60 seconds hold as many requests as the limit`() {
        let accepted = accepted([0, 10, 20, 59.999, 60, 61, 70, 70.1]) { $0.requestsPerMinute = 2 }
        #expect(accepted == [true, true, false, false, true, false, true, false])
    }

    @Test func `any 60 seconds hold as many tokens as the limit`() {
        let accepted = accepted([0, 10, 20, 59.999, 60, 61, 70], costing: 400) { $0.tokensPerMinute = 1000 }
        #expect(accepted == [true, true, false, false, true, false, true])
    }

    @Test func `a request that alone is over the limit never gets in`() {
        #expect(accepted([0, 60, 600], costing: 1001) { $0.tokensPerMinute = 1000 } == [false, false, false])
    }

    @Test func `no 60 seconds of a long run hold more than the limit`() {
        let times = (0..<40_000).map { Double($0) * 0.0071 }
        let accepted = accepted(times) { $0.requestsPerMinute = 6000 }
        let taken = zip(times, accepted).filter(\.1).map(\.0)
        for index in taken.indices.dropFirst(6000) { #expect(taken[index] - taken[index - 6000] >= 60) }
        #expect(taken.count > 6000 * 4)
    }

    @Test func `a bucket holds one second's worth and fills evenly`() {
        let times = [0, 0, 0, 0, 0, 0.24, 0.25, 0.26, 0.75, 0.75, 0.75, 9, 9, 9, 9, 9]
        let accepted = accepted(times) { $0.requestsPerSecond = 4 }
        #expect(
            accepted == [
                true, true, true, true, false, false, true, false, true, true, false, true, true, true, true, false,
            ])
    }

    @Test func `more than the most at work are refused until one is done`() {
        var options = SimulatorOptions()
        options.maxInFlight = 2
        var throttle = Throttle(options: options)
        var refusals: [SimulatedError?] = []
        for _ in 0..<3 { refusals.append(throttle.refusal(ofRequestCosting: 1, at: .zero)) }
        throttle.finish()
        for _ in 0..<2 { refusals.append(throttle.refusal(ofRequestCosting: 1, at: .zero)) }
        #expect(refusals == [nil, nil, .rateLimited, nil, .rateLimited])
    }

    @Test func `a burst refuses its count from its time on, and then no more`() {
        let accepted = accepted([0, 19.9, 20, 20, 35, 36, 49, 50, 51]) {
            $0.bursts = [.init(count: 3, start: .seconds(20)), .init(count: 1, start: .seconds(50))]
        }
        #expect(accepted == [true, true, false, false, false, true, true, false, true])
    }

    @Test func `what is refused counts nowhere`() {
        var options = SimulatorOptions()
        options.requestsPerMinute = 3
        options.tokensPerMinute = 100
        options.requestsPerSecond = 3
        options.maxInFlight = 3
        var throttle = Throttle(options: options)
        #expect(throttle.refusal(ofRequestCosting: 101, at: .zero) == .quotaExceeded)
        #expect(throttle.refusal(ofRequestCosting: 98, at: .zero) == nil)
        #expect(throttle.refusal(ofRequestCosting: 98, at: .zero) == .quotaExceeded)
        #expect(throttle.refusal(ofRequestCosting: 1, at: .zero) == nil)
        #expect(throttle.refusal(ofRequestCosting: 1, at: .zero) == nil)
        #expect(throttle.refusal(ofRequestCosting: 0, at: .zero) == .rateLimited)
    }

    @Test func `headers tell what is left, and nothing about a limit that is not set`() {
        var options = SimulatorOptions()
        options.requestsPerMinute = 3
        var throttle = Throttle(options: options)
        func headers(_ seconds: Double) -> [String: String] {
            Dictionary(throttle.headers(at: .seconds(seconds))) { $1 }
        }
        let name = "x-ratelimit-"
        let before = ["\(name)limit-requests": "3", "\(name)remaining-requests": "3", "\(name)reset-requests": "0s"]
        #expect(headers(0) == before)
        _ = throttle.refusal(ofRequestCosting: 5, at: .zero)
        _ = throttle.refusal(ofRequestCosting: 5, at: .seconds(10))
        #expect(headers(10.5)["x-ratelimit-remaining-requests"] == "1")
        #expect(headers(10.5)["x-ratelimit-reset-requests"] == "59.5s")
        #expect(headers(70) == before)
        options.tokensPerMinute = 1000
        throttle = Throttle(options: options)
        _ = throttle.refusal(ofRequestCosting: 400, at: .zero)
        #expect(headers(1)["x-ratelimit-limit-tokens"] == "1000")
        #expect(headers(1)["x-ratelimit-remaining-tokens"] == "600")
        #expect(headers(1)["x-ratelimit-reset-tokens"] == "59s")
    }

    @Test(
        arguments: [
            (0, "0s"), (1, "1ms"), (41, "41ms"), (1000, "1s"), (1500, "1.5s"), (8640, "8.64s"), (59_999, "59.999s"),
            (60_000, "1m0s"), (86_400, "1m26.4s"), (360_000, "6m0s"), (3_723_500, "1h2m3.5s"),
        ])
    func `durations are written as Go writes them`(milliseconds: Int, text: String) {
        #expect(Duration.milliseconds(milliseconds).goText == text)
        #expect((Duration.milliseconds(milliseconds) - .microseconds(300)).goText == text)
    }
}

struct WorkQueueTests {
    private func ends(_ places: Int, _ work: [(at: Int, length: Int)]) -> [Int] {
        var queue = WorkQueue(places: places)
        return work.map { Int(queue.end(ofWork: .seconds($0.length), arrivingAt: .seconds($0.at)).seconds) }
    }

    @Test func `work beyond the places waits in line`() {
        #expect(ends(1, [(0, 2), (0, 2), (1, 2), (9, 2)]) == [2, 4, 6, 11])
        #expect(ends(2, [(0, 5), (0, 1), (0, 1), (0, 1), (3, 1), (3, 1)]) == [5, 1, 2, 3, 4, 5])
    }

    @Test func `throughput is places by length, whatever arrives`() {
        let ends = ends(4, Array(repeating: (at: 0, length: 2), count: 400))
        #expect(ends.last == 200)
        #expect((0..<100).allSatisfy { second in ends.count { $0 == second * 2 + 2 } == 4 })
    }
}

struct DowntimeTests {
    private let downtime = Downtime(outages: [.seconds(20)..<(.seconds(50))], diesAt: .seconds(100))

    @Test func `an outage ends, a death does not`() {
        let times = [0, 19, 20, 49, 50, 99, 100, 100_000]
        #expect(
            times.map { downtime.covers(.seconds($0)) } == [false, false, true, true, false, false, true, true])
    }

    @Test func `work is cut by the next of them`() {
        #expect(downtime.nextStart(after: .zero) == .seconds(20))
        #expect(downtime.nextStart(after: .seconds(20)) == .seconds(100))
        #expect(downtime.nextStart(after: .seconds(100)) == nil)
        #expect(Downtime(outages: [], diesAt: nil).nextStart(after: .zero) == nil)
    }
}
