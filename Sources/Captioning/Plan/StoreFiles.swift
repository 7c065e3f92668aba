import SystemPackage

/// The files of a job's store, which nothing else of the process may open while SQLite has them: closing any other handle
/// drops SQLite's locks (sqlite.org/howtocorrupt.html, section 2.2).
struct StoreFiles: Sendable {
    private let paths: [FilePath]

    /// - `store`: The SQLite file.
    init(store: FilePath) {
        paths = ["", "-wal", "-shm"].map { FilePath(store.string + $0) }
    }

    /// Whether a path leads to one of them, through links, too.
    func contain(_ path: FilePath) -> Bool {
        guard let identity = FileIdentity(at: path) else { return false }
        return paths.contains { FileIdentity(at: $0) == identity }
    }
}
