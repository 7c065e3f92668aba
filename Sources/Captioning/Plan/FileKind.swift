import Glibc
public import SystemPackage

/// Whether something stands at the path, links followed.
func exists(_ path: FilePath) -> Bool {
    path.withPlatformString { access($0, F_OK) } == 0
}

/// Whether a directory stands at the path, links followed.
public func isDirectory(_ path: FilePath) -> Bool {
    var status = stat()
    return path.withPlatformString { stat($0, &status) } == 0 && status.st_mode & S_IFMT == S_IFDIR
}
