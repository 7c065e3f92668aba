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
    /// Whether unchanged folders mean an unchanged walk: nothing was unreadable, a link or of an unreliable age.
    private(set) var isLasting = true

    init(root: FilePath) {
        self.root = root
        self.realRoot = root.resolved?.bytes ?? []
    }

    /// Calls `visit` with every file's path below the root, and `enter` with every folder.
    mutating func forEachFile(
        enter: (FolderState) throws -> Void = { _ in }, _ visit: (_ path: [UInt8]) throws -> Void
    ) throws {
        try walk(below: [], ancestors: [], enter, visit)
    }

    private mutating func walk(
        below prefix: [UInt8], ancestors: [FolderState], _ enter: (FolderState) throws -> Void,
        _ visit: ([UInt8]) throws -> Void
    ) throws {
        let directory = prefix.isEmpty ? root : root.pushing(FilePath(bytes: prefix))
        guard let (state, entries) = list(directory, below: prefix) else { return }
        let isAncestor = ancestors.contains { $0.device == state.device && $0.inode == state.inode }
        guard !isAncestor else { return }
        try enter(state)
        for entry in entries {
            let path = prefix.isEmpty ? entry.name : prefix + [slash] + entry.name
            if entry.isDirectory {
                try walk(below: path, ancestors: ancestors + [state], enter, visit)
            } else {
                try visit(path)
            }
        }
    }

    private mutating func list(_ directory: FilePath, below prefix: [UInt8]) -> (FolderState, DirectoryListing)? {
        guard let stream = directory.withPlatformString({ opendir($0) }),
            let state = FolderState(path: directory, descriptor: dirfd(stream))
        else {
            unreadable.append((prefix, String(cString: strerror(errno))))
            isLasting = false
            return nil
        }
        defer { closedir(stream) }
        if isLasting { isLasting = state.isReliable(descriptor: dirfd(stream)) }
        var listing = DirectoryListing()
        while true {
            errno = 0
            guard let record = readdir(stream) else {
                guard errno != 0 else { break }
                unreadable.append((prefix, String(cString: strerror(errno))))
                isLasting = false
                return nil
            }
            let kind = Int32(record.pointee.d_type)
            withUnsafeBytes(of: &record.pointee.d_name) { field in
                guard let start = field.baseAddress, field[0] != UInt8(ascii: ".") else { return }
                let name = UnsafeRawBufferPointer(start: start, count: strnlen(start, field.count))
                if kind == Int32(DT_LNK) || kind == Int32(DT_UNKNOWN) {
                    isLasting = false
                    let path = directory.appending(FilePath.Component(bytes: Array(name)))
                    switch linkedDirectory(path) {
                    case .none: listing.append(name, isDirectory: false)
                    case .some(let isFollowed): if isFollowed { listing.append(name, isDirectory: true) }
                    }
                } else {
                    listing.append(name, isDirectory: kind == Int32(DT_DIR))
                }
            }
        }
        listing.sort()
        return (state, listing)
    }

    /// Whether a path that may be a link leads to a directory, and if so, whether to follow it.
    private func linkedDirectory(_ path: FilePath) -> Bool? {
        var status = stat()
        guard path.withPlatformString({ stat($0, &status) }) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            return nil
        }
        var link = stat()
        guard path.withPlatformString({ lstat($0, &link) }) == 0, link.st_mode & S_IFMT == S_IFLNK else { return true }
        guard let target = path.resolved?.bytes else { return false }
        let isInside = target == realRoot || target.starts(with: realRoot + [slash])
        let isAbove = realRoot.starts(with: target == [slash] ? target : target + [slash])
        return !isInside && !isAbove
    }
}

private let slash = UInt8(ascii: "/")
