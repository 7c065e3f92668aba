import Captioning
import Foundation
import Glibc
import SystemPackage

/// A new file beside another, under a name that tells whose it is: `.captions.csv.4711.1f0c9a3e.caption-part`.
///
/// Its writer holds a lock on it, so that what a killed process left behind is told from what is being written, also by
/// another machine's or container's process whose number means nothing here.
struct TemporaryFile {
    let path: FilePath
    /// Open for writing, and locked.
    let descriptor: Int32

    private static let ending = Array(".caption-part".utf8)

    /// A new file with the permissions of the target, if that exists.
    ///
    /// Never follows a link and never opens what is there already.
    /// - Throws: `FileFailure`.
    init(for target: FilePath) throws(FileFailure) {
        for _ in 0..<16 {
            let middle = "\(getpid()).\(String(UInt32.random(in: .min ... .max), radix: 16))"
            let name = Self.beginning(for: target) + Array(middle.utf8) + Self.ending
            let path = target.removingLastComponent().pushing(FilePath(bytes: name))
            let descriptor = path.withPlatformString {
                open($0, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o666)
            }
            if descriptor < 0, errno == EEXIST { continue }
            guard descriptor >= 0 else { throw .ofSystem }
            // Somebody who cleans up may have been quicker; a file system without locks has nobody clean up.
            let isLocked = flock(descriptor, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK
            if isLocked, FileIdentity(at: path) == FileIdentity(descriptor: descriptor) {
                self.path = path
                self.descriptor = descriptor
                keepPermissions(of: target)
                return
            }
            close(descriptor)
        }
        throw FileFailure("no temporary file can be made beside it")
    }

    private func keepPermissions(of target: FilePath) {
        var status = stat()
        guard target.withPlatformString({ stat($0, &status) }) == 0 else { return }
        // Only root may give files away; for others it is theirs already, or stays their own.
        _ = fchown(descriptor, status.st_uid, status.st_gid)
        _ = fchmod(descriptor, status.st_mode & 0o777)
    }

    /// Removes the temporary files for a target that nobody writes any more.
    static func removeLeftovers(of target: FilePath) {
        let parent = target.removingLastComponent()
        let folder = parent.isEmpty ? FilePath(".") : parent
        guard let stream = folder.withPlatformString({ opendir($0) }) else { return }
        defer { closedir(stream) }
        let beginning = beginning(for: target)
        while let record = readdir(stream) {
            let name = withUnsafeBytes(of: &record.pointee.d_name) { field in
                Array(field.prefix { $0 != 0 })
            }
            guard name.starts(with: beginning), name.suffix(ending.count).elementsEqual(ending),
                isMiddle(name.dropFirst(beginning.count).dropLast(ending.count))
            else { continue }
            removeUnlessLocked(folder.pushing(FilePath(bytes: name)))
        }
    }

    private static func removeUnlessLocked(_ path: FilePath) {
        let descriptor = path.withPlatformString { open($0, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC) }
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_uid == geteuid(),
            flock(descriptor, LOCK_EX | LOCK_NB) == 0
        else { return }
        _ = path.withPlatformString { unlink($0) }
    }

    /// What the name of a target's temporary files begins with; long names are cut, so that they stay names.
    private static func beginning(for target: FilePath) -> [UInt8] {
        let dot = UInt8(ascii: ".")
        return [dot] + (target.lastComponent.map { FilePath(root: nil, [$0]).bytes.prefix(180) } ?? []) + [dot]
    }

    /// Whether it is a process's number and a random one.
    private static func isMiddle(_ bytes: some Collection<UInt8>) -> Bool {
        let parts = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 2 else { return false }
        return Int32(String(decoding: parts[0], as: UTF8.self)) != nil
            && UInt32(String(decoding: parts[1], as: UTF8.self), radix: 16) != nil
    }
}
