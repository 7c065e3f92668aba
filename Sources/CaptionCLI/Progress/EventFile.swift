import Foundation
import Glibc
import SystemPackage

/// Where events are written: a file from its beginning, or a device or pipe as it is.
///
/// A pipe that nobody reads, or that its reader lets fill up, must not hold a run up for long.
final class EventFile: Sendable {
    private let descriptor: Int32
    /// How long the reader of a pipe may take nothing.
    private static let patience = Duration.seconds(2)

    /// - Throws: `FileFailure`.
    init(_ target: OutputTarget) throws(FileFailure) {
        switch target {
        case .own(let own):
            descriptor = fcntl(own, F_DUPFD_CLOEXEC, 0)
            guard descriptor >= 0 else { throw .ofSystem }
        case .stream(let path): descriptor = try Self.openStream(path)
        case .file(let path):
            descriptor = path.withPlatformString {
                open($0, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0o666)
            }
            guard descriptor >= 0 else { throw .ofSystem }
            var status = stat()
            guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, ftruncate(descriptor, 0) == 0
            else {
                close(descriptor)
                throw FileFailure("it cannot be written from its beginning")
            }
        }
    }

    /// - Throws: `FileFailure`.
    func write(_ data: Data) throws(FileFailure) {
        try CaptionCLI.write(data, to: descriptor, patience: Self.patience)
    }

    /// Opens a device or pipe; the reader of a pipe that is started beside this program has a moment to open it, too.
    private static func openStream(_ path: FilePath) throws(FileFailure) -> Int32 {
        for _ in 0..<200 {
            let descriptor = path.withPlatformString { open($0, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC) }
            if descriptor >= 0 { return descriptor }
            guard errno == ENXIO else { throw .ofSystem }
            usleep(10_000)
        }
        throw FileFailure("nobody reads this pipe; start its reader first")
    }

    deinit {
        close(descriptor)
    }
}
