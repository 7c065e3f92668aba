import CaptioningSQLite
import CaptioningTesting
import Foundation
import Synchronization
import Testing

@testable import Captioning

/// Whole runs against servers that refuse, break down over single images, or cut every answer.
struct RefusalRunTests {
    /// Runs of a job, one after the other, on one store and under one clock.
    private final class Engine: Sendable {
        let store: SQLiteJobStore
        let clock = FakeClock()
        /// When each request went out, in seconds.
        let sent = Mutex<[Double]>([])
        private let script: ScriptedTransport.Script

        init(_ job: Job, _ script: @escaping ScriptedTransport.Script) async throws {
            store = try SQLiteJobStore.inMemory()
            self.script = script
            try await store.add(Planner(job: job), stale: nil)
        }

        func run(_ job: Job) throws -> RunEnd {
            let transport = ScriptedTransport { [self] number, body throws(TransportError) in
                let time = clock.now.offset.seconds
                let count = sent.withLock { sent in
                    sent.append(time)
                    return sent.count
                }
                return try await script(count, body)
            }
            let now: @Sendable () -> Date = { [clock] in
                Date(timeIntervalSince1970: 1_800_000_000).addingTimeInterval(clock.now.offset.seconds)
            }
            return try SteppingExecutor().run(clock: clock, limit: .seconds(10_000)) { [store, clock] in
                _ = try await store.beginRun(now: now())
                let runner = try Runner(
                    job: job, store: store, transports: [transport], clock: clock, now: now, seed: 1,
                    shutdown: { for await _ in AsyncStream<Never>.makeStream().stream {} })
                return try await runner.run()
            }
        }

        func sent(before time: Double) -> Int { sent.withLock { $0.count { $0 < time } } }
    }

    @Test func `a server that refuses everything is asked ever more rarely, and no image fails`() async throws {
        let scene = try JobScene(images: 64)
        let job = scene.job(retry: Job.Retry(giveUpAfter: .seconds(300)))
        let engine = try await Engine(job) { _, _ in ScriptedTransport.refusal(429, code: "limit_requests") }
        guard case .stopped(.unavailable) = try engine.run(job) else {
            Issue.record("expected a stop")
            return
        }
        #expect(engine.sent(before: 25) <= 40)
        #expect(engine.sent(before: 90) <= 60)
        let summary = try await engine.store.summary()
        #expect(summary.pending == 64)
        #expect(summary.failed == 0)
    }

    @Test func `a quota that ends in mid-run fails no image and starts no storm`() async throws {
        let scene = try JobScene(images: 300)
        let job = scene.job(limits: .init(concurrency: 64), retry: Job.Retry(giveUpAfter: .seconds(300)))
        let engine = try await Engine(job) { number, _ in
            number <= 100 ? ScriptedTransport.answer() : ScriptedTransport.refusal(429, code: "limit_requests")
        }
        guard case .stopped(.unavailable) = try engine.run(job) else {
            Issue.record("expected a stop")
            return
        }
        #expect(engine.sent(before: 90) <= 100 + 64 + 60)
        let summary = try await engine.store.summary()
        #expect(summary.done == 100)
        #expect(summary.failed == 0)
    }

    @Test(arguments: [true, false])
    func `a cool-down outlives the run`(isTold: Bool) async throws {
        let scene = try JobScene(images: 8)
        var job = scene.job()
        job.deadlines.run = .seconds(2)
        let engine = try await Engine(job) { _, _ in
            ScriptedTransport.refusal(429, code: "limit_requests", headers: isTold ? [("retry-after", "30")] : [])
        }
        for _ in 0..<4 { #expect(try engine.run(job) == .deadline) }
        #expect(engine.sent(before: 30) <= (isTold ? 4 : 12))
        let hold = try await engine.store.hold(
            of: job.endpoint,
            now: Date(timeIntervalSince1970: 1_800_000_000).addingTimeInterval(engine.clock.now.offset.seconds))
        #expect(hold != nil)
    }

    @Test func `attempts are counted by what they ended with`() async throws {
        let scene = try JobScene(images: 1)
        let job = scene.job(retry: Job.Retry(attempts: 6, base: .milliseconds(10), cap: .milliseconds(10)))
        let engine = try await Engine(job) { number, _ in
            switch number {
            case 1, 2: ScriptedTransport.refusal(500, code: "internal")
            case 3: ScriptedTransport.answer("")
            case 4: ScriptedTransport.refusal(500, code: "internal")
            default: ScriptedTransport.answer()
            }
        }
        #expect(try engine.run(job) == .finished)
        #expect(try await engine.store.summary().done == 1)
    }

    @Test func `two empty answers are one image's own`() async throws {
        let scene = try JobScene(images: 1)
        let job = scene.job(retry: Job.Retry(attempts: 6, base: .milliseconds(10), cap: .milliseconds(10)))
        let engine = try await Engine(job) { number, _ in
            number == 2 ? ScriptedTransport.refusal(500, code: "internal") : ScriptedTransport.answer("")
        }
        #expect(try engine.run(job) == .finished)
        #expect(try await engine.store.summary().failed == 1)
        #expect(engine.sent.withLock { $0.count } == 3)
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `among many faults only an image with two empty answers of its own fails`(seed: UInt64) async throws {
        let scene = try JobScene(images: 300)
        let job = scene.job(
            limits: .init(concurrency: 16),
            retry: Job.Retry(attempts: 12, base: .milliseconds(10), cap: .milliseconds(100)))
        let draws = Mutex((generator: SplitMix64(seed: seed), empty: [Data: Int]()))
        let engine = try await Engine(job) { _, body throws(TransportError) in
            let draw = draws.withLock { draws in
                let draw = Double.random(in: 0..<1, using: &draws.generator)
                if draw < 0.04 { draws.empty[body, default: 0] += 1 }
                return draw
            }
            switch draw {
            case ..<0.04: return ScriptedTransport.answer("")
            case ..<0.06: return HTTPReply(status: 200, body: Data("{\"choices\":[]}".utf8))
            case ..<0.21: return ScriptedTransport.refusal(500, code: "internal")
            case ..<0.28: throw .brokenReply("half")
            case ..<0.36: return ScriptedTransport.refusal(429, code: "limit_requests")
            default: return ScriptedTransport.answer("of \(body.hashValue)")
            }
        }
        #expect(try engine.run(job) == .finished)
        let ownFault = draws.withLock { $0.empty.values.count { $0 >= 2 } }
        let summary = try await engine.store.summary()
        #expect(summary.failed == ownFault)
        #expect(summary.done == 300 - ownFault)
    }

    @Test(arguments: [0, 30])
    func `a max_tokens that cuts everything stops the run before the folder is paid for`(whole: Int) async throws {
        let scene = try JobScene(images: 200)
        var job = scene.job(limits: .init(concurrency: 8))
        job.parameters["max_tokens"] = .int(16)
        let engine = try await Engine(job) { number, _ in
            number <= whole ? ScriptedTransport.answer() : Self.cut
        }
        guard case .stopped(.fatal(let failure)) = try engine.run(job) else {
            Issue.record("expected a stop")
            return
        }
        #expect(failure.label == "truncated")
        #expect(failure.detail.contains("max_tokens (16)"))
        let paid = engine.sent.withLock { $0.count } - whole
        #expect(paid <= (whole == 0 ? 5 + 3 : 20 + 8))
        #expect(paid >= (whole == 0 ? 5 : 20))
    }

    /// An answer that reached its limit.
    private static let cut = ScriptedTransport.answer("a cap", finishReason: "length")
}
