import Captioning
public import Foundation
import GRDB

extension SQLiteJobStore {
    /// Opens a store for a run; creates it when the file does not exist or is empty.
    ///
    /// - Throws: `StoreError`; a file that is no store of this program is not touched.
    ///
    /// - `lock`: The right to run the job, which the run then makes sure to hold still; nil for tests without one.
    public static func open(path: String, name: String, now: Date, lock: StoreLock? = nil) throws -> SQLiteJobStore {
        try wrap(path) {
            if try check(path) == .absent { try create(path, name: name, now: now) }
            return try openPool(path, lock: lock)
        }
    }

    /// Opens a store that must exist, for changes beside or between runs.
    ///
    /// - Throws: `StoreError`, `.missing` when there is no store yet.
    public static func openExisting(path: String) throws -> SQLiteJobStore {
        try wrap(path) {
            guard try check(path) == .present else { throw StoreError.missing(path: path) }
            try migrateBesideRuns(path)
            return try openPool(path)
        }
    }

    private static func openPool(_ path: String, lock: StoreLock? = nil) throws -> SQLiteJobStore {
        var configuration = configuration()
        // Answers that are paid for wait rather longer for a database browser than a person for a status.
        if lock != nil { configuration.busyMode = .timeout(120) }
        let pool = try DatabasePool(path: path, configuration: configuration)
        // GRDB sets NORMAL when it turns WAL on, after the configuration's own statements.
        try pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
        try pool.write(migrate)
        let guardian = StoreIdentity(path: path).map { Guardian(identity: $0, lock: lock) }
        return SQLiteJobStore(writer: pool, path: path, guardian: guardian)
    }

    /// Opens a store for reading only, also while a run is going on.
    ///
    /// - Throws: `StoreError`, `.missing` when there is no store yet.
    public static func openForReading(path: String) throws -> SQLiteJobStore {
        try wrap(path) {
            guard try check(path) == .present else { throw StoreError.missing(path: path) }
            try migrateBesideRuns(path)
            return SQLiteJobStore(writer: try openReader(path), path: path, isForReading: true)
        }
    }

    private static func openReader(_ path: String) throws -> DatabaseQueue {
        var configuration = configuration()
        // A connection that may write tidies the WAL files up when it is the last.
        configuration.readonly = access(path, W_OK) != 0
        let folder = (path as NSString).deletingLastPathComponent
        var log = stat()
        let hasLog = stat(path + "-wal", &log) == 0 && log.st_size > 0
        guard access(folder.isEmpty ? "." : folder, W_OK) != 0, !hasLog else {
            return try DatabaseQueue(path: path, configuration: configuration)
        }
        // SQLite cannot make its working files here, and nobody can write: it may take the file as it is.
        configuration.readonly = true
        let location = URL(fileURLWithPath: path).absoluteString + "?immutable=1"
        return try DatabaseQueue(path: location, configuration: configuration)
    }

    /// A new store in memory, for plans without a file and for tests.
    public static func inMemory(name: String = "memory", now: Date = Date(timeIntervalSince1970: 0)) throws
        -> SQLiteJobStore
    {
        try wrap(memoryPath) {
            let queue = try DatabaseQueue(configuration: configuration())
            try queue.write { try install($0, name: name, now: now) }
            return SQLiteJobStore(writer: queue, path: memoryPath)
        }
    }

    private enum Presence {
        case absent, present
    }

    private static func configuration() -> Configuration {
        var configuration = Configuration()
        configuration.busyMode = .timeout(10)
        configuration.label = "caption"
        configuration.prepareDatabase { db in
            // What undoes a single statement goes to a temporary file otherwise, at six times the cost of the statement.
            try db.execute(sql: "PRAGMA temp_store = MEMORY")
            // Some distributions have SQLite overwrite what it deletes, which is twice the work.
            try db.execute(sql: "PRAGMA secure_delete = OFF")
        }
        return configuration
    }

    /// Looks at a file's header without opening it as a database, so that nothing foreign is ever touched.
    ///
    /// The header of an SQLite file is documented at sqlite.org/fileformat.html: magic text, user version at byte 60,
    /// application id at byte 68, both big-endian.
    private static func check(_ path: String) throws -> Presence {
        var status = stat()
        guard stat(path, &status) == 0 else {
            if errno == ENOENT { return .absent }
            throw StoreError.failed(path: path, reason: String(cString: strerror(errno)))
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw StoreError.failed(path: path, reason: "it is not a regular file")
        }
        guard let file = FileHandle(forReadingAtPath: path) else {
            throw StoreError.failed(path: path, reason: String(cString: strerror(errno)))
        }
        defer { try? file.close() }
        let header = [UInt8](try file.read(upToCount: 100) ?? Data())
        if header.isEmpty { return .absent }
        guard header.count == 100, header.starts(with: Array("SQLite format 3\0".utf8)) else {
            throw StoreError.notADatabase(path: path)
        }
        func number(at offset: Int) -> Int {
            header[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) }
        }
        guard number(at: 68) == Int(applicationID) else { throw StoreError.foreign(path: path) }
        guard number(at: 60) <= schemaVersion else {
            throw StoreError.newer(path: path, version: number(at: 60), supported: schemaVersion)
        }
        return .present
    }

    /// Writes the schema in one transaction with a rollback journal, so that the file's header names it from the start.
    private static func create(_ path: String, name: String, now: Date) throws {
        let queue = try DatabaseQueue(path: path, configuration: configuration())
        try queue.write { try install($0, name: name, now: now) }
        try queue.close()
    }

    private static func install(_ db: Database, name: String, now: Date) throws {
        try db.execute(sql: "PRAGMA application_id = \(applicationID)")
        try migrate(db)
        try db.execute(
            sql: "INSERT INTO job (id, name, createdAt) VALUES (1, ?, ?)", arguments: [name, now.unixMilliseconds])
    }

    /// What brings a store from one schema version to the next, from version 0, which is an empty file.
    private static let migrations = [
        PackageResources.v1_initial_sql, PackageResources.v2_tally_sql, PackageResources.v3_images_sql,
    ]

    /// Brings a store to the present schema, within one transaction.
    private static func migrate(_ db: Database) throws {
        let version = try version(db)
        guard version < schemaVersion else { return }
        for migration in migrations[version...] {
            try db.execute(sql: String(decoding: migration, as: UTF8.self))
        }
        try db.execute(sql: "PRAGMA user_version = \(schemaVersion)")
    }

    /// Migrates a store that may be in use by a run, which then is an older program's: that one must end first.
    private static func migrateBesideRuns(_ path: String) throws {
        // Not from the file's header: the last migration may still be in the WAL.
        let reader = try openReader(path)
        let isCurrent = try reader.read(version) >= schemaVersion
        try reader.close()
        guard !isCurrent else { return }
        let lock = try StoreLock(storePath: path)
        defer { withExtendedLifetime(lock) {} }
        try openPool(path).close()
    }

    private static func version(_ db: Database) throws -> Int {
        try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
    }

    private static func wrap<Result>(_ path: String, _ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch let error as StoreError {
            throw error
        } catch let error as DatabaseError {
            throw StoreError(path: path, error)
        } catch {
            throw StoreError.failed(path: path, reason: "\(error)")
        }
    }
}

extension Date {
    /// Milliseconds since 1970, as the store keeps times.
    var unixMilliseconds: Int64 {
        Int64((timeIntervalSince1970 * 1000).rounded())
    }

    /// A stored time.
    init(unixMilliseconds: Int64) {
        self.init(timeIntervalSince1970: Double(unixMilliseconds) / 1000)
    }
}
