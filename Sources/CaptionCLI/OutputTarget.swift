import Captioning
import Foundation
import Glibc
import SystemPackage

/// Why a file cannot be written.
struct FileFailure: Error {
    let reason: String

    init(_ reason: String) {
        self.reason = reason
    }

    /// What the system said last.
    static var ofSystem: FileFailure { FileFailure(String(cString: strerror(errno))) }
}

/// What a name that a person gives for output leads to.
enum OutputTarget: Hashable {
    /// Standard output or standard error of this process, under a name such as `/dev/stdout`; perhaps a file that others
    /// write to, too, so that it is neither replaced nor cut.
    case own(Int32)
    /// A device or a pipe: written to as it is.
    case stream(FilePath)
    /// A regular file, links followed, or one that is not there yet.
    case file(FilePath)

    /// - Throws: `FileFailure` for what cannot be written to.
    init(_ name: FilePath) throws(FileFailure) {
        var status = stat()
        guard name.withPlatformString({ stat($0, &status) }) == 0 else {
            guard errno == ENOENT else { throw .ofSystem }
            guard name.withPlatformString({ lstat($0, &status) }) != 0 else {
                throw FileFailure("it is a link that leads nowhere")
            }
            self = .file(name)
            return
        }
        let identity = FileIdentity(at: name)
        if let own = [STDOUT_FILENO, STDERR_FILENO].first(where: { FileIdentity(descriptor: $0) == identity }),
            identity != nil
        {
            self = .own(own)
            return
        }
        switch status.st_mode & S_IFMT {
        case S_IFREG: self = .file(name.resolved ?? name)
        case S_IFIFO, S_IFCHR: self = .stream(name)
        case S_IFDIR: throw FileFailure("it is a folder")
        default: throw FileFailure("it is neither a file, a pipe nor a device that can be written to")
        }
    }
}

/// Writes everything to a descriptor.
///
/// - Parameters:
///   - bytes: What to write.
///   - descriptor: Open for writing.
///   - patience: How long a pipe may take nothing; nil waits as long as it takes.
/// - Throws: `FileFailure`.
func write(_ bytes: some Collection<UInt8>, to descriptor: Int32, patience: Duration? = nil) throws(FileFailure) {
    var rest = Array(bytes)[...]
    while !rest.isEmpty {
        let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
        if count < 0, errno == EINTR { continue }
        if count < 0, errno == EAGAIN, let patience {
            var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            guard poll(&waiting, 1, Int32(patience / .milliseconds(1))) > 0 else {
                throw FileFailure("whoever reads it takes no more")
            }
            continue
        }
        guard count > 0 else { throw .ofSystem }
        rest = rest.dropFirst(count)
    }
}
