import CaptioningSQLite
import CaptioningTesting
import Foundation
import Synchronization
import Testing

@testable import Captioning

/// What a run does to images, and records of it.
struct PreparationRunTests {
    /// Downloads what it is told, and remembers what was asked.
    private final class Fetcher: ImageFetcher {
        private let answers: [String: Result<Data, Failure>]
        private let urls = Mutex<[String]>([])

        init(_ answers: [String: Result<Data, Failure>]) {
            self.answers = answers
        }

        var asked: [String] { urls.withLock { $0.sorted() } }

        func fetch(_ url: String, room: @escaping @Sendable (Int) async -> Void) async throws(Failure) -> Data {
            urls.withLock { $0.append(url) }
            return try (answers[url] ?? .failure(.fixture(.transient))).get()
        }
    }

    private let gif = ImageBytes.gif(30, 20)
    private let bitmap = JobScene.bitmap(width: 30, height: 20)

    private func run(
        _ job: Job, fetcher: Fetcher? = nil
    ) async throws -> (bodies: [String], rows: [ExportRow]) {
        let store = try SQLiteJobStore.inMemory()
        let transport = ScriptedTransport { _, _ in ScriptedTransport.answer() }
        try await store.add(Planner(job: job), stale: nil)
        let runner = try Runner(
            job: job, store: store, transports: [transport], converter: ImagePreparerTests.Converter(),
            fetcher: fetcher, clock: ContinuousClock(), now: { Date() })
        #expect(try await runner.run() == .finished)
        #expect(try await store.verify() == [])
        let list = Collection()
        _ = try await store.forEachRow(isAll: false) { row in list.rows.withLock { $0.append(row) } }
        return (transport.bodies.map { String(decoding: $0, as: UTF8.self) }, list.rows.withLock { $0 })
    }

    private final class Collection: Sendable {
        let rows = Mutex<[ExportRow]>([])
    }

    @Test func `what was sent stands beside what the file was`() async throws {
        let scene = try JobScene(images: 1)
        try gif.write(to: scene.folder.appendingPathComponent("film.gif"))
        var job = scene.job()
        job.endpoint.provider = .simulated
        let (bodies, rows) = try await run(job)
        #expect(bodies.count == 2)
        #expect(bodies.count { $0.contains("data:image/jpeg;base64,") || $0.contains("data:image/png;base64,") } == 1)
        let film = try #require(rows.first { $0.image.display == "film.gif" }?.images)
        #expect(film.imageFormat == "gif" && film.imageSize == "30x20" && film.imageBytes == gif.count)
        #expect(film.sentFormat != "gif" && film.prepared == "converted")
        let plain = try #require(rows.first { $0.image.display == "100.bmp" }?.images)
        #expect(plain.prepared.isEmpty && plain.sentBytes == plain.imageBytes)
    }

    @Test func `copies are prepared and sent once, whatever is sent of them`() async throws {
        let scene = try JobScene()
        for name in ["a.gif", "b.gif", "c.gif"] { try gif.write(to: scene.folder.appendingPathComponent(name)) }
        var job = scene.job()
        job.endpoint.provider = .simulated
        let (bodies, rows) = try await run(job)
        #expect(bodies.count == 1)
        #expect(rows.allSatisfy { $0.status == .done })
    }

    @Test func `a remote image is downloaded here where the spec says so`() async throws {
        let scene = try JobScene()
        let (good, gone) = ("https://example.com/a.bmp", "https://example.com/gone.bmp")
        let fetcher = Fetcher([
            good: .success(bitmap),
            gone: .failure(Failure(.unreadableImage, label: "download_failed", detail: "HTTP 404")),
        ])
        var job = scene.job()
        job.images = [.urls([good, gone])]
        job.fetch.place = .local
        let (bodies, rows) = try await run(job, fetcher: fetcher)
        #expect(fetcher.asked == [good, gone])
        #expect(bodies.count == 1)
        #expect(bodies.first?.contains(bitmap.base64EncodedString()) == true)
        #expect(rows.map(\.status) == [.done, .failed])
        #expect(rows.last?.errorCode == "download_failed")
        #expect(rows.first?.images?.imageSize == "30x20")
    }

    /// Fails with what it is told, one after the other, and remembers when it was asked, in seconds.
    private final class FailingFetcher: ImageFetcher {
        private let clock: FakeClock
        private let failures: [Failure]
        private let times = Mutex<[Double]>([])

        init(_ failures: [Failure], clock: FakeClock) {
            self.failures = failures
            self.clock = clock
        }

        var asked: [Double] { times.withLock { $0 } }

        func fetch(_ url: String, room: @escaping @Sendable (Int) async -> Void) async throws(Failure) -> Data {
            let number = times.withLock { times in
                times.append(clock.now.offset.seconds)
                return times.count
            }
            if number <= failures.count { throw failures[number - 1] }
            return JobScene.bitmap(width: 30, height: 20)
        }
    }

