import Captioning
import Foundation
import Glibc
import SystemPackage

/// A file that appears under its name only when it is whole: written beside it, then renamed over it.
///
/// Devices and pipes are written to directly.
final class ReplacingFile: Sendable {
    private let target: FilePath
    /// Nil when the target is written to directly.
    private let temporary: TemporaryFile?
    private let descriptor: Int32
    private let isCommitted = Locked(false)

    /// - Throws: `FileFailure`.
    init(_ output: OutputTarget) throws(FileFailure) {
        switch output {
        case .own(let own):
            (target, temporary) = (FilePath(""), nil)
            descriptor = fcntl(own, F_DUPFD_CLOEXEC, 0)
        case .stream(let path):
            (target, temporary) = (path, nil)
            descriptor = path.withPlatformString { open($0, O_WRONLY | O_NOCTTY | O_CLOEXEC) }
        case .file(let path):
            TemporaryFile.removeLeftovers(of: path)
            let beside = try TemporaryFile(for: path)
            (target, temporary) = (path, beside)
            descriptor = beside.descriptor
        }
        if descriptor < 0 { throw .ofSystem }
    }

    /// - Throws: `FileFailure`.
    func write(_ bytes: [UInt8]) throws(FileFailure) {
        try CaptionCLI.write(bytes, to: descriptor)
    }

    /// Puts the file in its place.
    ///
    /// - Throws: `FileFailure`.
    func commit() throws(FileFailure) {
        guard let temporary else { return }
        let isMoved = temporary.path.withPlatformString { from in
            target.withPlatformString { to in fsync(descriptor) == 0 && rename(from, to) == 0 }
        }
        guard isMoved else { throw .ofSystem }
        isCommitted.with { $0 = true }
        // The new name is to survive a power failure, too; where folders cannot be synced, it does as it can.
        let folder = target.removingLastComponent().withPlatformString { open($0, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        guard folder >= 0 else { return }
        _ = fsync(folder)
        close(folder)
    }

    deinit {
        // Unlinked before its lock goes with the descriptor.
        if !isCommitted.with({ $0 }) { _ = temporary?.path.withPlatformString { unlink($0) } }
        close(descriptor)
    }
}
