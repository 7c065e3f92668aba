import Captioning
import Foundation
import SystemPackage

/// The right to run the job of one store: an OS lock, so that it ends with the process however that ends.
///
/// The lock lies on a file of its own beside the store (`….lock`, holding the runner's pid): SQLite's own locks are lost
/// when a process closes any other handle on the database file.
public final class StoreLock: Sendable {
    private let path: String
    private let descriptor: Int32

    /// Takes the lock, at once or not at all.
    ///
    /// - Throws: `StoreError.locked` with the other's pid; `.failed` when the lock file cannot be made.
    public init(storePath: String) throws {
        path = Self.lockPath(storePath)
        while true {
            let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
            guard descriptor >= 0 else {
                throw StoreError.failed(
                    path: storePath, reason: "cannot write beside it: " + String(cString: strerror(errno)))
            }
            guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
                let pid = Self.pid(in: descriptor)
                close(descriptor)
                throw StoreError.locked(path: storePath, pid: pid)
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
        guard runner(ofStore: storePath) != nil,
            let data = FileManager.default.contents(atPath: lockPath(storePath))
        else { return nil }
        let lines = String(decoding: data, as: UTF8.self).split(separator: "\n", maxSplits: 1)
        guard lines.count == 2 else { return nil }
        let note = lines[1].trimmingCharacters(in: .whitespacesAndNewlines)
        return note.isEmpty ? nil : note
    }

    /// The pid of the process that runs the job of a store; nil when none does.
    public static func runner(ofStore storePath: String) -> Int32? {
        let descriptor = open(lockPath(storePath), O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        guard flock(descriptor, LOCK_SH | LOCK_NB) != 0 else { return nil }
        return pid(in: descriptor)
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
    }

    private static func pid(in descriptor: Int32) -> Int32? {
        var buffer = [UInt8](repeating: 0, count: 32)
        let count = pread(descriptor, &buffer, buffer.count, 0)
        guard count > 0 else { return nil }
        return Int32(String(decoding: buffer[..<count], as: UTF8.self).prefix { $0.isNumber })
    }

    private static func isSameFile(_ descriptor: Int32, _ path: String) -> Bool {
        let named = FileIdentity(at: path)
        return named != nil && named == FileIdentity(descriptor: descriptor)
    }
}
