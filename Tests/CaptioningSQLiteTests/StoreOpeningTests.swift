import Captioning
import CaptioningTesting
import Foundation
import GRDB
import Testing

@testable import CaptioningSQLite

struct StoreOpeningTests {
    /// A file that is no store of this program, and what opening it must say.
    struct Stranger: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let make: @Sendable (_ path: String) throws -> Void
        let error: @Sendable (_ path: String) -> StoreError
    }

    static let strangers = [
        Stranger(testDescription: "a text file") {
            try Data("name: holiday\nimages: []\n".utf8).write(to: URL(filePath: $0))
        } error: {
            .notADatabase(path: $0)
        },
        Stranger(testDescription: "an SQLite header that was cut off") {
            try Data("SQLite format 3\0".utf8).write(to: URL(filePath: $0))
        } error: {
            .notADatabase(path: $0)
        },
        Stranger(testDescription: "a database of another application") { path in
            let queue = try DatabaseQueue(path: path)
            try queue.write { try $0.execute(sql: "PRAGMA application_id = 7; CREATE TABLE item (id INTEGER)") }
            try queue.close()
        } error: {
            .foreign(path: $0)
        },
        Stranger(testDescription: "a database of nobody in particular") { path in
            let queue = try DatabaseQueue(path: path)
            try queue.write { try $0.execute(sql: "CREATE TABLE item (id INTEGER)") }
            try queue.close()
        } error: {
            .foreign(path: $0)
        },
        Stranger(testDescription: "a newer schema") { path in
            try SQLiteJobStore.open(path: path, name: "job", now: .fixture).close()
            let queue = try DatabaseQueue(path: path)
            try queue.writeWithoutTransaction { db in
                try db.execute(sql: "PRAGMA user_version = 99")
                try db.checkpoint(.truncate)
            }
            try queue.close()
        } error: {
            .newer(path: $0, version: 99, supported: SQLiteJobStore.schemaVersion)
        },
    ]

    static let openers: [@Sendable (String) throws -> SQLiteJobStore] = [
        { try SQLiteJobStore.open(path: $0, name: "job", now: .fixture) },
        { try SQLiteJobStore.openExisting(path: $0) },
        { try SQLiteJobStore.openForReading(path: $0) },
    ]

    @Test(arguments: strangers)
    func `a file that is no store of ours is refused and left as it was`(_ stranger: Stranger) async throws {
        try await TemporaryFolder.use { folder in
            let path = folder.path("job.sqlite")
            try stranger.make(path)
            let bytes = try Data(contentsOf: URL(filePath: path))
            for open in Self.openers {
                #expect(throws: stranger.error(path)) { try open(path) }
            }
            #expect(try Data(contentsOf: URL(filePath: path)) == bytes)
            #expect(try folder.names() == ["job.sqlite"])
        }
    }

    @Test func `a folder in the file's place is refused`() async throws {
        try await TemporaryFolder.use { folder in
            let path = folder.path("job.sqlite")
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
            for open in Self.openers {
                #expect(throws: StoreError.failed(path: path, reason: "it is not a regular file")) { try open(path) }
            }
            #expect(try folder.names() == ["job.sqlite"])
        }
    }

    @Test func `a store in a folder that does not exist is an error that names the file`() async throws {
        try await TemporaryFolder.use { folder in
            let path = folder.path("missing/job.sqlite")
            let error = #expect(throws: StoreError.self) {
                try SQLiteJobStore.open(path: path, name: "job", now: .fixture)
            }
            guard case .failed(path, _) = try #require(error) else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(try folder.names().isEmpty)
        }
    }

    @Test func `opening what must exist creates nothing`() async throws {
        try await TemporaryFolder.use { folder in
            let path = folder.path("job.sqlite")
            for open in Self.openers.dropFirst() {
                #expect(throws: StoreError.missing(path: path)) { try open(path) }
            }
            let names = try folder.names()
            #expect(names.isEmpty)
        }
    }

    @Test func `a file that is empty or was cut short is no store, and stays as it is`() async throws {
        try await TemporaryFolder.use { folder in
            let path = folder.path("job.sqlite")
            try SQLiteJobStore.open(path: path, name: "job", now: .fixture).close()
            let whole = try Data(contentsOf: URL(filePath: path))
            for (bytes, message) in [(0, "empty"), (whole.count - 1, "cut short"), (4096, "cut short")] {
                try whole.prefix(bytes).write(to: URL(filePath: path))
                for open in Self.openers {
                    #expect {
                        _ = try open(path)
                    } throws: { error in
                        guard case .failed(path, let reason)? = error as? StoreError else { return false }
                        return reason.contains(message)
                    }
                }
                #expect(try Data(contentsOf: URL(filePath: path)) == whole.prefix(bytes))
                #expect(try folder.names() == ["job.sqlite"])
            }
        }
    }

    @Test func `a new store and all that lies beside it is its owner's alone`() async throws {
        try await TemporaryFolder.use { folder in
            let path = folder.path("job.sqlite")
            let lock = try StoreLock(storePath: path)
            let store = try SQLiteJobStore.open(path: path, name: "job", now: .fixture, lock: lock)
            try await store.add(Planner(job: .fixture()), stale: nil)
            #expect(try folder.names() == ["job.sqlite", "job.sqlite-shm", "job.sqlite-wal", "job.sqlite.lock"])
            for name in try folder.names() {
                let attributes = try FileManager.default.attributesOfItem(atPath: folder.path(name))
                #expect(attributes[.posixPermissions] as? Int == 0o600, "\(name)")
            }
            try store.close()
            withExtendedLifetime(lock) {}
        }
    }

    @Test func `a new file's header says whose it is while the store is still open`() async throws {
        try await TemporaryFolder.use { folder in
            let path = folder.path("job.sqlite")
            let store = try SQLiteJobStore.open(path: path, name: "job", now: .fixture)
            let header = try Data(contentsOf: URL(filePath: path)).prefix(100)
            #expect(Array(header[60..<64]) == [0, 0, 0, UInt8(SQLiteJobStore.schemaVersion)])
            #expect(String(decoding: header[68..<72], as: UTF8.self) == "CAPT")
            try store.close()
        }
    }

    @Test(arguments: [0, 1])
    func `a store for writing syncs every commit, keeps a WAL and checks references`(_ opener: Int) async throws {
        try await TemporaryFolder.use { folder in
            let path = folder.path("job.sqlite")
            try SQLiteJobStore.open(path: path, name: "job", now: .fixture).close()
            let store = try Self.openers[opener](path)
            let settings = try await store.writer.writeWithoutTransaction { db in
                try ["synchronous", "journal_mode", "foreign_keys"].map {
                    try String.fetchOne(db, sql: "SELECT CAST(\($0) AS TEXT) FROM pragma_\($0)")
                }
            }
            #expect(settings == ["2", "wal", "1"])
        }
    }

    @Test func `a store that is closed leaves one file`() async throws {
        try await TemporaryFolder.use { folder in
            let path = folder.path("job.sqlite")
            let store = try SQLiteJobStore.open(path: path, name: "job", now: .fixture)
            try await store.add(Planner(job: .fixture()), stale: nil)
            try store.close()
            let reader = try SQLiteJobStore.openForReading(path: path)
            #expect(try await reader.summary().total == 1)
            try reader.close()
            #expect(try folder.names() == ["job.sqlite"])
        }
    }

    @Test func `a reader sees what is recorded and keeps no run waiting`() async throws {
        try await TemporaryFolder.use { folder in
            let path = folder.path("job.sqlite")
            let store = try SQLiteJobStore.open(path: path, name: "job", now: .fixture)
            try await store.add(Planner(job: .fixture(files: ["a.jpg", "b.jpg"])), stale: nil)
            let reader = try SQLiteJobStore.openForReading(path: path)
            let claims = try await store.claim(upTo: 1, within: .all, for: Job.fixture().endpoint, now: .fixture)
            guard case .claimed(let claimed) = claims else {
                Issue.record("nothing could be claimed")
                return
            }
            // Another connection commits in the middle of the reader's transaction.
            let other = try DatabaseQueue(path: path)
            try await reader.writer.read { db in
                #expect(try String.fetchOne(db, sql: "SELECT name FROM job") == "fixture")
                try other.write { try $0.execute(sql: "UPDATE job SET name = 'during'") }
                #expect(try String.fetchOne(db, sql: "SELECT name FROM job") == "fixture")
            }
            try await store.record(.fixture(), of: claimed[0], then: .done)
            #expect(try await reader.summary().done == 1)
            #expect(try await reader.summary().name == "during")
        }
    }

    @Test func `a reader cannot write`() async throws {
        try await TemporaryFolder.use { folder in
            let path = folder.path("job.sqlite")
            let store = try SQLiteJobStore.open(path: path, name: "job", now: .fixture)
            let reader = try SQLiteJobStore.openForReading(path: path)
            await #expect(throws: StoreError.self) { try await reader.add(Planner(job: .fixture()), stale: nil) }
            await #expect(throws: StoreError.self) { try await reader.beginRun(now: .fixture) }
            #expect(try await store.summary().total == 0)
            let summary = try await reader.compare(Planner(job: .fixture()))
            #expect(summary.items.pending == 1)
        }
    }
}
