import Captioning
import CaptioningTesting
import Foundation
import GRDB
import Synchronization
import Testing

@testable import CaptioningSQLite

/// Answers that could not be recorded when they came, brought back later.
struct RecoveryTests {
    private let job = Job.fixture(files: ["a.jpg", "b.jpg"])

    private func store() async throws -> SQLiteJobStore {
        let store = try SQLiteJobStore.inMemory()
        try await store.add(Planner(job: job), stale: nil)
        return store
    }

    private func claims(_ store: SQLiteJobStore) async throws -> [Claim] {
        guard case .claimed(let claims) = try await store.claim(upTo: 9, within: .all, for: job.endpoint, now: .fixture)
        else { return [] }
        return claims
    }

    private func answer(
        _ claim: Claim, _ store: SQLiteJobStore, _ outcome: Outcome = .completed(.fixture("A chair."))
    ) async throws -> UnrecordedAnswer {
        var report = AttemptReport.fixture(outcome, fingerprint: Data(repeating: 7, count: 32))
        report.endpoint = job.endpoint
        let request = RequestVersion(job: job, prompt: job.prompts[0]).digest
        let answer = try #require(
            UnrecordedAnswer(report, of: claim, request: request, store: try await store.storeID()))
        // As it is read from the file.
        return try UnrecordedAnswer(line: answer.line())
    }

    private func rows(_ store: SQLiteJobStore) async throws -> [ExportRow] {
        let rows = Mutex<[ExportRow]>([])
        let problems = try await store.forEachRow(isAll: true) { row in rows.withLock { $0.append(row) } }
        #expect(problems.isEmpty)
        return rows.withLock { $0 }
    }

    @Test func `an answer completes the attempt that was cut off, once`() async throws {
        let store = try await store()
        let answer = try await answer(claims(store)[0], store)
        #expect(try await store.beginRun(now: .fixture + 9) == 2)
        var recovery = Recovery()
        for _ in 0..<2 { try await store.recover(answer, into: &recovery) }
        #expect(recovery.recovered == 1 && recovery.known == 1 && recovery.refused.isEmpty)
        let rows = try await rows(store)
        #expect(rows.map(\.caption) == ["A chair.", nil])
        #expect(rows[0].usage.promptTokens == 100 && rows[0].attempts == 1)
        #expect(try await store.summary().promptTokens == 100)
        #expect(try await store.verify() == [])
        #expect(try await claims(store).map(\.item.key.image.display) == ["b.jpg"])
        #expect(try await store.completion(matching: Data(repeating: 7, count: 32))?.0.caption == "A chair.")
    }

    @Test func `where the attempt is gone, it is added`() async throws {
        let store = try await store()
        let claims = try await claims(store)
        let answer = try await answer(claims[0], store)
        try await store.release(claims)
        // Another attempt has its number meanwhile.
        let other = try await self.claims(store)
        #expect(other[0].attemptID == claims[0].attemptID)
        _ = try await store.beginRun(now: .fixture)
        try await store.writer.write {
            try $0.execute(sql: "UPDATE attempt SET startedAt = startedAt - 1, digest = NULL")
        }
        try await store.writer.write { try DigestSQL.writeAll($0) }
        var recovery = Recovery()
        try await store.recover(answer, into: &recovery)
        #expect(recovery.recovered == 1)
        #expect(try await rows(store).map(\.caption) == ["A chair.", nil])
        #expect(try await rows(store)[0].attempts == 2)
        #expect(try await store.verify() == [])
    }

    @Test func `an item that is done meanwhile keeps its answer, and the other one stays in the history`() async throws
    {
        let store = try await store()
        let answer = try await answer(claims(store)[0], store)
        _ = try await store.beginRun(now: .fixture)
        for claim in try await claims(store) {
            try await store.record(.fixture(.completed(.fixture("Another."))), of: claim, then: .done)
        }
        var recovery = Recovery()
        try await store.recover(answer, into: &recovery)
        #expect(recovery.recovered == 1)
        #expect(try await rows(store).map(\.caption) == ["Another.", "Another."])
        #expect(
            try await store.history(of: ImageName("a.jpg"), promptID: nil).map(\.caption) == ["A chair.", "Another."])
        #expect(try await store.verify() == [])
    }

    @Test func `a cut answer is kept and its item has failed, as it would have at the time`() async throws {
        let store = try await store()
        let claims = try await claims(store)
        let cut = try await answer(
            claims[0], store, .failed(.fixture(.truncated, label: "truncated"), partial: .fixture("A ch")))
        let doubtful = try await answer(
            claims[1], store, .failed(.fixture(.cutShort, label: "cut_short"), partial: .fixture("A ta")))
        _ = try await store.beginRun(now: .fixture)
        var recovery = Recovery()
        try await store.recover(cut, into: &recovery)
        try await store.recover(doubtful, into: &recovery)
        #expect(try await rows(store).map(\.status) == [.failed, .pending])
        #expect(try await rows(store).map(\.caption) == ["A ch", nil])
        #expect(try await store.verify() == [])
    }

    @Test func `an answer of another store, or for another item, is refused`() async throws {
        let (store, other) = (try await store(), try await store())
        let claim = try await claims(store)[0]
        let foreign = try await answer(claim, other)
        var unknown = try await answer(claim, store)
        unknown.image = "z.jpg"
        var nonsense = try await answer(claim, store)
        nonsense.kind = "planet"
        _ = try await store.beginRun(now: .fixture)
        var recovery = Recovery()
        for answer in [foreign, unknown, nonsense] { try await store.recover(answer, into: &recovery) }
        #expect(recovery.recovered == 0 && recovery.refused.count == 3)
        #expect(try await rows(store).allSatisfy { $0.status == .pending })
    }

    @Test func `numbers at the edge in a file are no reason to crash`() async throws {
        let store = try await store()
        var answer = try await answer(claims(store)[0], store)
        answer.finishedAt = .max
        answer.latencyMs = .min
        answer.answer.usage.promptTokens = .max
        answer.images = SentImages(
            imageSize: "", imageFormat: "", imageBytes: .max, sentSize: "", sentFormat: "", sentBytes: .max,
            prepared: "")
        _ = try await store.beginRun(now: .fixture)
        var recovery = Recovery()
        try await store.recover(answer, into: &recovery)
        #expect(recovery.recovered == 1)
        #expect(try await rows(store)[0].usage.promptTokens == nil)
    }
}
