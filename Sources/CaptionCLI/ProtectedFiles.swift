import Captioning
import SystemPackage

/// Refuses to write over the files that a job lives by: its store with what belongs to it, and its spec.
///
/// - Throws: `CommandFailure`, exit 64.
func requireNoStore(_ target: FilePath, of job: Job, _ options: JobOptions, _ context: Context) throws {
    let store = job.store.string
    for protected in ["", "-wal", "-shm", "-journal", ".lock", ".unrecorded.jsonl"].map({ store + $0 }) + [
        context.path(options.spec).string
    ] {
        guard isSame(target.string, protected) else { continue }
        throw CommandFailure(
            status: .badUsage,
            message: "'\(target.string)' is the job's own file '\(protected)'; nothing was written. Choose another name"
        )
    }
}

/// Whether two paths name one file, whether it exists or not.
private func isSame(_ first: String, _ second: String) -> Bool {
    guard let left = FileIdentity(at: first), let right = FileIdentity(at: second) else { return first == second }
    return left == right
}
