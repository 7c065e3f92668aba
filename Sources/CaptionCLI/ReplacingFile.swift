import Captioning
import Foundation
import Glibc
import SystemPackage

/// A file that appears under its name only when it is whole: written beside it, then renamed over it.
///
/// What is no regular file (a device, a pipe) is written to directly, and a link is followed.
final class ReplacingFile: Sendable {
    /// What went wrong.
    struct Failure: Error {
        let reason: String
    }

    private let target: FilePath
    /// Nil when the target is written to directly.
    private let temporary: FilePath?
    private let descriptor: Int32
    private let isCommitted = Locked(false)

    init(target name: FilePath) throws {
        var status = stat()
        let exists = name.withPlatformString { stat($0, &status) } == 0
        if exists, status.st_mode & S_IFMT != S_IFREG {
            target = name
            temporary = nil
            descriptor = name.withPlatformString { open($0, O_WRONLY | O_CLOEXEC) }
            if descriptor < 0 { throw Failure(reason: String(cString: strerror(errno))) }
            return
        }
        target = name.resolved ?? name
        let name = ".\(target.lastComponent?.string ?? "export").\(ProcessInfo.processInfo.processIdentifier).tmp"
        let temporary = target.removingLastComponent().appending(name)
        self.temporary = temporary
        descriptor = temporary.withPlatformString { open($0, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644) }
        if descriptor < 0 { throw Failure(reason: String(cString: strerror(errno))) }
    }

    func write(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw Failure(reason: String(cString: strerror(errno))) }
            rest = rest.dropFirst(count)
        }
    }

    /// Puts the file in its place.
    func commit() throws {
        guard let temporary else { return }
        let isMoved = temporary.withPlatformString { from in
            target.withPlatformString { to in fsync(descriptor) == 0 && rename(from, to) == 0 }
        }
        guard isMoved else { throw Failure(reason: String(cString: strerror(errno))) }
        isCommitted.with { $0 = true }
    }

    deinit {
        close(descriptor)
        if !isCommitted.with({ $0 }) { _ = temporary?.withPlatformString { unlink($0) } }
    }
}
