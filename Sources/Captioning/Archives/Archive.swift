import Foundation
import Synchronization

/// A zip or tar archive whose files are read where they lie; nothing is unpacked to disk.
final class Archive: Sendable {
    private enum Format {
        case zip(ZipDirectory)
        case tar
    }

    /// A file's place by its name: sixteen bytes each, since an archive may hold a million.
    private struct Place {
        var hash: Int
        var position: Int
    }

    /// The archive's own file.
    let file: OpenFile

    private let format: Format
    private let places = Mutex<[Place]?>(nil)

    private static let pieceBytes = 256 * 1024
    private static let lookupBytes = 1024

    /// An archive in a file; what it is its content tells.
    ///
    /// - Throws: `ArchiveProblem` when it is none.
    init(_ file: OpenFile) throws(ArchiveProblem) {
        self.file = file
        var window = FileWindow(file, pieceBytes: Self.lookupBytes)
        if let directory = try ZipDirectory(&window) {
            format = .zip(directory)
        } else if try TarHeaders.isHeader(at: 0, &window) {
            format = .tar
        } else {
            let head = try window.bytes(at: 0, count: 1024)
            // A tar archive of nothing is all zeros.
            guard head.count < 1024 || head.bytes(0..<1024).contains(where: { $0 != 0 }) else {
                format = .tar
                return
            }
            throw ArchiveProblem(
                Self.isCompressed(head)
                    ? "a compressed archive can only be read from its beginning; unpack it, or make a .zip"
                    : "it is no zip or tar archive", label: "archive_unsupported")
        }
    }

    private static func isCompressed(_ head: ByteView) -> Bool {
        let beginnings: [[UInt8]] = [
            [0x1F, 0x8B], [0x1F, 0x9D], Array("BZh".utf8), [0xFD, 0x37, 0x7A, 0x58, 0x5A], [0x28, 0xB5, 0x2F, 0xFD],
            [0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C], Array("Rar!".utf8),
        ]
        return beginnings.contains { head.has($0) }
    }

    /// Calls `visit` for everything in the archive, in its order.
    ///
    /// - Returns: Why not all of it could be visited; nil when all was.
    /// - Throws: What `visit` throws.
    func forEachEntry(_ visit: (ArchiveEntry) throws -> Void) rethrows -> ArchiveProblem? {
        var window = FileWindow(file, pieceBytes: Self.pieceBytes)
        var position = start
        while true {
            let found: ArchiveEntry?
            do throws(ArchiveProblem) {
                found = try entry(at: position, &window)
            } catch {
                return error
            }
            guard let found else { return nil }
            try visit(found)
            position = found.next
        }
    }

    private var start: Int {
        switch format {
        case .zip(let directory): directory.start
        case .tar: 0
        }
    }

    private func entry(at position: Int, _ window: inout FileWindow) throws(ArchiveProblem) -> ArchiveEntry? {
        switch format {
        case .zip(let directory): try directory.entry(at: position, &window)
        case .tar: try TarHeaders.entry(at: position, &window)
        }
    }

    /// The file at a path below the archive, the last one of that name; nil when there is none.
    ///
    /// - Throws: `ArchiveProblem`.
    func entry(atPath path: [UInt8]) throws(ArchiveProblem) -> ArchiveEntry? {
        let places = placesByName()
        let hash = path.hashValue
        var low = 0
        var high = places.count
        while low < high {
            let middle = (low + high) / 2
            if places[middle].hash < hash { low = middle + 1 } else { high = middle }
        }
        var window = FileWindow(file, pieceBytes: Self.lookupBytes)
        for place in places[low...].prefix(while: { $0.hash == hash }).reversed() {
            if let entry = try entry(at: place.position, &window), entry.path == path { return entry }
        }
        return nil
    }

    /// Goes through the archive once, when the first file is looked for.
    private func placesByName() -> [Place] {
        places.withLock { known in
            if let known { return known }
            var places: [Place] = []
            // What can be reached in a damaged archive can be read; the plan has told of the rest.
            _ = forEachEntry { entry in
                guard entry.isFile, let path = entry.path else { return }
                places.append(Place(hash: path.hashValue, position: entry.position))
            }
            places.sort { ($0.hash, $0.position) < ($1.hash, $1.position) }
            known = places
            return places
        }
    }

    /// The bytes of a file in the archive.
    ///
    /// - Throws: `ArchiveProblem` when it is packed in a way that is not read, or damaged.
    func contents(of entry: ArchiveEntry) throws(ArchiveProblem) -> Data {
        switch entry.packing {
        case .plain(let offset):
            return try Inflater.contents(
                of: file, at: offset, packedSize: entry.packedSize, size: entry.size, isDeflated: false, checksum: nil)
        case .zipped(_, _, _, isEncrypted: true):
            throw ArchiveProblem("it is encrypted; unpack the archive first", label: "archive_unsupported")
        case .zipped(let offset, let method, let checksum, _):
            guard method == 0 || method == 8 else {
                throw ArchiveProblem(
                    "it is packed by method \(method), not 'deflate'; pack the archive again, or unpack it first",
                    label: "archive_unsupported")
            }
            var window = FileWindow(file, pieceBytes: Self.lookupBytes)
            let data = try ZipDirectory.dataOffset(ofHeaderAt: offset, &window)
            return try Inflater.contents(
                of: file, at: data, packedSize: entry.packedSize, size: entry.size, isDeflated: method == 8,
                checksum: checksum)
        }
    }
}
