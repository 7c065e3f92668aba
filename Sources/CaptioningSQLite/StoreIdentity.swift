import Captioning
import Glibc
import Synchronization

/// Which files a store really is, so that a run notices when they are moved, deleted, replaced or cut under its feet.
///
/// SQLite goes on writing to a file that has no name any more, and behind the end of one that was cut, without a word.
final class StoreIdentity: Sendable {
    /// What has become of the files.
    enum Loss {
        /// The path names another file, or none.
        case moved
        /// Bytes that SQLite has written are gone.
        case cut
    }

    private struct Known {
        /// The write-ahead log that was there when this was first asked.
        var log: FileIdentity?
        /// The shared index of the log; kept open, because closing it would drop SQLite's own locks.
        var index: Int32 = -1
        /// The largest size that the store has had.
        var bytes = 0
        /// The log's salts and its last frame when it was last looked at.
        var salts: [UInt8] = []
        var frame = 0
    }

    private let path: String
    private let store: FileIdentity
    private let known = Mutex(Known())

    /// The identity of the store that is open; nil when it is gone already.
    ///
    /// Let go of it after SQLite has closed the store.
    init?(path: String) {
        guard let store = FileIdentity(at: path) else { return nil }
        self.path = path
        self.store = store
    }

    deinit {
        let index = known.withLock { $0.index }
        if index >= 0 { close(index) }
    }

    /// What has become of the files; nil when they are as they must be.
    var loss: Loss? {
        known.withLock { known in
            guard FileIdentity(at: path) == store else { return .moved }
            let log = FileIdentity(at: path + "-wal")
            if known.log == nil { known.log = log }
            guard known.log == log else { return .moved }
            return isCut(&known) ? .cut : nil
        }
    }

    /// Compares the files with what the log's index says must be there (sqlite.org/walformat.html, section 2.1).
    private func isCut(_ known: inout Known) -> Bool {
        if known.index < 0 { known.index = open(path + "-shm", O_RDONLY | O_CLOEXEC | O_NOFOLLOW) }
        guard known.index >= 0, let index = LogIndex(descriptor: known.index) else { return false }
        if let bytes = Self.bytes(of: path) {
            defer { known.bytes = max(known.bytes, bytes) }
            // Without pages that are only in the log, the store holds all; with some, it may lag behind, but never shrinks.
            if bytes < index.storeBytes, index.isApplied || bytes < known.bytes { return true }
        }
        return hasHole(index, &known)
    }

    /// Whether a frame of the log is gone that was there, or that must have come since.
    private func hasHole(_ index: LogIndex, _ known: inout Known) -> Bool {
        let log = open(path + "-wal", O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard log >= 0 else { return false }
        defer { close(log) }
        // The log has begun anew since: then all of its frames are new.
        if known.salts != index.salts || known.frame > index.frames { known.frame = 0 }
        var frame = max(known.frame, 1)
        while frame <= index.frames {
            guard index.isFrame(frame, in: log) else {
                // Unless somebody has begun it anew just now.
                return LogIndex(descriptor: known.index)?.salts == index.salts
            }
            frame += 1
        }
        (known.salts, known.frame) = (index.salts, index.frames)
        return false
    }

    private static func bytes(of path: String) -> Int? {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_size) : nil
    }
}

/// What the shared index of a write-ahead log says of the files.
private struct LogIndex {
    /// The size of the store with everything in the log applied.
    let storeBytes: Int
    /// Frames in the log.
    let frames: Int
    /// Whether everything in the log is in the store, too.
    let isApplied: Bool
    /// What every frame of the log carries, until it begins anew.
    let salts: [UInt8]

    private let pageBytes: Int

    private static let headerBytes = 48
    private static let frameHeaderBytes = 24
    private static let logHeaderBytes = 32

    /// Nil while somebody is writing it.
    init?(descriptor: Int32) {
        var bytes = [UInt8](repeating: 0, count: 2 * Self.headerBytes + 8)
        guard pread(descriptor, &bytes, bytes.count, 0) == bytes.count,
            bytes[..<Self.headerBytes] == bytes[Self.headerBytes..<2 * Self.headerBytes], bytes[12] == 1
        else { return nil }
        func number(_ offset: Int) -> Int {
            bytes.withUnsafeBytes { Int($0.loadUnaligned(fromByteOffset: offset, as: UInt32.self)) }
        }
        let shortSize = bytes.withUnsafeBytes { Int($0.loadUnaligned(fromByteOffset: 14, as: UInt16.self)) }
        // The largest page is written so.
        pageBytes = shortSize == 1 ? 65_536 : shortSize
        frames = number(16)
        storeBytes = number(20) * pageBytes
        isApplied = number(2 * Self.headerBytes) >= frames
        salts = Array(bytes[32..<40])
    }

    /// Whether a frame, counted from 1, is in the log.
    func isFrame(_ number: Int, in log: Int32) -> Bool {
        var header = [UInt8](repeating: 0, count: 16)
        let offset = Self.logHeaderBytes + (number - 1) * (Self.frameHeaderBytes + pageBytes)
        return pread(log, &header, header.count, off_t(offset)) == header.count && header[8..<16] == salts[...]
    }
}
