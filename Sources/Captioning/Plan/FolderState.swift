import CLinux
import Glibc
public import SystemPackage

/// A folder as a walk found it, to tell later whether a name has come or gone since without listing it.
///
/// The kernel sets a directory's ctime whenever an entry is added, removed or renamed, and no program can set it back
/// (inode(7)); so an unchanged ctime of the same inode means unchanged names.
public struct FolderState: Hashable, Sendable {
    /// Where it is, as the walk went there.
    public var path: FilePath
    /// The file system.
    public var device: UInt64
    /// The directory on it.
    public var inode: UInt64
    /// The ctime, in nanoseconds since 1970.
    public var changedAt: Int64

    /// A state.
    public init(path: FilePath, device: UInt64, inode: UInt64, changedAt: Int64) {
        self.path = path
        self.device = device
        self.inode = inode
        self.changedAt = changedAt
    }

    /// The state of an open directory; nil when it cannot be told.
    init?(path: FilePath, descriptor: Int32) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return nil }
        self.init(path: path, status)
    }

    private init(path: FilePath, _ status: stat) {
        self.init(
            path: path, device: UInt64(status.st_dev), inode: UInt64(status.st_ino),
            changedAt: Int64(status.st_ctim.tv_sec) * 1_000_000_000 + Int64(status.st_ctim.tv_nsec))
    }

    /// Whether the folder still is as it was.
    public var isCurrent: Bool {
        var status = stat()
        guard path.withPlatformString({ stat($0, &status) }) == 0 else { return false }
        return FolderState(path: path, status) == self
    }

    /// Whether the ctime can be relied upon: by the file system, and because the last change is not so fresh that another
    /// one could carry the same time.
    ///
    /// - `descriptor`: The open directory.
    func isReliable(descriptor: Int32) -> Bool {
        var fileSystem = statfs()
        guard fstatfs(descriptor, &fileSystem) == 0,
            Self.reliable.contains(UInt32(truncatingIfNeeded: fileSystem.f_type))
        else { return false }
        var now = timespec()
        guard clock_gettime(CLOCK_REALTIME, &now) == 0 else { return false }
        return Int64(now.tv_sec) * 1_000_000_000 + Int64(now.tv_nsec) - changedAt > 2_000_000_000
    }

    /// File systems that Linux alone writes, by the magic numbers of statfs(2).
    ///
    /// ext2 to ext4, XFS, Btrfs, tmpfs, F2FS, ZFS, bcachefs and overlays of them. A card from a camera or a network share may
    /// be changed by others.
    private static let reliable: Set<UInt32> = [
        0xEF53, 0x5846_5342, 0x9123_683E, 0x0102_1994, 0xF2F5_2010, 0x2FC1_2FC1, 0xCA45_1A4E, 0x794C_7630,
    ]
}
