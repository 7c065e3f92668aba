import Foundation
import GRDBSQLite
import Synchronization

/// A disk that keeps only what was synced, for the files of one folder: what a power failure would leave.
///
/// A layer over SQLite's own VFS (sqlite.org/vfs.html) that sees every `xSync`. What a file holds when its sync returns is
/// safe; what was written since may be there or not, sector by sector.
final class ForgetfulDisk: Sendable {
    /// What the files of the folder are at one instant.
    struct Instant: Sendable {
        /// As programs see them.
        var current: [String: Data] = [:]
        /// As they were at their last sync.
        var synced: [String: Data] = [:]
    }

    private let folder: String
    private let synced = Mutex<[String: Data]>([:])
    private let willSync: @Sendable (ForgetfulDisk) -> Void

    /// Watches a folder; what is in it already is safe.
    ///
    /// - `willSync`: Called before each sync, while its transaction is on its way.
    init(folder: String, willSync: @escaping @Sendable (ForgetfulDisk) -> Void) {
        self.folder = folder
        self.willSync = willSync
        Layer.install()
        let safe = instant().current
        synced.withLock { $0 = safe }
        Layer.disks.withLock { $0[folder] = self }
    }

    /// Stops watching.
    func remove() {
        Layer.disks.withLock { $0[folder] = nil }
    }

    /// The files now.
    func instant() -> Instant {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        let current = names.filter { !$0.hasSuffix("-shm") }.map { ($0, Self.contents("\(folder)/\($0)")) }
        return Instant(current: Dictionary(uniqueKeysWithValues: current), synced: synced.withLock { $0 })
    }

    fileprivate func noteSync(of path: String) {
        let contents = Self.contents(path)
        synced.withLock { $0[(path as NSString).lastPathComponent] = contents }
    }

    fileprivate func noteComingSync() {
        willSync(self)
    }

    private static func contents(_ path: String) -> Data {
        FileManager.default.contents(atPath: path) ?? Data()
    }
}

extension ForgetfulDisk.Instant {
    /// Which of the writes since the last sync reached the disk.
    enum Survivors: Hashable, CaseIterable {
        case none, all, someSectors
    }

    /// Writes what the disk holds after the failure to another folder.
    func write(to folder: String, _ survivors: Survivors, using generator: inout some RandomNumberGenerator) throws {
        for (name, current) in current {
            let synced = synced[name] ?? Data()
            var left = synced
            switch survivors {
            case .none: break
            case .all: left = current
            case .someSectors:
                left = Data()
                let end = Bool.random(using: &generator) ? current.count : min(synced.count, current.count)
                for start in stride(from: 0, to: end, by: 512) {
                    let sector = start..<min(start + 512, end)
                    let source = Bool.random(using: &generator) && sector.upperBound <= synced.count ? synced : current
                    left += source.subdata(in: sector)
                }
            }
            try left.write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
        }
    }
}

/// The layer between SQLite and its VFS; there is one for the process.
private enum Layer {
    static let disks = Mutex<[String: ForgetfulDisk]>([:])

    private struct OpenFile: Sendable {
        let path: String
        let sync: @convention(c) (UnsafeMutablePointer<sqlite3_file>?, Int32) -> Int32
    }

    private static let files = Mutex<[UInt: OpenFile]>([:])

    static func install() { _ = installed }

    private static let installed: Bool = {
        guard let original = sqlite3_vfs_find(nil) else { return false }
        let layer = UnsafeMutablePointer<sqlite3_vfs>.allocate(capacity: 1)
        layer.initialize(to: original.pointee)
        layer.pointee.zName = UnsafePointer(strdup("forgetful"))
        layer.pointee.xOpen = { vfs, path, file, flags, outFlags in
            guard let original = sqlite3_vfs_find("unix"), let file else { return SQLITE_ERROR }
            let result = original.pointee.xOpen(vfs, path, file, flags, outFlags)
            if let path, let methods = file.pointee.pMethods { watch(String(cString: path), file, methods) }
            return result
        }
        return sqlite3_vfs_register(layer, 1) == SQLITE_OK
    }()

    private static func watch(
        _ path: String, _ file: UnsafeMutablePointer<sqlite3_file>, _ methods: UnsafePointer<sqlite3_io_methods>
    ) {
        guard disk(of: path) != nil, let sync = methods.pointee.xSync else { return }
        // Never freed: SQLite may look at it until the file is closed.
        let own = UnsafeMutablePointer<sqlite3_io_methods>.allocate(capacity: 1)
        own.initialize(to: methods.pointee)
        files.withLock { $0[UInt(bitPattern: file)] = OpenFile(path: path, sync: sync) }
        own.pointee.xSync = { file, flags in
            guard let file, let open = Layer.files.withLock({ $0[UInt(bitPattern: file)] }) else { return SQLITE_IOERR }
            let disk = Layer.disk(of: open.path)
            disk?.noteComingSync()
            let result = open.sync(file, flags)
            if result == SQLITE_OK { disk?.noteSync(of: open.path) }
            return result
        }
        file.pointee.pMethods = UnsafePointer(own)
    }

    private static func disk(of path: String) -> ForgetfulDisk? {
        disks.withLock { $0[(path as NSString).deletingLastPathComponent] }
    }
}
