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
    /// The store's files were moved, deleted or replaced while a run was going on; `rescued` is where its contents are, nil
    /// when they could not be saved.
    case moved(path: String, rescued: String?)
    /// The store's files were cut short while a run was going on; `answers` is where the answers are that may be gone with
    /// them, nil when they could not be saved.
    case cut(path: String, answers: String?)
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
        case .moved(let path, let rescued?):
            """
            '\(path)' was moved, deleted or replaced while the run was going on. All that it held is in '\(rescued)': \
            put that in its place, and run the same command again
            """
        case .moved(let path, nil):
            """
            '\(path)' was moved, deleted or replaced while the run was going on, and what it held could not be saved. \
            If it was moved, move it back and run the same command again
            """
        case .cut(let path, let answers):
            """
            '\(path)' or its log was cut short by another program while the run was going on. \
            \(answers.map { "The last answers are kept in '\($0)', and the next run takes them in" } ?? "The run has stopped"). \
            Run the same command again; if the store cannot be opened, put a backup in its place first, or copy it and mend the \
            copy: sqlite3 COPY .recover | sqlite3 NEW
            """
        case .failed(let path, let reason):
            "the store '\(path)' failed: \(reason)"
        }
    }
}
