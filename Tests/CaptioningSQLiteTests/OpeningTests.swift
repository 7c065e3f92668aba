import Captioning
import CaptioningTesting
import Foundation
import GRDB
import Testing

@testable import CaptioningSQLite

struct OpeningTests {
    private let scene: JobScene
    private var path: String { scene.folder.path + "/store.sqlite" }
    private let now = Date(timeIntervalSince1970: 1_800_000_000)

    init() throws {
        scene = try JobScene()
    }

    private func failure(_ body: () throws -> Void) -> StoreError? {
        do {
            try body()
            return nil
        } catch {
            return error as? StoreError
        }
    }

    @Test func `the open writer syncs fully, in WAL mode, with foreign keys`() throws {
        for open in [
            { try SQLiteJobStore.open(path: path, name: "n", now: now) },
            { try SQLiteJobStore.openExisting(path: path) },
        ] {
            let store = try open()
            let settings = try store.writer.writeWithoutTransaction { db in
                try ["synchronous", "journal_mode", "foreign_keys"].map { name in
                    try String.fetchOne(db, sql: "PRAGMA \(name)")
                }
            }
            #expect(settings == ["2", "wal", "1"])
            try store.close()
        }
    }

    @Test func `the file names its application and version from the start, and no working files stay`() throws {
        try SQLiteJobStore.open(path: path, name: "n", now: now).close()
        let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        #expect(Array(bytes[68..<72]) == Array("CAPT".utf8))
        #expect(Array(bytes[60..<64]) == [0, 0, 0, UInt8(SQLiteJobStore.schemaVersion)])
        #expect(try FileManager.default.contentsOfDirectory(atPath: scene.folder.path) == ["store.sqlite"])
    }

    @Test func `a newer schema is refused and left alone`() throws {
        try SQLiteJobStore.open(path: path, name: "n", now: now).close()
        let queue = try DatabaseQueue(path: path)
        try queue.write { try $0.execute(sql: "PRAGMA user_version = 9") }
        try queue.close()
        let before = try Data(contentsOf: URL(fileURLWithPath: path))
        #expect(
            failure { _ = try SQLiteJobStore.open(path: path, name: "n", now: now) }
                == .newer(path: path, version: 9, supported: SQLiteJobStore.schemaVersion))
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
    }

    @Test func `another application's database is refused and left alone`() throws {
        let queue = try DatabaseQueue(path: path)
        try queue.write { try $0.execute(sql: "CREATE TABLE diary (entry TEXT)") }
        try queue.close()
        let before = try Data(contentsOf: URL(fileURLWithPath: path))
        #expect(failure { _ = try SQLiteJobStore.open(path: path, name: "n", now: now) } == .foreign(path: path))
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
        #expect(try FileManager.default.contentsOfDirectory(atPath: scene.folder.path) == ["store.sqlite"])
    }

    @Test(arguments: ["my diary", "SQLite format 3", String(repeating: "x", count: 500)])
    func `a file that is no database is refused and left alone`(text: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        #expect(failure { _ = try SQLiteJobStore.open(path: path, name: "n", now: now) } == .notADatabase(path: path))
        #expect(failure { _ = try SQLiteJobStore.openForReading(path: path) } == .notADatabase(path: path))
        #expect(try String(contentsOfFile: path, encoding: .utf8) == text)
    }

    @Test func `a place that cannot be written fails clearly`() throws {
        let impossible = scene.folder.path + "/nowhere/store.sqlite"
        for error in [
            failure { _ = try SQLiteJobStore.open(path: impossible, name: "n", now: now) },
            failure { _ = try StoreLock(storePath: impossible) },
            failure { _ = try SQLiteJobStore.open(path: scene.folder.path, name: "n", now: now) },
        ] {
            guard case .failed = error else {
                Issue.record("expected a failure, not \(String(describing: error))")
                continue
            }
        }
    }

    @Test func `one runner at a time; the second is told the first's pid`() throws {
        let lock = try StoreLock(storePath: path)
        let pid = ProcessInfo.processInfo.processIdentifier
        #expect(failure { _ = try StoreLock(storePath: path) } == .locked(path: path, pid: pid))
        #expect(StoreLock.runner(ofStore: path) == pid)
        withExtendedLifetime(lock) {}
    }

    @Test func `the lock ends with its holder, and a stale lock file is no obstacle`() throws {
        do {
            let lock = try StoreLock(storePath: path)
            withExtendedLifetime(lock) {}
        }
        #expect(!FileManager.default.fileExists(atPath: path + ".lock"))
        try Data("99999\n\n".utf8).write(to: URL(fileURLWithPath: path + ".lock"))
        #expect(StoreLock.runner(ofStore: path) == nil)
        withExtendedLifetime(try StoreLock(storePath: path)) {}
    }
}
