import CaptioningSQLite
import CaptioningTesting
import Foundation
import ServiceLifecycleTestKit
import Synchronization
import Testing

@testable import Captioning

struct RunnerTests {
    /// A runner on a store in memory, with a clock that a test moves.
    private struct Engine {
        let store: SQLiteJobStore
        let clock = FakeClock()
        let transport: ScriptedTransport
        let runner: Runner<FakeClock>

        init(
            _ job: Job, store: SQLiteJobStore? = nil, waits: Bool = false,
            _ script: @escaping ScriptedTransport.Script
        ) async throws {
            self.store = try store ?? SQLiteJobStore.inMemory()
            transport = ScriptedTransport(script)
            try await self.store.add(Planner(job: job), stale: nil)
            let clock = clock
            let start = Date(timeIntervalSince1970: 1_800_000_000)
            runner = try Runner(
                job: job, store: self.store, transports: [transport], clock: clock,
                now: { start.addingTimeInterval(clock.now.offset.seconds) },
                shutdown: waits ? Self.never : nil)
        }

        private static let never: @Sendable () async -> Void = {
            for await _ in AsyncStream<Never>.makeStream().stream {}
        }

        /// Runs through all waits.
        func runInSteps() throws -> RunEnd {
            try SteppingExecutor().run(clock: clock, limit: .seconds(10_000)) { [runner] in try await runner.run() }
        }
    }

    private static let quick = Job.Retry(attempts: 4, base: .zero, cap: .zero)

    @Test func `every item is asked once and its answer stored`() async throws {
        let scene = try JobScene(images: 20)
        let engine = try await Engine(scene.job()) { _, _ in ScriptedTransport.answer() }
        #expect(try await engine.runner.run() == .finished)
        #expect(engine.transport.bodies.count == 20)
        #expect(engine.transport.mostInFlight <= 4)
        let summary = try await engine.store.summary()
        #expect(summary.done == 20)
        #expect(summary.attempts == 20)
        #expect(summary.promptTokens == 200)
    }

    @Test func `a clock on the wall that is set back delays no retry`() async throws {
        let scene = try JobScene(images: 6)
        let store = try SQLiteJobStore.inMemory()
        let clock = FakeClock()
        let transport = ScriptedTransport { number, _ in
            number <= 6 ? ScriptedTransport.refusal(500, code: "internal") : ScriptedTransport.answer()
        }
        let job = scene.job(retry: Job.Retry(attempts: 4, base: .seconds(1), cap: .seconds(1)))
        try await store.add(Planner(job: job), stale: nil)
        let runner = try Runner(
            job: job, store: store, transports: [transport], clock: clock,
            now: {
                // An hour back as soon as the first request has gone.
                Date(timeIntervalSince1970: 1_800_000_000)
                    .addingTimeInterval(clock.now.offset.seconds - (transport.bodies.isEmpty ? 0 : 3600))
            }, shutdown: { for await _ in AsyncStream<Never>.makeStream().stream {} })
        let end = try SteppingExecutor().run(clock: clock, limit: .seconds(60)) { try await runner.run() }
        #expect(end == .finished)
        #expect(transport.bodies.count == 12)
    }

    @Test func `a refused key stops within three requests and items stay pending`() async throws {
        let scene = try JobScene(images: 30)
        let engine = try await Engine(scene.job(limits: .init(concurrency: 32))) { _, _ in
            ScriptedTransport.refusal(401, code: "invalid_api_key")
        }
        guard case .stopped(.unauthorized) = try await engine.runner.run() else {
            Issue.record("expected a stop")
            return
        }
        #expect(engine.transport.bodies.count <= 3)
        #expect(try await engine.store.summary().pending == 30)
    }

