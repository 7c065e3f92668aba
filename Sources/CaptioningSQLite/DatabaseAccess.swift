import GRDB

/// Runs database work to its end, whatever becomes of the calling task.
///
/// GRDB's own asynchronous methods roll back when their task is cancelled; an answer that was paid for must be recorded
/// all the same. Work in memory takes microseconds and runs at once, on the caller's thread.
struct DatabaseAccess: Sendable {
    let writer: any DatabaseWriter
    let isInMemory: Bool

    /// Runs a transaction; returns when it is on disk.
    func write<Result: Sendable>(_ body: @escaping @Sendable (Database) throws -> Result) async throws -> Result {
        if isInMemory { return try runNow { try writer.write(body) } }
        return try await withCheckedThrowingContinuation { continuation in
            writer.asyncWrite(body) { _, result in continuation.resume(with: result) }
        }
    }

    /// Runs a transaction that need not be on disk before the next one that is: for what a power failure may undo.
    func writeUnsynced<Result: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Result
    ) async throws -> Result {
        if isInMemory { return try runNow { try writer.write(body) } }
        return try await withCheckedThrowingContinuation { continuation in
            writer.asyncWriteWithoutTransaction { db in
                continuation.resume(
                    with: Swift.Result {
                        // In WAL mode NORMAL leaves out the sync of the log; the next FULL commit syncs all of it.
                        try db.execute(sql: "PRAGMA synchronous = NORMAL")
                        let outcome = Swift.Result { () throws -> Result? in
                            var result: Result?
                            try db.inTransaction {
                                result = try body(db)
                                return .commit
                            }
                            return result
                        }
                        try db.execute(sql: "PRAGMA synchronous = FULL")
                        guard let result = try outcome.get() else { throw DatabaseError(message: "no result") }
                        return result
                    })
            }
        }
    }

    /// Reads from one state of the database.
    func read<Result: Sendable>(_ body: @escaping @Sendable (Database) throws -> Result) async throws -> Result {
        if isInMemory { return try runNow { try writer.read(body) } }
        return try await withCheckedThrowingContinuation { continuation in
            writer.asyncRead { access in
                continuation.resume(with: Swift.Result { try body(access.get()) })
            }
        }
    }

    /// Keeps the overloads for tasks out.
    private func runNow<Result>(_ body: () throws -> Result) rethrows -> Result {
        try body()
    }
}
