import Captioning
import CaptioningTesting
import Foundation
import GRDB
import Testing

@testable import CaptioningSQLite

/// Stores that released versions wrote (`.ci/store-fixture` makes them).
struct MigrationTests {
    static let versions = [1, 2]

    /// Writes the store of an earlier version to a file.
    private func make(_ version: Int, at path: String) throws {
        let url = try #require(
            Bundle.module.url(forResource: "v\(version)", withExtension: "sql", subdirectory: "Fixtures"))
        let queue = try DatabaseQueue(path: path)
        try queue.writeWithoutTransaction { try $0.execute(sql: String(contentsOf: url, encoding: .utf8)) }
        try queue.close()
    }

    @Test(arguments: versions)
    func `an earlier store opens and its job goes on`(_ version: Int) async throws {
        try await TemporaryFolder.use { folder in
            let path = folder.path("job.sqlite")
            try make(version, at: path)
            let store = try SQLiteJobStore.open(path: path, name: "job", now: .fixture)
            #expect(try await store.verify() == [])
            #expect(try await store.beginRun(now: .now) == 3)
            let summary = try await store.summary()
            #expect((summary.done, summary.failed, summary.pending, summary.setAside) == (1, 0, 4, 1))
            #expect(summary.promptTokens == 18)
            let result = try await store.claim(upTo: 10, within: .all, for: Job.fixture().endpoint, now: .now)
            guard case .claimed(let claims) = result else { return #expect(Bool(false), "nothing to claim: \(result)") }
            #expect(
                claims.map(\.item.key.image.display)
                    == ["b-failed", "c-claimed", "d-claimed", "e-claimed"].map { "photos/\($0).bmp" })
            for claim in claims {
                try await store.record(.fixture(.completed(.fixture("A chair."))), of: claim, then: .done)
            }
            #expect(try await store.summary().done == 5)
            #expect(try await store.verify() == [])
        }
    }

    @Test(arguments: versions)
    func `an earlier store has the schema of a new one afterwards`(_ version: Int) async throws {
        try await TemporaryFolder.use { folder in
            try make(version, at: folder.path("old.sqlite"))
            func schema(_ path: String) async throws -> [String] {
                let store = try SQLiteJobStore.open(path: path, name: "job", now: .fixture)
                return try await store.writer.read { db in
                    #expect(try Int.fetchOne(db, sql: "PRAGMA user_version") == SQLiteJobStore.schemaVersion)
                    return try String.fetchAll(
                        db, sql: "SELECT name || coalesce(sql, '') FROM sqlite_master ORDER BY name")
                }
            }
            let (old, new) = (try await schema(folder.path("old.sqlite")), try await schema(folder.path("new.sqlite")))
            #expect(old == new)
        }
    }

    @Test(arguments: versions)
    func `a reader brings an earlier store up to date, but not under a run`(_ version: Int) async throws {
        try await TemporaryFolder.use { folder in
            let path = folder.path("job.sqlite")
            try make(version, at: path)
            do {
                let runner = try StoreLock(storePath: path)
                defer { withExtendedLifetime(runner) {} }
                #expect(throws: StoreError.locked(path: path, pid: getpid())) {
                    try SQLiteJobStore.openForReading(path: path)
                }
            }
            let reader = try SQLiteJobStore.openForReading(path: path)
            #expect(try await reader.summary().done == 1)
            try reader.close()
            #expect(try folder.names() == ["job.sqlite"])
        }
    }
}