    @Test func `a 429 pauses every request to the endpoint for as long as the server asks`() async throws {
        let scene = try JobScene(images: 8)
        let engine = try await Engine(scene.job(limits: .init(concurrency: 8))) { number, _ in
            number == 1
                ? ScriptedTransport.refusal(429, code: "slow", headers: [("retry-after", "7")])
                : ScriptedTransport.answer()
        }
        async let end = engine.runner.run()
        await engine.clock.sleepers(1)
        let sentBefore = engine.transport.bodies.count
        #expect(sentBefore <= 3)
        engine.clock.advance(by: .seconds(6))
        #expect(engine.transport.bodies.count == sentBefore)
        engine.clock.advance(by: .seconds(2))
        #expect(try await end == .finished)
        #expect(try await engine.store.summary().done == 8)
    }

    @Test func `a due retry does not wait for a slow request`() async throws {
        let scene = try JobScene(images: 2)
        let (gate, open) = AsyncStream<Void>.makeStream()
        let retried = Mutex(false)
        let engine = try await Engine(scene.job(retry: .init(attempts: 4, base: .seconds(4), cap: .seconds(4)))) {
            number, _ in
            switch number {
            case 1:
                // Held until the other item's retry has been sent.
                for await _ in gate { break }
                return ScriptedTransport.answer()
            case 2: return ScriptedTransport.refusal(500, code: "oops")
            default:
                retried.withLock { $0 = true }
                open.yield()
                return ScriptedTransport.answer()
            }
        }
        async let end = engine.runner.run()
        await engine.clock.sleepers(1)
        engine.clock.advance(by: .seconds(5))
        #expect(try await end == .finished)
        #expect(retried.withLock { $0 })
    }

    @Test func `requests per minute are paced evenly`() async throws {
        let scene = try JobScene(images: 4)
        let engine = try await Engine(scene.job(limits: .init(requestsPerMinute: 30, concurrency: 4))) { _, _ in
            ScriptedTransport.answer()
        }
        async let end = engine.runner.run()
        for expected in 1...4 {
            while engine.transport.bodies.count < expected { await Task.yield() }
            #expect(engine.clock.now.offset == .seconds(2 * (expected - 1)))
            if expected < 4 {
                await engine.clock.sleepers(1)
                engine.clock.advance(by: .seconds(2))
            }
        }
        #expect(try await end == .finished)
        #expect(engine.transport.bodies.count == 4)
    }

    @Test func `a server that is down stops the run, and the next run goes on`() async throws {
        let scene = try JobScene(images: 50)
        let job = scene.job(retry: Self.quick)
        let engine = try await Engine(job, waits: true) { _, _ throws(TransportError) in
            throw .unreachable("refused")
        }
        guard case .stopped(.unavailable) = try engine.runInSteps() else {
            Issue.record("expected a stop")
            return
        }
        #expect(engine.transport.bodies.count < 30)
        let summary = try await engine.store.summary()
        #expect(summary.pending == 50)
        #expect(summary.failed == 0)
        let again = try await Engine(job, store: engine.store) { _, _ in ScriptedTransport.answer() }
        _ = try await engine.store.beginRun(now: Date(timeIntervalSince1970: 1_800_000_100))
        #expect(try await again.runner.run() == .finished)
        #expect(try await engine.store.summary().done == 50)
    }

