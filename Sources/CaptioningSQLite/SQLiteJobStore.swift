public import Captioning
import Foundation
import GRDB

/// A job's store in one SQLite file.
///
/// A value over GRDB's connection pool. Writes are WAL with `synchronous=FULL`; records that arrive together share one
/// transaction. One process at a time may run a job (`StoreLock`); others may read while it does.
public struct SQLiteJobStore: JobStore {
    /// Marks the file as this program's: "CAPT" in ASCII.
    public static let applicationID: Int32 = 0x4341_5054
    /// The schema that this program writes, as `PRAGMA user_version`.
    public static let schemaVersion = 2

    let writer: any DatabaseWriter
    let path: String
    let database: DatabaseAccess
    let commits: GroupCommit
    private let isForReading: Bool

    init(writer: any DatabaseWriter, path: String, isForReading: Bool = false) {
        self.writer = writer
        self.path = path
        self.isForReading = isForReading
        let database = DatabaseAccess(writer: writer, isInMemory: path == Self.memoryPath)
        self.database = database
        commits = GroupCommit { try await database.write($0) }
    }

    /// What stands in place of a path for a store in memory.
    static let memoryPath = ":memory:"

    func write<Result: Sendable>(_ body: @escaping @Sendable (Database) throws -> Result) async throws -> Result {
        guard !isForReading else { throw StoreError.failed(path: path, reason: "it was opened for reading only") }
        return try await database.write(body)
    }

    func read<Result: Sendable>(_ body: @escaping @Sendable (Database) throws -> Result) async throws -> Result {
        try await database.read(body)
    }

    /// Runs a store operation and says which store failed.
    func guarded<Result>(_ operation: () async throws -> Result) async throws -> Result {
        do {
            return try await operation()
        } catch let error as DatabaseError {
            throw StoreError.failed(path: path, reason: error.message ?? "SQLite error \(error.resultCode.rawValue)")
        }
    }

    /// Closes the connections; the store is of no use afterwards.
    public func close() throws {
        do {
            try writer.close()
            guard writer is DatabasePool else { return }
            // The pool's readers are the last to close and may not remove the working files; one more visitor may.
            let visitor = try DatabaseQueue(path: path)
            try visitor.read { try $0.execute(sql: "SELECT count(*) FROM job") }
            try visitor.close()
        } catch {
            throw StoreError.failed(path: path, reason: "\(error)")
        }
    }
}
