import Captioning
import CaptioningTesting
import Foundation
import GRDB
import Synchronization
import Testing

@testable import CaptioningSQLite

struct LedgerTests {
    private let now = Date(timeIntervalSince1970: 1_800_000_000)
    private let good = Outcome.completed(
        Completion(caption: "good", finishReason: "stop", model: "answered", usage: Usage(promptTokens: 9)))

    private func claim(_ store: SQLiteJobStore, _ job: Job, _ count: Int = 100, at date: Date? = nil) async throws
        -> [Claim]
    {
        let result = try await store.claim(upTo: count, within: .all, for: job.endpoint, now: date ?? now)
        if case .claimed(let claims) = result { return claims }
        return []
    }

    private func report(_ outcome: Outcome, fingerprint: Data? = nil) -> AttemptReport {
        AttemptReport(outcome: outcome, wasSent: true, httpStatus: 200, finishedAt: now, fingerprint: fingerprint)
    }

    private func failure(_ kind: Failure.Kind, _ label: String = "oops") -> Outcome {
        .failed(Failure(kind, label: label, detail: "it failed"), partial: nil)
    }

    @Test func `adding the same plan twice changes nothing, and new files become new items`() async throws {
        let scene = try JobScene(images: 3)
        let store = try SQLiteJobStore.inMemory()
        let job = scene.job()
        try await store.add(Planner(job: job), stale: nil)
        for claim in try await claim(store, job) { try await store.record(report(good), of: claim, then: .done) }
        try await store.add(Planner(job: job), stale: nil)
        #expect(try await store.summary().done == 3)
        try scene.add("050.bmp", width: 77)
        try await store.add(Planner(job: job), stale: nil)
        let summary = try await store.summary()
        #expect(summary.total == 4 && summary.done == 3 && summary.pending == 1)
        #expect(try await claim(store, job).map(\.item.position) == [0])
    }

    @Test func `an image that is gone is set aside and comes back with its caption`() async throws {
        let scene = try JobScene(images: 2)
        let store = try SQLiteJobStore.inMemory()
        let job = scene.job()
        try await store.add(Planner(job: job), stale: nil)
        for claim in try await claim(store, job) { try await store.record(report(good), of: claim, then: .done) }
        let file = scene.folder.appendingPathComponent("100.bmp")
        try FileManager.default.removeItem(at: file)
        try await store.add(Planner(job: job), stale: nil)
        #expect(try await store.summary().setAside == 1)
        #expect(try await store.summary().total == 1)
        try scene.add("100.bmp", width: 20)
        try await store.add(Planner(job: job), stale: nil)
        #expect(try await store.summary().done == 2)
    }

    @Test func `the attempt row is there before anything is sent`() async throws {
        let scene = try JobScene(images: 1)
        let store = try SQLiteJobStore.inMemory()
        let job = scene.job()
        try await store.add(Planner(job: job), stale: nil)
        _ = try await claim(store, job)
        let history = try await store.history(of: ImageName("100.bmp"), promptID: nil)
        #expect(history.map(\.number) == [1])
        #expect(history.first?.outcome == nil)
        #expect(history.first?.model == "m")
        #expect(history.first?.endpoint == "http://h/v1")
    }

    @Test func `due retries come first, then the plan's order; what is not due waits`() async throws {
        let scene = try JobScene(images: 4)
        let store = try SQLiteJobStore.inMemory()
        let job = scene.job()
        try await store.add(Planner(job: job), stale: nil)
        let first = try await claim(store, job, 2)
        #expect(first.map(\.item.position) == [0, 1])
        let due = now.addingTimeInterval(30)
        for claim in first {
            try await store.record(
                report(failure(.transient)), of: claim, then: .retry(notBefore: due, counts: .failures))
        }
        #expect(try await claim(store, job, 2).map(\.item.position) == [2, 3])
        let waiting = try await store.claim(upTo: 9, within: .all, for: job.endpoint, now: now)
        #expect(waiting == .waiting(until: due))
        let again = try await claim(store, job, at: due)
        #expect(again.map(\.item.position) == [0, 1])
        #expect(again.map(\.failures) == [1, 1])
        #expect(try await store.claim(upTo: 9, within: .all, for: job.endpoint, now: due) == .finished)
    }