    @Test func `graceful shutdown drains: what is in flight is recorded, and nothing new is claimed`() async throws {
        let scene = try JobScene(images: 9)
        let (gate, open) = AsyncStream<Void>.makeStream()
        let engine = try await Engine(scene.job()) { number, _ in
            if number == 1 { for await _ in gate { break } }
            return ScriptedTransport.answer()
        }
        try await testGracefulShutdown { trigger in
            try await withThrowingTaskGroup(of: RunEnd?.self) { group in
                group.addTask { try await engine.runner.run() }
                group.addTask {
                    while engine.transport.bodies.count < 1 { await Task.yield() }
                    trigger.triggerGracefulShutdown()
                    open.yield()
                    return nil
                }
                for try await end in group { if let end { #expect(end == .interrupted) } }
            }
        }
        let summary = try await engine.store.summary()
        #expect(summary.done == engine.transport.bodies.count)
        #expect(summary.done < 9)
        #expect(summary.claimed == 0)
    }

    @Test func `a far retry does not hold up graceful shutdown`() async throws {
        let scene = try JobScene(images: 1)
        let engine = try await Engine(scene.job(retry: .init(attempts: 4, base: .seconds(60)))) { _, _ in
            ScriptedTransport.refusal(500, code: "oops")
        }
        await testGracefulShutdown { trigger in
            async let end = engine.runner.run()
            await engine.clock.sleepers(1)
            trigger.triggerGracefulShutdown()
            #expect((try? await end) == .interrupted)
        }
        #expect(try await engine.store.summary().pending == 1)
    }

    @Test func `a cancelled attempt is recorded as interrupted and its item is pending again`() async throws {
        let scene = try JobScene(images: 3)
        let engine = try await Engine(scene.job()) { _, _ throws(TransportError) in
            while !Task.isCancelled { await Task.yield() }
            throw .cancelled
        }
        let task = Task { try await engine.runner.run() }
        while engine.transport.bodies.count < 3 { await Task.yield() }
        task.cancel()
        #expect(try await task.value == .interrupted)
        let summary = try await engine.store.summary()
        #expect(summary.pending == 3)
        #expect(summary.claimed == 0)
        #expect(summary.attempts == 3)
    }

    @Test func `a reply that arrived is recorded even when the run is cancelled meanwhile`() async throws {
        let scene = try JobScene(images: 1)
        let engine = try await Engine(scene.job()) { _, _ in
            while !Task.isCancelled { await Task.yield() }
            return ScriptedTransport.answer("paid for")
        }
        let task = Task { try await engine.runner.run() }
        while engine.transport.bodies.isEmpty { await Task.yield() }
        task.cancel()
        _ = try await task.value
        #expect(try await engine.store.summary().done == 1)
    }

    @Test func `identical images are sent once, also when they come at the same time`() async throws {
        let scene = try JobScene()
        for name in ["a", "b", "c", "d"] { try scene.add("\(name).bmp", width: 40) }
        let engine = try await Engine(scene.job(retry: Self.quick)) { number, _ in
            number == 1 ? ScriptedTransport.refusal(500, code: "oops") : ScriptedTransport.answer()
        }
        #expect(try await engine.runner.run() == .finished)
        #expect(engine.transport.bodies.count == 2)
        let summary = try await engine.store.summary()
        #expect(summary.done == 4)
        #expect(summary.reused == 3)
        #expect(summary.promptTokens == 10)
    }

    @Test func `an unreadable image fails as an item without a request`() async throws {
        let scene = try JobScene(images: 2)
        try Data("no image".utf8).write(to: scene.folder.appendingPathComponent("bad.png"))
        let engine = try await Engine(scene.job()) { _, _ in ScriptedTransport.answer() }
        #expect(try await engine.runner.run() == .finished)
        #expect(engine.transport.bodies.count == 2)
        let summary = try await engine.store.summary()
        #expect(summary.failed == 1)
        #expect(summary.failures.map(\.code) == ["not_an_image"])
    }

    @Test func `one of two endpoints dies: no item is lost, and attempts tell who answered`() async throws {
        let scene = try JobScene(images: 40)
        var job = scene.job(limits: .init(concurrency: 4), retry: Self.quick)
        var other = job.endpoint
        other.baseURL = "http://other/v1"
        job.endpoints.append(other)
        let store = try SQLiteJobStore.inMemory()
        try await store.add(Planner(job: job), stale: nil)
        let dying = ScriptedTransport { number, _ throws(TransportError) in
            if number > 5 { throw .unreachable("gone") }
            return ScriptedTransport.answer("from the first")
        }
        let living = ScriptedTransport { _, _ in ScriptedTransport.answer("from the second") }
        let runner = try Runner(
            job: job, store: store, transports: [dying, living], clock: ContinuousClock(), now: { Date() })
        #expect(try await runner.run() == .finished)
        let summary = try await store.summary()
        #expect(summary.done == 40)
        let rows = Mutex<[ExportRow]>([])
        _ = try await store.forEachRow(isAll: false) { row in rows.withLock { $0.append(row) } }
        for row in rows.withLock({ $0 }) {
            let last = try await store.history(of: row.image, promptID: nil).last
            #expect(last?.endpoint == (row.caption == "from the first" ? "http://h/v1" : "http://other/v1"))
        }
    }

    @Test func `the deadline ends the run, and what is in flight goes back to pending`() async throws {
        let scene = try JobScene(images: 6)
        var job = scene.job(limits: .init(concurrency: 2))
        job.deadlines.run = .seconds(60)
        let engine = try await Engine(job) { number, _ throws(TransportError) in
            if number == 1 { return ScriptedTransport.answer() }
            while !Task.isCancelled { await Task.yield() }
            throw .cancelled
        }
        async let end = engine.runner.run()
        while engine.transport.bodies.count < 3 { await Task.yield() }
        await engine.clock.sleepers(1)
        engine.clock.advance(by: .seconds(61))
        #expect(try await end == .deadline)
        let summary = try await engine.store.summary()
        #expect(summary.done == 1)
        #expect(summary.pending == 5)
        #expect(summary.attempts == 3)
    }

    @Test func `a limit takes the first items only`() async throws {
        let scene = try JobScene(images: 9)
        let engine = try await Engine(scene.job()) { _, _ in ScriptedTransport.answer() }
        #expect(try await engine.runner.run(limit: 4) == .finished)
        #expect(engine.transport.bodies.count == 4)
    }

    @Test func `the same refusal of twenty images with no success stops the run`() async throws {
        let scene = try JobScene(images: 60)
        let engine = try await Engine(scene.job()) { _, _ in
            ScriptedTransport.refusal(400, code: "odd", message: "this prompt will not do")
        }
        guard case .stopped(.fatal) = try await engine.runner.run() else {
            Issue.record("expected a stop")
            return
        }
        #expect(engine.transport.bodies.count < 30)
    }

    @Test func `a cut answer is a failure that keeps its text and is not asked again`() async throws {
        let scene = try JobScene(images: 1)
        let engine = try await Engine(scene.job()) { _, _ in
            ScriptedTransport.answer("half a capt", finishReason: "length")
        }
        #expect(try await engine.runner.run() == .finished)
        #expect(engine.transport.bodies.count == 1)
        let rows = Mutex<[ExportRow]>([])
        _ = try await engine.store.forEachRow(isAll: false) { row in rows.withLock { $0.append(row) } }
        let row = try #require(rows.withLock { $0.first })
        #expect(row.status == .failed)
        #expect(row.caption == "half a capt")
        #expect(row.errorCode == "truncated")
    }

    @Test(arguments: [1, 2, 3])
    func `a thousand items through random faults end with one answer each and exact books`(seed: UInt64) async throws {
        let scene = try JobScene(images: 250)
        let prompts = (1...4).map { JobSpec.Prompt(id: "p\($0)", text: "Say \($0).") }
        let job = scene.job(
            prompts: prompts, limits: .init(concurrency: 32), retry: .init(attempts: 12, base: .zero, cap: .zero))
        let answers = Mutex<[Data: Int]>([:])
        let engine = try await Engine(job) { number, body throws(TransportError) in
            switch (UInt64(number) &* 2_654_435_761 &+ seed &* 97) % 20 {
            case 0: return ScriptedTransport.refusal(500, code: "oops")
            case 1: return HTTPReply(status: 200, body: Data("{".utf8))
            case 2: throw .connectionLost("gone")
            case 3: throw .timedOut(after: .seconds(1))
            case 4: throw .brokenReply("half")
            default:
                answers.withLock { $0[body, default: 0] += 1 }
                return ScriptedTransport.answer()
            }
        }
        #expect(try await engine.runner.run() == .finished)
        let summary = try await engine.store.summary()
        #expect(summary.done == 1000)
        #expect(summary.attempts == engine.transport.bodies.count)
        #expect(answers.withLock { $0.count } == 1000)
        #expect(answers.withLock { $0.values.allSatisfy { $0 == 1 } })
    }
}
