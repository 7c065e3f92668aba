import Glibc
public import SystemPackage

/// Which file it really is, whatever path leads there.
package struct FileIdentity: Hashable, Sendable {
    private let device: dev_t
    private let inode: ino_t

    /// The file at a path, links followed; nil when there is none.
    package init?(at path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        self.init(status)
    }

    /// The file at a path of any bytes, links followed; nil when there is none.
    package init?(at path: FilePath) {
        var status = stat()
        guard path.withPlatformString({ stat($0, &status) }) == 0 else { return nil }
        self.init(status)
    }

    /// An open file; nil when it cannot be told.
    package init?(descriptor: Int32) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return nil }
        self.init(status)
    }

    private init(_ status: stat) {
        device = status.st_dev
        inode = status.st_ino
    }
}

/// Whether something stands at the path, links followed.
func exists(_ path: FilePath) -> Bool {
    path.withPlatformString { access($0, F_OK) } == 0
}

/// Whether a directory stands at the path, links followed.
public func isDirectory(_ path: FilePath) -> Bool {
    var status = stat()
    return path.withPlatformString { stat($0, &status) } == 0 && status.st_mode & S_IFMT == S_IFDIR
}
