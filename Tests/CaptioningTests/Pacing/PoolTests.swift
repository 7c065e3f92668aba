import Foundation
import SystemPackage
import Testing

@testable import Captioning

/// Several endpoints, and the parts that an endpoint's pace is made of.
struct PoolTests {
    private static let start = Date(timeIntervalSince1970: 1_800_000_000)

    private func job(_ limits: [Job.Limits], retry: Job.Retry = .init()) -> Job {
        var job = Job(
            name: "j", root: "/", images: [], prompts: [.init(id: "a", text: "a")],
            endpoint: .init(provider: .custom, baseURL: "http://0/v1", model: "m", apiKeyVariable: nil),
            retry: retry, store: "/x")
        job.endpoints = limits.enumerated().map { place, limits in
            .init(provider: .custom, baseURL: "http://\(place)/v1", model: "m", apiKeyVariable: nil, limits: limits)
        }
        return job
    }

    private func pool(_ job: Job) -> EndpointPool {
        EndpointPool(job: job, firstCompletions: job.endpoints.map { _ in 100 }, start: Self.start)
    }

    private func claim(_ id: Int64) -> Claim {
        Claim(
            item: Item(
                id: .init(id), key: .init(kind: .file, image: ImageName("a.jpg"), promptID: "a"), position: Int(id)),
            attemptID: .init(id), startedAt: Self.start)
    }

    private func report(_ kind: Failure.Kind? = nil, retryAfter: Duration? = nil, wasSent: Bool = true) -> AttemptReport
    {
        let outcome: Outcome =
            kind.map { .failed(Failure($0, label: "x", detail: "x", retryAfter: retryAfter), partial: nil) }
            ?? .completed(Completion(caption: "a"))
        return AttemptReport(outcome: outcome, wasSent: wasSent, finishedAt: Self.start)
    }

    private func grant(_ pool: EndpointPool, at time: Double) -> EndpointPool.Grant? {
        if case .send(let grant) = pool.admit(promptTokens: [10, 10], at: time) { grant } else { nil }
    }

    @Test func `work goes to whichever has the most room`() {
        let pool = pool(job([.init(concurrency: 2), .init(concurrency: 2)]))
        let places = (0..<5).map { _ in grant(pool, at: 0)?.endpoint }
        #expect(places == [0, 1, 0, 1, nil])
    }

    @Test func `an endpoint that refuses the key is not asked again, the other goes on`() throws {
        let pool = pool(job([.init(concurrency: 2), .init(concurrency: 2)]))
        let first = try #require(grant(pool, at: 0))
        pool.note(report(.unauthorized), of: claim(1), first, at: 1, wallClock: Self.start)
        #expect(pool.stopReason(nextChance: nil, at: 1) == nil)
        #expect((0..<3).map { _ in grant(pool, at: 1)?.endpoint } == [1, 1, nil])
    }

    @Test func `when all refuse the key, the run stops with that`() throws {
        let pool = pool(job([.init(), .init()]))
        for id in 1...2 as ClosedRange<Int64> {
            let next = try #require(self.grant(pool, at: 0))
            pool.note(report(.unauthorized), of: claim(id), next, at: 1, wallClock: Self.start)
        }
        guard case .unauthorized = pool.stopReason(nextChance: nil, at: 1) else {
            Issue.record("expected a stop")
            return
        }
        guard case .never = pool.admit(promptTokens: [1, 1], at: 2) else {
            Issue.record("expected no more requests")
            return
        }
    }

    @Test func `a cool-down of one endpoint leaves the other at work`() throws {
        let pool = pool(job([.init(concurrency: 1), .init(concurrency: 1)]))
        let first = try #require(grant(pool, at: 0))
        pool.note(
            report(.rateLimited, retryAfter: .seconds(30)), of: claim(1), first, at: 1, wallClock: Self.start)
        #expect(grant(pool, at: 2)?.endpoint == 1)
        guard case .full(let later) = pool.admit(promptTokens: [1, 1], at: 3) else {
            Issue.record("expected to be full")
            return
        }
        #expect(later == 31)
        #expect(grant(pool, at: 30.99) == nil)
        #expect(grant(pool, at: 31)?.endpoint == 0)
    }

    @Test func `no answer for give_up_after stops the run, an answer in between does not`() throws {
        let pool = pool(job([.init()], retry: .init(giveUpAfter: .seconds(60))))
        let first = try #require(grant(pool, at: 0))
        pool.note(report(.transient), of: claim(1), first, at: 50, wallClock: Self.start)
        #expect(pool.stopReason(nextChance: nil, at: 59) == nil)
        guard case .unavailable = pool.stopReason(nextChance: nil, at: 60) else {
            Issue.record("expected a stop")
            return
        }
        let second = try #require(grant(pool, at: 61))
        pool.note(report(), of: claim(2), second, at: 70, wallClock: Self.start)
        #expect(pool.stopReason(nextChance: nil, at: 71) == nil)
        #expect(pool.patienceEnds == 130)
    }

    @Test func `a wait that is longer than give_up_after stops the run at once`() throws {
        let pool = pool(job([.init()]))
        let first = try #require(grant(pool, at: 0))
        pool.note(
            report(.rateLimited, retryAfter: .seconds(36_000)), of: claim(1), first, at: 1, wallClock: Self.start)
        guard case .later(let time, .rateLimited) = pool.admit(promptTokens: [1, 1], at: 2),
            case .unavailable(let failure) = pool.stopReason(nextChance: time, at: 2)
        else {
            Issue.record("expected a stop")
            return
        }
        #expect(failure.detail.contains("35999s"))
    }

