import Captioning
import Foundation
import Glibc
import SystemPackage

/// Refuses to write over anything but text, and over any file that a job lives by: its spec, its store with what belongs
/// to it, and the images, archives, manifests and lists that the spec names.
///
/// - Throws: `CommandFailure`, exit 64.
func requireReplaceable(_ target: OutputTarget, of job: Job, _ options: JobOptions, _ context: Context) throws {
    guard case .file(let path) = target else { return }
    func refuse(_ reason: Message) -> CommandFailure {
        CommandFailure(
            status: .badUsage, message: "'\(path.string)' \(reason); nothing was written. Choose another name")
    }
    let store = job.store.bytes
    let own = ["", "-wal", "-shm", "-journal", ".lock", ".unrecorded.jsonl"].map {
        FilePath(bytes: store + Array($0.utf8))
    }
    for protected in own + [context.path(options.spec)] where isSame(path, protected) {
        throw refuse("is the job's own file '\(protected.string)'")
    }
    if let key = Planner(job: job).keyPath(naming: path) { throw refuse("belongs to the job (\(key))") }
    if let descriptor = openExisting(path) {
        defer { close(descriptor) }
        guard isText(descriptor) else { throw refuse("exists and is not a text file") }
    }
}

private func openExisting(_ path: FilePath) -> Int32? {
    let descriptor = path.withPlatformString { open($0, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC) }
    return descriptor >= 0 ? descriptor : nil
}

/// Whether a file begins as text, or is empty: images, archives and databases do not.
private func isText(_ descriptor: Int32) -> Bool {
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = max(pread(descriptor, &bytes, bytes.count, 0), 0)
    bytes.removeLast(bytes.count - count)
    guard !bytes.contains(0), ImageFormat.sniff(Data(bytes)) == nil else { return false }
    // The last character may be cut.
    return (0...min(3, count)).contains { String(validating: bytes.dropLast($0), as: UTF8.self) != nil }
}

/// Whether two paths name one file, whether it exists or not.
private func isSame(_ first: FilePath, _ second: FilePath) -> Bool {
    guard let left = FileIdentity(at: first), let right = FileIdentity(at: second) else {
        return first == second
    }
    return left == right
}
