import Foundation
import Glibc
import SystemPackage

/// A file that appears under its name only when it is whole: written beside it, then renamed over it.
final class ReplacingFile: Sendable {
    /// What went wrong.
    struct Failure: Error {
        let reason: String
    }

    private let target: FilePath
    private let temporary: FilePath
    private let descriptor: Int32
    private let isCommitted = Locked(false)

    init(target: FilePath) throws {
        self.target = target
        let name = ".\(target.lastComponent?.string ?? "export").\(ProcessInfo.processInfo.processIdentifier).tmp"
        temporary = target.removingLastComponent().appending(name)
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
        let isMoved = temporary.withPlatformString { from in
            target.withPlatformString { to in fsync(descriptor) == 0 && rename(from, to) == 0 }
        }
        guard isMoved else { throw Failure(reason: String(cString: strerror(errno))) }
        isCommitted.with { $0 = true }
    }

    deinit {
        close(descriptor)
        if !isCommitted.with({ $0 }) { _ = temporary.withPlatformString { unlink($0) } }
    }
}
