import Glibc
import SystemPackage

/// Visits the files of a folder and everything below it, in the order of their path's bytes, one directory in memory at
/// a time.
///
/// Hidden names are skipped. A symbolic link to a file counts as a file. A link to a directory is followed only when it
/// leads out of the folder (what lies inside is reached by its own path) and not back to where the walk stands, so no
/// loop is ever entered.
struct FolderWalk {
    private let root: FilePath
    private let realRoot: [UInt8]
    /// Directories that could not be listed, as paths below the root, with the reason.
    private(set) var unreadable: [(path: [UInt8], reason: String)] = []

    init(root: FilePath) {
        self.root = root
        self.realRoot = realPath(root) ?? []
    }

    /// Calls `visit` with every file's path below the root.
    mutating func forEachFile(_ visit: (_ path: [UInt8]) throws -> Void) throws {
        try walk(below: [], ancestors: [], visit)
    }

    private mutating func walk(
        below prefix: [UInt8], ancestors: [FileIdentity], _ visit: ([UInt8]) throws -> Void
    ) throws {
        let directory = prefix.isEmpty ? root : root.pushing(path(of: prefix))
        guard let identity = FileIdentity(of: directory), !ancestors.contains(identity) else { return }
        guard let entries = list(directory, below: prefix) else { return }
        for entry in entries {
            let path = prefix.isEmpty ? entry.name : prefix + [slash] + entry.name
            if entry.isDirectory {
                try walk(below: path, ancestors: ancestors + [identity], visit)
            } else {
                try visit(path)
            }
        }
    }

    /// The visible entries of a directory, sorted as their whole paths sort: a directory as if its name ended in `/`.
    private mutating func list(_ directory: FilePath, below prefix: [UInt8]) -> [Entry]? {
        guard let stream = directory.withPlatformString({ opendir($0) }) else {
            unreadable.append((prefix, String(cString: strerror(errno))))
            return nil
        }
        defer { closedir(stream) }
        var entries: [Entry] = []
        while let record = readdir(stream) {
            let name = withUnsafeBytes(of: &record.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
            guard name.first != UInt8(ascii: ".") else { continue }
            let path = directory.appending(FilePath.Component(bytes: name))
            switch Int32(record.pointee.d_type) {
            case Int32(DT_DIR): entries.append(Entry(name: name, isDirectory: true))
            case Int32(DT_LNK), Int32(DT_UNKNOWN):
                switch linkedDirectory(path) {
                case .none: entries.append(Entry(name: name, isDirectory: false))
                case .some(let isFollowed): if isFollowed { entries.append(Entry(name: name, isDirectory: true)) }
                }
            default: entries.append(Entry(name: name, isDirectory: false))
            }
        }
        return entries.sorted { $0.sortKey.lexicographicallyPrecedes($1.sortKey) }
    }

    /// Whether a path that may be a link leads to a directory, and if so, whether to follow it.
    private func linkedDirectory(_ path: FilePath) -> Bool? {
        var status = stat()
        guard path.withPlatformString({ stat($0, &status) }) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            return nil
        }
        var link = stat()
        guard path.withPlatformString({ lstat($0, &link) }) == 0, link.st_mode & S_IFMT == S_IFLNK else { return true }
        guard let target = realPath(path) else { return false }
        let isInside = target == realRoot || target.starts(with: realRoot + [slash])
        let isAbove = realRoot.starts(with: target == [slash] ? target : target + [slash])
        return !isInside && !isAbove
    }

    private struct Entry {
        let name: [UInt8]
        let isDirectory: Bool

        var sortKey: [UInt8] { isDirectory ? name + [slash] : name }
    }
}

/// Which directory it really is, whatever path leads there.
private struct FileIdentity: Hashable {
    let device: dev_t
    let inode: ino_t

    init?(of path: FilePath) {
        var status = stat()
        guard path.withPlatformString({ stat($0, &status) }) == 0 else { return nil }
        device = status.st_dev
        inode = status.st_ino
    }
}

private let slash = UInt8(ascii: "/")

private func realPath(_ path: FilePath) -> [UInt8]? {
    guard let resolved = path.withPlatformString({ realpath($0, nil) }) else { return nil }
    defer { free(resolved) }
    return Array(UnsafeRawBufferPointer(start: resolved, count: strlen(resolved)))
}
