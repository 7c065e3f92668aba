import Captioning
import CaptioningTesting
import GRDB
import Testing

@testable import CaptioningSQLite

struct SchemaTests {
    @Test func `every table is STRICT`() async throws {
        let store = try SQLiteJobStore.inMemory()
        let lax = try await store.writer.read { db in
            try String.fetchAll(
                db,
                sql: """
                    SELECT name FROM pragma_table_list
                    WHERE type = 'table' AND schema = 'main' AND NOT strict AND name NOT LIKE 'sqlite_%'
                    """)
        }
        #expect(lax.isEmpty)
    }

    @Test(arguments: [
        "INSERT INTO job (id, name, createdAt) VALUES (2, 'second', 0)",
        "UPDATE job SET createdAt = 'yesterday'",
        "INSERT INTO request (prompt, digest, model, definition) VALUES ('alt', x'00', 'm', '{}')",
        "INSERT INTO request (prompt, digest, model, definition) VALUES ('alt', randomblob(32), 'm', 'no JSON')",
        "INSERT INTO request (prompt, digest, model, definition) SELECT prompt, digest, model, '{}' FROM request",
        "INSERT INTO item (kind, image, prompt, requestId) VALUES ('file', 'a.jpg', 'alt', 1)",
        "INSERT INTO item (kind, image, prompt, requestId) VALUES ('folder', 'b.jpg', 'alt', 1)",
        "INSERT INTO item (kind, image, prompt, requestId) VALUES ('file', 7, 'alt', 1)",
        "INSERT INTO item (kind, image, prompt, requestId) VALUES ('file', 'b.jpg', 'alt', 99)",
        "INSERT INTO item (kind, image, prompt, requestId, position) VALUES ('file', 'b.jpg', 'alt', 1, -1)",
        "UPDATE item SET state = 'finished'",
        "UPDATE item SET state = 'done'",
        "UPDATE item SET attemptId = 1",
        "UPDATE item SET notBefore = -1",
        "UPDATE item SET failures = -1",
        "UPDATE item SET doubts = -1",
        "DELETE FROM item",
        "INSERT INTO attempt (itemId, number, requestId, endpoint, model, startedAt) VALUES (1, 1, 1, 'e', 'm', 0)",
        "INSERT INTO attempt (itemId, number, requestId, endpoint, model, startedAt) VALUES (1, 0, 1, 'e', 'm', 0)",
        "UPDATE attempt SET outcome = 'completed'",
        "UPDATE attempt SET finishedAt = 1",
        "UPDATE attempt SET finishedAt = 1, outcome = 'perhaps'",
        "UPDATE attempt SET wasSent = 2",
        "UPDATE attempt SET promptTokens = -1",
        "UPDATE attempt SET promptTokens = 'many'",
        "INSERT INTO completion (attemptId, caption) VALUES (99, 'A chair.')",
        "INSERT INTO completion (attemptId, caption) VALUES (1, NULL)",
        "INSERT INTO completion (attemptId, fingerprint, caption) VALUES (1, x'00', 'A chair.')",
    ])
    func `a wrong row is refused`(_ sql: String) async throws {
        let store = try SQLiteJobStore.inMemory()
        try await store.add(Planner(job: .fixture()), stale: nil)
        _ = try await store.claim(upTo: 1, within: .all, for: Job.fixture().endpoint, now: .fixture)
        await #expect {
            try await store.writer.write { try $0.execute(sql: sql) }
        } throws: { error in
            (error as? DatabaseError)?.resultCode == .SQLITE_CONSTRAINT
        }
    }
}