    @Test func `requests of the day before count against the limit per day`() {
        let job = job([.init(requestsPerDay: 5)])
        let pool = pool(job)
        let earlier = [-90_000.0, -80_000, -60, -1].map {
            Spending(time: Self.start.addingTimeInterval($0), requests: 1, tokens: nil)
        }
        pool.note(earlier: earlier.filter { $0.time > Self.start.addingTimeInterval(-86_400) }, at: 0)
        #expect(grant(pool, at: 0) != nil)
        #expect(grant(pool, at: 0) != nil)
        guard case .later(let time, .requestsPerDay) = pool.admit(promptTokens: [1], at: 0) else {
            Issue.record("expected to wait")
            return
        }
        #expect(abs(time - 6_400) < 60)
    }

    @Test func `a breaker opens after failures of several items and lets single requests try`() {
        var breaker = CircuitBreaker()
        let failure = Failure(.transient, label: "x", detail: "x")
        func fail(_ item: Int64, isLost: Bool = false, startedAt: Double = 0, at time: Double) -> Bool {
            breaker.noteFailure(failure, of: .init(item), isLost: isLost, startedAt: startedAt, at: time) {
                .seconds(1 << ($0 - 1))
            }
        }
        for item in 1...7 as ClosedRange<Int64> { #expect(!fail(item, at: 1)) }
        #expect(!fail(7, at: 1))
        #expect(!breaker.isOpen)
        #expect(fail(8, at: 2))
        #expect(breaker.nextTry == 3)
        // From before it opened: part of the same trouble.
        #expect(!fail(9, startedAt: 1, at: 2.5))
        #expect(breaker.rounds == 1)
        #expect(!fail(9, startedAt: 3, at: 4))
        #expect(breaker.nextTry == 6)
        breaker.noteAnswer()
        #expect(!breaker.isOpen)
        for item in 1...2 as ClosedRange<Int64> { #expect(!fail(item, isLost: true, at: 9)) }
        #expect(fail(2, isLost: true, at: 9))
    }

    @Test func `a window counts exactly what was spent in its length, and waits for room`() {
        var window = SlidingWindow(length: 60)
        for second in 0..<10 { window.add(1, at: Double(second)) }
        func wait(for amount: Double, under limit: Double, at time: Double) -> Double {
            window.wait(for: amount, under: limit, at: time)
        }
        func total(at time: Double) -> Double { window.total(at: time) }
        #expect(total(at: 30) == 10)
        #expect(window.total(since: 5) == 5)
        #expect(wait(for: 1, under: 11, at: 30) == 0)
        #expect(abs(wait(for: 1, under: 10, at: 30) - 30) < 0.05)
        #expect(abs(wait(for: 3, under: 10, at: 30) - 32) < 0.05)
        #expect(abs(wait(for: 99, under: 10, at: 30) - 39) < 0.05)
        window.correct(by: -1, at: 4)
        #expect(wait(for: 1, under: 10, at: 30) == 0)
        #expect(total(at: 65.1) == 4)
        #expect(total(at: 200) == 0)
        #expect(wait(for: 99, under: 10, at: 200) == 0)
    }

    @Test func `a bucket paces evenly, grows gently and pays debts`() {
        var bucket = TokenBucket(perMinute: 600, at: 0)
        #expect(bucket.wait(for: 11, at: 0) == 0)
        bucket.take(11, at: 0)
        #expect(abs(bucket.wait(for: 1, at: 0) - 0.1) < 1e-9)
        bucket.take(40, at: 0)
        #expect(abs(bucket.wait(for: 1, at: 0) - 4.1) < 1e-9)
        bucket.giveBack(40)
        #expect(abs(bucket.wait(for: 1, at: 0) - 0.1) < 1e-9)
        #expect(bucket.wait(for: 1000, at: 1.1) == 0)

        let ramp = RampUp(firstShare: 0.5, length: 10, start: 0)
        #expect(ramp.share(at: 5) == 0.75)
        #expect(ramp.area(from: 0, to: 10) == 7.5)
        #expect(ramp.area(from: 0, to: 12) == 9.5)
        #expect(ramp.area(from: 20, to: 21) == 1)
    }

    @Test func `an estimate learns what answers come to`() {
        var cost = CostEstimate(firstCompletion: 256)
        #expect(cost.tokens(1000) == 1256)
        let learned = cost.learn(from: Usage(promptTokens: 2000, completionTokens: 50), estimate: 1000)
        #expect(learned == 2050)
        #expect(cost.tokens(1000) == 2050)
        let nothing = cost.learn(from: Usage(completionTokens: 50), estimate: 1000)
        #expect(nothing == nil)
        for length in [40, 60, 40, 60] {
            _ = cost.learn(from: Usage(promptTokens: 2000, completionTokens: length), estimate: 1000)
        }
        // A margin for answers that are longer than the mean.
        #expect(cost.tokens(1000) > 2050 && cost.tokens(1000) < 2080)
    }

    @Test func `no count that a reply reports is too large to be added up`() {
        var cost = CostEstimate(firstCompletion: 256)
        for usage in [
            Usage(promptTokens: .max, completionTokens: .max), Usage(promptTokens: .max, totalTokens: .min),
            Usage(promptTokens: .min, totalTokens: .max), Usage(promptTokens: 0, completionTokens: .min),
        ] {
            #expect(cost.learn(from: usage, estimate: 1)?.isFinite == true)
        }
        #expect(cost.tokens(.max).isFinite)
    }

    @Test func `what a reply claims to have cost holds requests back for a minute at most`() {
        var tokens = RateLimit(perMinute: 60_000, burst: 1, at: 0)
        tokens.take(1000, at: 0)
        tokens.settle(1000, as: 1e9, takenAt: 0)
        #expect(tokens.wait(for: 1000, at: 62) == 0)
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
