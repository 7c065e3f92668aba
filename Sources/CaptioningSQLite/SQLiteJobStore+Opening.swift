import CLinux
import Captioning
public import Foundation
import GRDB
import Glibc

extension SQLiteJobStore {
    /// Opens a store for a run; creates it when the file does not exist.
    ///
    /// - Throws: `StoreError`; a file that is not a store of this program is not touched.
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
    ///
    /// - `lock`: The right to run the job, for what only a run may do.
    public static func openExisting(path: String, lock: StoreLock? = nil) throws -> SQLiteJobStore {
        try wrap(path) {
            guard try check(path) == .present else { throw StoreError.missing(path: path) }
            if lock == nil { try migrateBesideRuns(path) }
            return try openPool(path, lock: lock)
        }
    }

    private static func openPool(_ path: String, lock: StoreLock? = nil) throws -> SQLiteJobStore {
        // Before SQLite opens the file: closing another handle later would drop SQLite's locks.
        try lock?.holdStore()
        var configuration = configuration()
        // Answers that are paid for wait rather longer for a database browser than a person for a status.
        if lock != nil { configuration.busyMode = .timeout(120) }
        let pool = try DatabasePool(path: path, configuration: configuration)
        // GRDB sets NORMAL when it turns WAL on, after the configuration's own statements.
        try pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
        try pool.write(migrate)
        let id = try pool.read { try String.fetchOne($0, sql: "SELECT storeId FROM job") ?? "" }
        let guardian = StoreIdentity(path: path).map { Guardian(identity: $0, lock: lock, storeID: id) }
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
            db.add(function: RowDigest.function)
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
        guard !header.isEmpty else {
            throw StoreError.failed(
                path: path,
                reason:
                    "its file is empty and no store. Delete it if it is of no use, or name another with 'store:' or --store"
            )
        }
        guard header.count == 100, header.starts(with: Array("SQLite format 3\0".utf8)) else {
            throw StoreError.notADatabase(path: path)
        }
        func number(at offset: Int) -> Int {
            header[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) }
        }
        try requireWhole(path, header, bytes: Int(status.st_size))
        guard number(at: 68) == Int(applicationID) else { throw StoreError.foreign(path: path) }
        guard number(at: 60) <= schemaVersion else {
            throw StoreError.newer(path: path, version: number(at: 60), supported: schemaVersion)
        }
        return .present
    }

    /// Makes sure that a file has all the pages that its header counts, unless some may be in its log only.
    private static func requireWhole(_ path: String, _ header: [UInt8], bytes: Int) throws {
        var log = stat()
        guard stat(path + "-wal", &log) != 0 || log.st_size == 0 else { return }
        let size = Int(header[16]) << 8 | Int(header[17])
        let pages = header[28..<32].reduce(0) { $0 << 8 | Int($1) }
        // The count holds only where whoever wrote last has written it, too.
        guard header[24..<28] == header[92..<96], bytes < pages * (size == 1 ? 65_536 : size) else { return }
        throw StoreError.failed(
            path: path,
            reason: """
                its file was cut short. Put a backup in its place, or copy it and mend the copy: \
                sqlite3 COPY .recover | sqlite3 NEW
                """)
    }

    /// Makes a store under another name and gives it its own when it is whole, so that no half of one is ever found there.
    ///
    /// In one transaction with a rollback journal, so that the file's header names the schema from the start. Readable by its
    /// owner only, as SQLite's working files then are.
    private static func create(_ path: String, name: String, now: Date) throws {
        guard (try? FileManager.default.destinationOfSymbolicLink(atPath: path)) == nil else {
            throw StoreError.failed(path: path, reason: "it is a link that leads nowhere")
        }
        let folder = (path as NSString).deletingLastPathComponent
        let temporary = (folder as NSString).appendingPathComponent(
            ".\((path as NSString).lastPathComponent).\(getpid()).new")
        unlink(temporary)
        let descriptor = Glibc.open(temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else {
            throw StoreError.failed(path: path, reason: String(cString: strerror(errno)))
        }
        Glibc.close(descriptor)
        defer { unlink(temporary) }
        let queue = try DatabaseQueue(path: temporary, configuration: configuration())
        try queue.write { try install($0, name: name, now: now) }
        try queue.close()
        guard linux_rename_new(temporary, path) == 0 else {
            throw StoreError.failed(path: path, reason: String(cString: strerror(errno)))
        }
        syncFolder(folder)
    }

    /// Makes a new name last; where that cannot be done, the next commit's sync of the file has to do.
    private static func syncFolder(_ folder: String) {
        let descriptor = Glibc.open(folder.isEmpty ? "." : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        Glibc.close(descriptor)
    }

    private static func install(_ db: Database, name: String, now: Date) throws {
        try db.execute(sql: "PRAGMA application_id = \(applicationID)")
        try migrate(db)
        try db.execute(
            sql: "INSERT INTO job (id, name, createdAt, storeId) VALUES (1, ?, ?, lower(hex(randomblob(16))))",
            arguments: [name, now.unixMilliseconds])
        try DigestSQL.writeColumns(db)
    }

    /// What brings a store from one schema version to the next, from version 0, which is an empty file.
    private static let migrations = [
        PackageResources.v1_initial_sql, PackageResources.v2_tally_sql, PackageResources.v3_images_sql,
        PackageResources.v4_evidence_sql, PackageResources.v5_holds_sql,
    ]

    /// Brings a store to the present schema, within one transaction.
    private static func migrate(_ db: Database) throws {
        let version = try version(db)
        if version < schemaVersion {
            for migration in migrations[max(version, 0)...] {
                try db.execute(sql: String(decoding: migration, as: UTF8.self))
            }
            try DigestSQL.writeAll(db)
            try db.execute(sql: "PRAGMA user_version = \(schemaVersion)")
        }
        try RequestRules.bringUpToDate(db)
    }

    /// Migrates a store that may be in use by a run, which then is an older program's: that one must end first.
    private static func migrateBesideRuns(_ path: String) throws {
        // Not from the file's header: the last migration may still be in the WAL.
        let reader = try openReader(path)
        let isCurrent = try reader.read { db in
            try version(db) >= schemaVersion && RequestRules.areUpToDate(db)
        }
        try reader.close()
        guard !isCurrent else { return }
        let lock = try StoreLock(storePath: path)
        defer { withExtendedLifetime(lock) {} }
        try openPool(path, lock: lock).close()
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
        } catch let error as DamagedRow {
            throw StoreError.failed(path: path, reason: "a row is damaged: \(error.reason)")
        } catch {
            throw StoreError.failed(path: path, reason: "\(error)")
        }
    }
}

extension Int64 {
    /// The number without its fraction, and no more than some hundred thousand years in milliseconds.
    init(bounded number: Double) {
        self = number.isFinite ? Int64(Swift.min(Swift.max(number, -1e16), 1e16)) : 0
    }
}

extension Date {
    /// Milliseconds since 1970, as the store keeps times.
    var unixMilliseconds: Int64 {
        Int64(bounded: (timeIntervalSince1970 * 1000).rounded())
    }

    /// A stored time.
    init(unixMilliseconds: Int64) {
        self.init(timeIntervalSince1970: Double(unixMilliseconds) / 1000)
    }
}
