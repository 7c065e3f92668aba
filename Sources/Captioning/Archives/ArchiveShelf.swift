import Synchronization
import SystemPackage

/// The archives of a job, a few of them open at a time.
///
/// Images come archive by archive, so that the latest few suffice, however many a job has.
final class ArchiveShelf: Sendable {
    private let paths: Set<[UInt8]>
    private let latest = Mutex<[(path: [UInt8], archive: Archive)]>([])

    private static let mostOpen = 8

    /// - `paths`: The archives' own paths.
    init(_ paths: [FilePath]) {
        self.paths = Set(paths.map(\.bytes))
    }

    /// The archive that a path leads into, and the path below it; nil when it leads into none.
    func place(of path: FilePath) -> (archive: FilePath, below: [UInt8])? {
        guard !paths.isEmpty else { return nil }
        let bytes = path.bytes
        for slash in bytes.indices where bytes[slash] == UInt8(ascii: "/") {
            let archive = Array(bytes[..<slash])
            if paths.contains(archive) { return (FilePath(bytes: archive), Array(bytes[(slash + 1)...])) }
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
