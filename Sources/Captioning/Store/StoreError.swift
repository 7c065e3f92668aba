/// Our own ground gave way: the store cannot be opened, read or written.
///
/// Ends the run.
public enum StoreError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The store does not exist.
    case missing(path: String)
    /// The file is no SQLite database.
    case notADatabase(path: String)
    /// The file is another application's database.
    case foreign(path: String)
    /// The store was written by a newer version of this program.
    case newer(path: String, version: Int, supported: Int)
    /// Another process runs this job.
    case locked(path: String, pid: Int32?)
    /// Reading, writing or locking failed.
    case failed(path: String, reason: String)

    /// What happened, to which file, and what to do next.
    public var description: String {
        switch self {
        case .missing(let path):
            "the store '\(path)' does not exist yet; 'caption run' creates it"
        case .notADatabase(let path):
            "'\(path)' is no SQLite database; nothing was changed. Name another file with 'store:' or --store"
        case .foreign(let path):
            "'\(path)' is a database of another application; nothing was changed. Name another file with 'store:' or --store"
        case .newer(let path, let version, let supported):
            "'\(path)' has schema version \(version), and this program knows up to \(supported); nothing was changed. Use a newer 'caption'"
        case .locked(let path, let pid):
            "another process\(pid.map { " (pid \($0))" } ?? "") is running this job on '\(path)'; wait for it or stop it"
        case .failed(let path, let reason):
            "the store '\(path)' failed: \(reason)"
        }
    }
}