    /// When a download was tried that fails so, and what became of it.
    private func tries(
        of failures: [Failure], retry: Job.Retry, itemDeadline: Duration? = nil
    ) async throws -> (asked: [Double], row: ExportRow?) {
        let scene = try JobScene()
        let clock = FakeClock()
        let fetcher = FailingFetcher(failures, clock: clock)
        var job = scene.job(retry: retry)
        job.images = [.urls(["https://example.com/a.bmp"])]
        job.fetch.place = .local
        job.deadlines.item = itemDeadline
        let store = try SQLiteJobStore.inMemory()
        try await store.add(Planner(job: job), stale: nil)
        let runner = try Runner(
            job: job, store: store, transports: [ScriptedTransport { _, _ in ScriptedTransport.answer() }],
            fetcher: fetcher, clock: clock,
            now: { Date(timeIntervalSince1970: 1_800_000_000).addingTimeInterval(clock.now.offset.seconds) }, seed: 7,
            shutdown: { for await _ in AsyncStream<Never>.makeStream().stream {} })
        let end = try SteppingExecutor().run(clock: clock, limit: .seconds(3600)) { try await runner.run() }
        #expect(end == .finished)
        let list = Collection()
        _ = try await store.forEachRow(isAll: true) { row in list.rows.withLock { $0.append(row) } }
        return (fetcher.asked, list.rows.withLock { $0 }.first)
    }

    @Test func `a download is tried again by the rules for requests, and as late as its server asks`() async throws {
        let asked = Failure(.transient, label: "download_failed", detail: "", retryAfter: .seconds(40))
        let silent = Failure(.transient, label: "download_failed", detail: "")
        let rules = Job.Retry(attempts: 6, base: .seconds(8), cap: .seconds(64))
        let (times, row) = try await tries(of: [asked, silent, silent], retry: rules)
        #expect(row?.status == .done)
        let waits = zip(times, times.dropFirst()).map { $1 - $0 }
        #expect(waits.count == 3 && abs((waits.first ?? 0) - 40) < 0.1, "\(waits)")
        // Full jitter: anything up to twice the base, and up to four times it.
        #expect(waits[1] <= 16.1 && waits[2] <= 32.1 && waits[1] + waits[2] > 0.1, "\(waits)")
        #expect(waits[1] != 1 && waits[2] != 1)
    }

    @Test func `a download that keeps failing ends with its attempts, or its deadline`() async throws {
        let silent = Failure(.transient, label: "download_failed", detail: "")
        let rules = Job.Retry(attempts: 4, base: .seconds(8), cap: .seconds(64))
        let (times, row) = try await tries(of: Array(repeating: silent, count: 9), retry: rules)
        #expect(times.count == 4 && row?.status == .failed && row?.errorCode == "download_failed")
        let late = Failure(.transient, label: "download_failed", detail: "", retryAfter: .seconds(40))
        let few = try await tries(of: [late, late, late], retry: rules, itemDeadline: .seconds(60))
        #expect(few.asked.count == 2 && few.row?.status == .failed)
    }

    @Test func `copies of an image that needs more memory than there is are sent once, and end`() async throws {
        let scene = try JobScene()
        let large = ImageBytes.png(8000, 6000, depth: 16)
        for name in ["a.png", "b.png", "c.png"] { try large.write(to: scene.folder.appendingPathComponent(name)) }
        for width in [7000, 7100] {
            try ImageBytes.png(width, 6000, depth: 16).write(to: scene.folder.appendingPathComponent("\(width).png"))
        }
        var job = scene.job()
        job.endpoint.provider = .simulated
        job.imageMemory = 16_000_000
        let store = try SQLiteJobStore.inMemory()
        try await store.add(Planner(job: job), stale: nil)
        let clock = FakeClock()
        let transport = ScriptedTransport { _, _ in ScriptedTransport.answer() }
        let runner = try Runner(
            job: job, store: store, transports: [transport], converter: ImagePreparerTests.Converter(), clock: clock,
            now: { Date(timeIntervalSince1970: 1_800_000_000).addingTimeInterval(clock.now.offset.seconds) },
            shutdown: { for await _ in AsyncStream<Never>.makeStream().stream {} })
        // One step at a time: a copy that waited with its memory in hand would be a deadlock, and is told as one.
        let end = try SteppingExecutor().run(clock: clock, limit: .seconds(60)) { try await runner.run() }
        #expect(end == .finished)
        #expect(transport.bodies.count == 3)
        #expect(try await store.summary().done == 5)
    }

    @Test func `else the provider gets its address`() async throws {
        let scene = try JobScene()
        let fetcher = Fetcher([:])
        var job = scene.job()
        job.images = [.urls(["https://example.com/a.bmp"])]
        let (bodies, rows) = try await run(job, fetcher: fetcher)
        #expect(fetcher.asked.isEmpty)
        #expect(bodies.first?.contains("\"https://example.com/a.bmp\"") == true)
        #expect(rows.first?.images == nil)
    }
}
