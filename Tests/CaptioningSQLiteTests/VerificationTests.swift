import Captioning
import CaptioningTesting
import GRDB
import Testing

@testable import CaptioningSQLite

struct VerificationTests {
    /// A store with an item in every state, and a reused answer.
    private func store() async throws -> SQLiteJobStore {
        let store = try SQLiteJobStore.inMemory()
        let job = Job.fixture(files: ["done.jpg", "failed.jpg", "claimed.jpg", "pending.jpg"])
        try await store.add(Planner(job: job), stale: nil)
        guard
            case .claimed(let claims) = try await store.claim(
                upTo: 3, within: .all, for: job.endpoint, now: .fixture)
        else { return store }
        try await store.record(.fixture(.completed(.fixture("A chair."))), of: claims[0], then: .done)
        try await store.record(
            .fixture(.failed(.fixture(.refused, label: "refused"), partial: nil)), of: claims[1], then: .gaveUp)
        return store
    }

    @Test func `a store in the midst of a run is as it must be`() async throws {
        #expect(try await store().verify() == [])
    }

    @Test(arguments: [
        ("UPDATE tally SET done = 7", "tally.done is 7, counted are 1"),
        ("UPDATE tally SET promptTokens = promptTokens + 1", "tally.promptTokens"),
        ("DELETE FROM tally", "the tally is missing"),
        ("UPDATE item SET state = 'pending', attemptId = NULL WHERE image = 'claimed.jpg'", "in flight for an item"),
        ("UPDATE attempt SET finishedAt = startedAt, outcome = 'failed' WHERE outcome IS NULL", "no attempt in flight"),
        ("UPDATE item SET attemptId = 2 WHERE image = 'done.jpg'", "done by an attempt of another"),
        ("UPDATE item SET attemptId = 1 WHERE image = 'failed.jpg'", "failed by an attempt of another"),
        ("UPDATE item SET answeredRequestId = NULL WHERE image = 'done.jpg'", "without an answer"),
        ("DELETE FROM completion", "an answer has no text (attempt 1)"),
        ("UPDATE attempt SET outcome = 'reused', reusedAttemptId = 2 WHERE id = 1", "reused from an attempt that has"),
        ("UPDATE attempt SET finishedAt = startedAt - 1 WHERE id = 1", "ended before it began"),
        ("UPDATE item SET position = 0", "two items have one place"),
        ("PRAGMA foreign_keys = OFF; DELETE FROM request", "names a row of request that is not there"),
    ])
    func `what breaks a rule is named`(_ sql: String, _ finding: String) async throws {
        let store = try await store()
        try await store.writer.writeWithoutTransaction { try $0.execute(sql: sql) }
        let problems = try await store.verify()
        #expect(problems.contains { $0.contains(finding) }, "\(problems)")
    }
}
