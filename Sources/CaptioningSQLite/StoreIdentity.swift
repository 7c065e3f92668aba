import Captioning
import Synchronization

/// Which files a store really is, so that a run notices when they are moved, deleted or replaced under its feet.
///
/// SQLite goes on writing to a file that has no name any more, without a word.
final class StoreIdentity: Sendable {
    private let path: String
    private let store: FileIdentity
    private let log = Mutex<FileIdentity?>(nil)

    /// The identity of the store that is open; nil when it is gone already.
    init?(path: String) {
        guard let store = FileIdentity(at: path) else { return nil }
        self.path = path
        self.store = store
    }

    /// Whether the path still names the store, and its write-ahead log the one that was there when this was first asked.
    var isCurrent: Bool {
        guard FileIdentity(at: path) == store else { return false }
        let present = FileIdentity(at: path + "-wal")
        return log.withLock { known in
            if known == nil { known = present }
            return known == present
        }
    }
}
