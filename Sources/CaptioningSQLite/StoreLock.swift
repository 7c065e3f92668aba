import CLinux
import Captioning
import Foundation
import Synchronization
import SystemPackage

/// The right to run the job of one store: OS locks, so that it ends with the process however that ends.
///
/// One lock lies on a file of its own beside the store (`….lock`, holding the runner's pid), which also keeps a store from
/// being made twice. The other lies on the store's file itself, far behind its last byte, so that it holds whatever the file
/// is called: under a second name, or mounted elsewhere. It belongs to an open file (`F_OFD_SETLK`); SQLite's own locks belong
/// to the process and are lost when the process closes any other handle on the file, so that handle is opened before SQLite
/// opens the file and closed after SQLite has closed it.
public final class StoreLock: Sendable {
    private let path: String
    private let storePath: String
    private let descriptor: Int32
    /// The store's own file, once it is held.
    private let store = Mutex<Int32?>(nil)

    /// Beyond all that SQLite locks (sqlite.org/src/file/src/os.h: one page at 1 GiB) and any file's end.
    private static let storeOffset: Int64 = 1 << 62
    /// A note is a few hundred bytes.
    private static let maxNoteBytes = 64 * 1024

    /// Takes the lock, at once or not at all.
    ///
    /// - Throws: `StoreError.locked` with the other's pid; `.failed` when the lock file cannot be made, or when a file of that
    ///   name is somebody else's.
    public init(storePath: String) throws {
        self.storePath = storePath
        path = Self.lockPath(storePath)
        while true {
            let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0o600)
            guard descriptor >= 0 else {
                let reason =
                    errno == ELOOP || errno == ENXIO || errno == EISDIR
                    ? Self.strangerReason(path) : "cannot write beside it: " + String(cString: strerror(errno))
                throw StoreError.failed(path: storePath, reason: reason)
            }
            guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
                let pid = Self.pid(in: descriptor)
                close(descriptor)
                throw StoreError.locked(path: storePath, pid: pid)
            }
            guard Self.isOurs(descriptor) else {
                close(descriptor)
                throw StoreError.failed(path: storePath, reason: Self.strangerReason(path))
            }
            // The runner before may have removed the file between the two calls; then this lock holds nobody off.
            if Self.isSameFile(descriptor, path) {
                self.descriptor = descriptor
                break
            }
            close(descriptor)
        }
        publish("")
    }

    /// Locks the store's own file, too; call it before SQLite opens the file, and let go of the lock after SQLite has closed it.
    ///
    /// - Throws: `StoreError.locked` when another process runs the job under another name of the file; `.failed` when it has
    ///   several names.
    func holdStore() throws {
        try store.withLock { store in
            guard store == nil else { return }
            let real = FilePath(storePath).resolved?.string ?? storePath
            let opened = open(real, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
            guard opened >= 0 else {
                throw StoreError.failed(path: storePath, reason: String(cString: strerror(errno)))
            }
            var status = stat()
            guard fstat(opened, &status) == 0, status.st_nlink <= 1 else {
                close(opened)
                throw StoreError.failed(
                    path: storePath,
                    reason: """
                        its file has \(status.st_nlink) names (hard links), and SQLite's working files would lie beside one of \
                        them only. Remove the others ('find DIRECTORY -samefile \(storePath)' lists them), or copy the file
                        """)
            }
            guard linux_lock_byte(opened, Self.storeOffset) == 0 else {
                let number = errno
                close(opened)
                if number == EAGAIN || number == EACCES { throw StoreError.locked(path: storePath, pid: nil) }
                throw StoreError.failed(
                    path: storePath, reason: "its file cannot be locked: \(String(cString: strerror(number)))")
            }
            store = opened
        }
    }

    /// Leaves a note beside the store that others can read while the run goes on; the next one takes its place.
    ///
    /// Not for what must last: it is gone with the run.
    public func publish(_ note: String) {
        let text = Data("\(getpid())\n\(note)\n".utf8)
        _ = text.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, 0) }
        _ = ftruncate(descriptor, off_t(text.count))
    }

    /// What the runner of a store's job has published last; nil when none runs or it has left no note.
    public static func note(ofStore storePath: String) -> String? {
        withRunner(ofStore: storePath) { descriptor in
            let lines = text(in: descriptor).split(separator: "\n", maxSplits: 1)
            guard lines.count == 2 else { return nil }
            let note = lines[1].trimmingCharacters(in: .whitespacesAndNewlines)
            return note.isEmpty ? nil : note
        }
    }

    /// The pid of the process that runs the job of a store; nil when none does.
    public static func runner(ofStore storePath: String) -> Int32? {
        withRunner(ofStore: storePath, pid)
    }

    /// Looks at the lock file while somebody holds it.
    private static func withRunner<Result>(ofStore storePath: String, _ body: (Int32) -> Result?) -> Result? {
        let descriptor = open(lockPath(storePath), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        guard flock(descriptor, LOCK_SH | LOCK_NB) != 0, isOurs(descriptor) else { return nil }
        return body(descriptor)
    }

    /// Whether the lock still holds others off: nobody has removed its file.
    public var isHeld: Bool { Self.isSameFile(descriptor, path) }

    /// Beside the real file, so that a link to the store is the store.
    private static func lockPath(_ storePath: String) -> String {
        (FilePath(storePath).resolved?.string ?? storePath) + ".lock"
    }

    deinit {
        if isHeld { unlink(path) }
        close(descriptor)
        if let store = store.withLock({ $0 }) { close(store) }
    }

    /// Whether the file is one that this program makes: new, or a pid and a note on lines of their own.
    private static func isOurs(_ descriptor: Int32) -> Bool {
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_nlink <= 1 else {
            return false
        }
        if status.st_size == 0 { return true }
        let text = text(in: descriptor)
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        return lines.count == 3 && lines[2].isEmpty && (Int32(lines[0]) ?? 0) > 0
    }

    private static func strangerReason(_ path: String) -> String {
        "the lock would be '\(path)', and that is somebody else's file; nothing was changed. Name the store otherwise"
    }

    private static func pid(in descriptor: Int32) -> Int32? {
        Int32(text(in: descriptor).prefix { $0 != "\n" })
    }

    private static func text(in descriptor: Int32) -> String {
        var buffer = [UInt8](repeating: 0, count: maxNoteBytes)
        let count = pread(descriptor, &buffer, buffer.count, 0)
        return String(decoding: buffer.prefix(max(count, 0)), as: UTF8.self)
    }

    private static func isSameFile(_ descriptor: Int32, _ path: String) -> Bool {
        let named = FileIdentity(at: path)
        return named != nil && named == FileIdentity(descriptor: descriptor)
    }
}
