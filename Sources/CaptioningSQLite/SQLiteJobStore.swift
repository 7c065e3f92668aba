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
    public static let schemaVersion = 5

    let writer: any DatabaseWriter
    let path: String
    let database: DatabaseAccess
    let commits: GroupCommit
    private let isForReading: Bool
    /// What a run keeps an eye on; nil for readers and in memory.
    let guardian: Guardian?
    /// What a run has recorded of late; nil for all but runs.
    let recent: RecentAnswers?

    /// What must stay as it is while a run goes on.
    struct Guardian: Sendable {
        let identity: StoreIdentity
        let lock: StoreLock?
        /// The store's id, for when it cannot be read any more.
        let storeID: String
    }

    init(writer: any DatabaseWriter, path: String, isForReading: Bool = false, guardian: Guardian? = nil) {
        self.writer = writer
        self.path = path
        self.isForReading = isForReading
        self.guardian = guardian
        recent = guardian?.lock == nil ? nil : RecentAnswers()
        let database = DatabaseAccess(writer: writer, isInMemory: path == Self.memoryPath)
        self.database = database
        commits = GroupCommit { durability, body in
            // Behind a hole in the log, nothing that is written can be found again.
            if case .cut? = guardian?.identity.loss { throw StoreError.cut(path: path, answers: nil) }
            switch durability {
            case .synced: try await database.write(body)
            case .untilPowerFails: try await database.writeUnsynced(body)
            }
        }
    }

    /// What stands in place of a path for a store in memory.
    static let memoryPath = ":memory:"

    func write<Result: Sendable>(_ body: @escaping @Sendable (Database) throws -> Result) async throws -> Result {
        guard !isForReading else { throw StoreError.failed(path: path, reason: "it was opened for reading only") }
        return try await database.write(body)
    }

    func writeUnsynced<Result: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Result
    ) async throws -> Result {
        guard !isForReading else { throw StoreError.failed(path: path, reason: "it was opened for reading only") }
        return try await database.writeUnsynced(body)
    }

    func read<Result: Sendable>(_ body: @escaping @Sendable (Database) throws -> Result) async throws -> Result {
        try await database.read(body)
    }

    /// Runs a store operation and says which store failed.
    func guarded<Result>(_ operation: () async throws -> Result) async throws -> Result {
        do {
            return try await operation()
        } catch let error as DatabaseError {
            // Whatever SQLite makes of it, files that are not there any more are the cause.
            try requireOwnFiles()
            throw StoreError(path: path, error)
        } catch let error as DamagedRow {
            throw StoreError.failed(
                path: path,
                reason: """
                    a row is damaged: \(error.reason). 'caption status SPEC --verify' names what is damaged, and \
                    'caption export SPEC' writes what is not
                    """)
        } catch is RowDecodingError {
            throw StoreError.failed(path: path, reason: "a row is damaged; 'caption status SPEC --verify' names it")
        }
    }

    /// Makes sure that what is written still goes where the next run will look for it.
    ///
    /// - Throws: `StoreError.moved` or `.cut`; `.failed` when another run may have begun.
    func requireOwnFiles() throws {
        guard let guardian else { return }
        switch guardian.identity.loss {
        case .moved: throw StoreError.moved(path: path, rescued: nil)
        case .cut: throw StoreError.cut(path: path, answers: nil)
        case nil: break
        }
        guard guardian.lock?.isHeld ?? true else {
            throw StoreError.failed(
                path: path,
                reason: """
                    its lock file '\(path).lock' was deleted or replaced while the run was going on, so that another may \
                    have begun; the run has stopped, and the same command goes on from here
                    """)
        }
    }

    /// Writes everything that the store holds to a new file, when its own has lost its name.
    ///
    /// - Returns: The new file: beside the old one, or in the folder for temporary files; nil when neither can be written.
    public func rescue() async -> String? {
        let name = "\((path as NSString).lastPathComponent).rescued-\(getpid())"
        let folders = [(path as NSString).deletingLastPathComponent, FileManager.default.temporaryDirectory.path]
        for folder in folders {
            let target = "\(folder)/\(name)"
            let isSaved: Void? = try? await writer.writeWithoutTransaction { db in
                try db.execute(sql: "VACUUM INTO ?", arguments: [target])
            }
            if isSaved != nil { return target }
        }
        return nil
    }

    /// The last answers that a run has recorded, oldest first: some thousands; none for all but runs.
    public var recentAnswers: [(report: AttemptReport, claim: Claim)] { recent?.all ?? [] }

    /// Leaves the connections open until the process ends, when a log was cut: closing the last of them would move the holes
    /// into the store.
    public func abandon() {
        _ = Unmanaged.passRetained(writer as AnyObject)
    }

    /// Closes the connections; the store is of no use afterwards.
    ///
    /// - Throws: `StoreError`; `.moved` or `.cut` when the store's files are not as it wrote them, which then are left alone.
    public func close() throws {
        // Closing would put the log's pages into, and remove the log of, whatever lies there now.
        try requireOwnFiles()
        do {
            try writer.close()
            guard writer is DatabasePool else { return }
            // The pool's readers are the last to close and may not remove the working files; one more visitor may.
            let visitor = try DatabaseQueue(path: path)
            try visitor.read { try $0.execute(sql: "SELECT count(*) FROM job") }
            try visitor.close()
        } catch let error as DatabaseError {
            throw StoreError(path: path, error)
        } catch {
            throw StoreError.failed(path: path, reason: "\(error)")
        }
    }
}

extension StoreError {
    /// What SQLite says, and what a person can do about it.
    init(path: String, _ error: DatabaseError) {
        let reason = error.message ?? "SQLite error \(error.resultCode.rawValue)"
        let advice: String? =
            switch error.resultCode {
            case .SQLITE_BUSY, .SQLITE_LOCKED:
                "another program has locked it (a database browser?); close that and run the same command again"
            case .SQLITE_FULL: "free some space and run the same command again"
            case .SQLITE_IOERR:
                "the disk is full, over its quota, or failing; when that is mended, run the same command again"
            case .SQLITE_CORRUPT, .SQLITE_NOTADB:
                """
                its file is damaged. Copy it, then mend the copy: sqlite3 COPY .recover | sqlite3 NEW; \
                'caption export SPEC' writes what can be read
                """
            case .SQLITE_READONLY: "the file or its folder may not be written"
            default: nil
            }
        self = .failed(path: path, reason: advice.map { "\(reason): \($0)" } ?? reason)
    }
}
