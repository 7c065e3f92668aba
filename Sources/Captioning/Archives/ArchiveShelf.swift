import Glibc
import Synchronization
import SystemPackage

/// The archives of a job, a few of them open at a time.
///
/// Images come archive by archive, so that the latest few suffice, however many a job has.
final class ArchiveShelf: Sendable {
    private let latest = Mutex<[(path: [UInt8], archive: Archive)]>([])

    private static let mostOpen = 8

    /// The archive that a path leads into, which is where it leads through a file, and the path below it; nil when it
    /// leads into none.
    func place(of path: FilePath) -> (archive: FilePath, below: [UInt8])? {
        var archive = path
        while archive.removeLastComponent(), !archive.isEmpty {
            var status = stat()
            guard archive.withPlatformString({ stat($0, &status) }) == 0 else {
                guard errno == ENOTDIR else { return nil }
                continue
            }
            guard status.st_mode & S_IFMT == S_IFREG else { return nil }
            return (archive, Array(path.bytes.dropFirst(archive.bytes.count + 1)))
        }
        return nil
    }

    /// The archive at a path, opened if need be.
    ///
    /// - Throws: `ArchiveProblem`.
    func archive(at path: FilePath) throws(ArchiveProblem) -> Archive {
        let bytes = path.bytes
        let result = latest.withLock { latest -> Result<Archive, ArchiveProblem> in
            let archive: Archive
            if let place = latest.firstIndex(where: { $0.path == bytes }) {
                archive = latest.remove(at: place).archive
            } else {
                do throws(ArchiveProblem) {
                    archive = try Archive(OpenFile(path: path))
                } catch {
                    return .failure(error)
                }
            }
            latest.append((bytes, archive))
            if latest.count > Self.mostOpen { latest.removeFirst() }
            return .success(archive)
        }
        return try result.get()
    }
}
