import Captioning
import Foundation
import Synchronization

/// Which files a store really is, so that a run notices when they are moved, deleted or replaced under its feet.
///
/// SQLite goes on writing to a file that has no name any more, without a word.
final class StoreIdentity: Sendable {
    private struct File: Hashable {
        let device: dev_t
        let inode: ino_t

        /// The file at a path; nil when there is none.
        init?(at path: String) {
            var status = stat()
            guard stat(path, &status) == 0 else { return nil }
            device = status.st_dev
            inode = status.st_ino
        }
    }

    private let path: String
    private let store: File
    private let log = Mutex<File?>(nil)

    /// The identity of the store that is open; nil when it is gone already.
    init?(path: String) {
        guard let store = File(at: path) else { return nil }
        self.path = path
        self.store = store
    }

    /// Whether the path still names the store, and its write-ahead log the one that was there when this was first asked.
    var isCurrent: Bool {
        guard File(at: path) == store else { return false }
        let present = File(at: path + "-wal")
        return log.withLock { known in
            if known == nil { known = present }
            return known == present
        }
    }
}