    @Test func `two claimers never get the same item`() async throws {
        let scene = try JobScene(images: 120)
        let store = try SQLiteJobStore.open(path: scene.folder.path + "/s.sqlite", name: "n", now: now)
        let job = scene.job()
        try await store.add(Planner(job: job), stale: nil)
        let claims = try await withThrowingTaskGroup(of: [Claim].self) { group in
            for _ in 0..<40 { group.addTask { try await claim(store, job, 5) } }
            return try await group.reduce(into: [Claim]()) { $0 += $1 }
        }
        #expect(claims.count == 120)
        #expect(Set(claims.map(\.item.id)).count == 120)
        try store.close()
    }

    @Test func `records that come together all land, and are on disk when they return`() async throws {
        let scene = try JobScene(images: 150)
        let path = scene.folder.path + "/s.sqlite"
        let store = try SQLiteJobStore.open(path: path, name: "n", now: now)
        let job = scene.job()
        try await store.add(Planner(job: job), stale: nil)
        let claims = try await claim(store, job, 150)
        let other = try SQLiteJobStore.openForReading(path: path)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for claim in claims {
                group.addTask {
                    try await store.record(report(good), of: claim, then: .done)
                    let id = claim.attemptID.rawValue
                    let outcome = try await other.writer.read { db in
                        try String.fetchOne(db, sql: "SELECT outcome FROM attempt WHERE id = ?", arguments: [id])
                    }
                    #expect(outcome == "completed")
                }
            }
            try await group.waitForAll()
        }
        #expect(try await other.summary().done == 150)
        try other.close()
        try store.close()
    }

    @Test func `an attempt is completed once`() async throws {
        let scene = try JobScene(images: 1)
        let store = try SQLiteJobStore.inMemory()
        let job = scene.job()
        try await store.add(Planner(job: job), stale: nil)
        let claim = try #require(try await claim(store, job).first)
        try await store.record(report(good), of: claim, then: .done)
        await #expect(throws: StoreError.self) { try await store.record(report(good), of: claim, then: .done) }
        #expect(try await store.summary().done == 1)
    }

    @Test func `a dead run's claims come back, and its attempts are closed as interrupted`() async throws {
        let scene = try JobScene(images: 3)
        let store = try SQLiteJobStore.inMemory()
        let job = scene.job()
        try await store.add(Planner(job: job), stale: nil)
        _ = try await claim(store, job, 2)
        #expect(try await store.beginRun(now: now) == 2)
        let summary = try await store.summary()
        #expect(summary.pending == 3 && summary.claimed == 0 && summary.attempts == 2)
        #expect(try await claim(store, job).count == 3)
        let history = try await store.history(of: ImageName("100.bmp"), promptID: nil)
        #expect(history.map(\.outcome) == ["interrupted", nil])
    }

    @Test func `edited prompts, models and parameters make results stale; addresses and limits do not`() async throws {
        let scene = try JobScene(images: 2)
        let store = try SQLiteJobStore.inMemory()
        try await store.add(Planner(job: scene.job()), stale: nil)
        for claim in try await claim(store, scene.job()) {
            try await store.record(report(good), of: claim, then: .done)
        }
        func stale(_ job: Job) async throws -> Int { try await store.compare(Planner(job: job)).items.stale }
        #expect(try await stale(scene.job()) == 0)
        #expect(try await stale(scene.job(prompts: [.init(id: "a", text: "Other.")])) == 2)
        #expect(try await stale(scene.job(model: "other")) == 2)
        #expect(try await stale(scene.job(parameters: ["seed": .int(1)])) == 2)
        #expect(try await stale(scene.job(baseURL: "http://elsewhere/v1", limits: .init(concurrency: 1))) == 0)
        let edited = Planner(job: scene.job(model: "other"))
        try await store.add(edited, stale: .keep)
        #expect(try await store.compare(edited).items.done == 2)
        let again = Planner(job: scene.job(model: "third"))
        try await store.add(again, stale: .redo)
        #expect(try await store.compare(again).items.pending == 2)
        #expect(try await store.history(of: ImageName("100.bmp"), promptID: nil).first?.caption == "good")
    }

    @Test func `only whole answers are reused, and a reused answer books no tokens`() async throws {
        let scene = try JobScene(images: 3)
        let store = try SQLiteJobStore.inMemory()
        let job = scene.job()
        try await store.add(Planner(job: job), stale: nil)
        let claims = try await claim(store, job)
        let print = Data(repeating: 7, count: 32)
        let cut = Outcome.failed(
            Failure(.truncated, label: "truncated", detail: "cut"), partial: Completion(caption: "ha"))
        try await store.record(report(cut, fingerprint: print), of: claims[0], then: .gaveUp)
        #expect(try await store.completion(matching: print) == nil)
        try await store.record(report(good, fingerprint: print), of: claims[1], then: .done)
        let (completion, id) = try #require(try await store.completion(matching: print))
        #expect(completion.caption == "good")
        try await store.record(report(.reused(completion, from: id), fingerprint: print), of: claims[2], then: .done)
        let rows = Mutex<[ExportRow]>([])
        _ = try await store.forEachRow(isAll: false) { row in rows.withLock { $0.append(row) } }
        #expect(rows.withLock { $0.map(\.caption) } == ["ha", "good", "good"])
        #expect(rows.withLock { $0.map(\.status) } == [.failed, .done, .done])
        #expect(try await store.summary().promptTokens == 9)
    }

    @Test func `failed items are requeued by code and by image`() async throws {
        let scene = try JobScene(images: 4)
        let store = try SQLiteJobStore.inMemory()
        let job = scene.job()
        try await store.add(Planner(job: job), stale: nil)
        for (index, claim) in try await claim(store, job).enumerated() {
            try await store.record(report(failure(.refused, index < 3 ? "bad" : "worse")), of: claim, then: .gaveUp)
        }
        #expect(try await store.summary().failures.map(\.code) == ["bad", "worse"])
        #expect(try await store.requeue(.init(code: "worse")) == 1)
        #expect(try await store.requeue(.init(imagePattern: "10[01]*")) == 2)
        #expect(try await store.requeue(.init()) == 1)
        #expect(try await store.summary().pending == 4)
    }

    @Test func `names that are not UTF-8 and names that only look alike keep their bytes`() async throws {
        let scene = try JobScene()
        let names: [[UInt8]] = [
            Array("caf\u{E9}.bmp".utf8), Array("cafe\u{301}.bmp".utf8), [0x63, 0xE9] + Array(".bmp".utf8),
            Array("-rf \"x\",\n'y'.bmp".utf8),
        ]
        for (index, name) in names.enumerated() {
            let source = scene.folder.path + "/source"
            try JobScene.bitmap(width: 30 + index, height: 20).write(to: URL(fileURLWithPath: source))
            let target = Array(scene.folder.path.utf8) + [0x2F] + name
            #expect(rename(source, target.map { CChar(bitPattern: $0) } + [0]) == 0)
        }
        let store = try SQLiteJobStore.inMemory()
        try await store.add(Planner(job: scene.job()), stale: nil)
        let rows = Mutex<[ExportRow]>([])
        _ = try await store.forEachRow(isAll: false) { row in rows.withLock { $0.append(row) } }
        #expect(Set(rows.withLock { $0.map(\.image.bytes) }) == Set(names))
    }

    @Test func `claims read only the covering index`() async throws {
        let store = try SQLiteJobStore.inMemory()
        try await store.writer.read { db in
            for condition in [
                "notBefore > 0 AND notBefore <= 5 AND position <= 9 ORDER BY notBefore",
                "notBefore = 0 AND position <= 9 ORDER BY position",
            ] {
                let plan = try Row.fetchAll(
                    db,
                    sql: """
                        EXPLAIN QUERY PLAN
                        SELECT id, kind, image, prompt, position, requestId, failures, throttles, doubts
                        FROM item WHERE state = 'pending' AND position IS NOT NULL AND \(condition) LIMIT 3
                        """
                ).map { $0["detail"] as String }
                #expect(plan.count == 1)
                #expect(plan.first?.contains("USING COVERING INDEX itemPending") == true, "\(plan)")
            }
        }
    }

    @Test func `the schema README names every table and view`() async throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let readme = try String(contentsOf: root.appendingPathComponent("schema/README.md"), encoding: .utf8)
        let store = try SQLiteJobStore.inMemory()
        let names = try await store.writer.read { db in
            try String.fetchAll(
                db, sql: "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%'")
        }
        let documented = readme.matches(of: /\n### `(\w+)`/).map { String($0.output.1) }
        #expect(Set(documented) == Set(names))
    }
}
