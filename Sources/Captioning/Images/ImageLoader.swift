import Crypto
import Foundation
import Glibc
public import SystemPackage

/// Reads image files, on disk or in archives.
public struct ImageLoader: Sendable {
    private let shelf = ArchiveShelf()

    /// A loader.
    public init() {}

    /// The size of a file in bytes, to reserve memory before reading it; 0 when it cannot be told.
    func byteCount(of path: FilePath) -> Int {
        var status = stat()
        guard path.withPlatformString({ stat($0, &status) }) == 0 else {
            guard errno == ENOTDIR, let (archive, below) = shelf.place(of: path) else { return 0 }
            let entry = try? shelf.archive(at: archive).entry(atPath: below)
            return min(entry?.size ?? 0, ImageLimits.mostFileBytes)
        }
        return status.st_mode & S_IFMT == S_IFREG ? min(Int(status.st_size), ImageLimits.mostFileBytes) : 0
    }

    /// Reads one file and its header.
    ///
    /// Blocks the thread while reading. A pipe or device is refused without being opened for long.
    /// - Throws: `Failure` of kind `unreadableImage`.
    public func load(_ path: FilePath) throws(Failure) -> LoadedImage {
        try loaded(try read(path))
    }

    /// An image that is in memory already, with its header.
    ///
    /// - Throws: `Failure` of kind `unreadableImage`.
    func loaded(_ data: Data) throws(Failure) -> LoadedImage {
        let header: ImageHeader
        do {
            header = try ImageHeader(parsing: data)
        } catch {
            throw unreadable(error.label, error.message)
        }
        return LoadedImage(data: data, header: header, digest: Array(SHA256.hash(data: data)))
    }

    private func read(_ path: FilePath) throws(Failure) -> Data {
        // Not blocking: opening a pipe must not wait for a writer.
        let descriptor = path.withPlatformString { open($0, O_RDONLY | O_NONBLOCK | O_CLOEXEC) }
        guard descriptor >= 0 else {
            let number = errno
            guard number == ENOTDIR, let (archive, below) = shelf.place(of: path) else { throw readFailure(number) }
            return try read(below, from: archive)
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw unreadable("file_unreadable", "it is not a regular file")
        }
        let size = Int(status.st_size)
        if let violation = violation(fileBytes: size) { throw unreadable(violation.label, violation.message) }
        // Not `Data(count:)`, which would fill it with zeros first.
        guard let bytes = malloc(size) else { throw readFailure(ENOMEM) }
        var filled = 0
        while filled < size {
            let got = Glibc.read(descriptor, bytes + filled, size - filled)
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else {
                let number = errno
                free(bytes)
                throw readFailure(number)
            }
            // The file shrank since: what was read is what there is.
            guard got > 0 else { break }
            filled += got
        }
        // Only now: a few bytes are copied, and their memory is freed at once.
        return Data(bytesNoCopy: bytes, count: filled, deallocator: .free)
    }

    /// Reads one file of an archive.
    private func read(_ path: [UInt8], from archive: FilePath) throws(Failure) -> Data {
        do throws(ArchiveProblem) {
            let archive = try shelf.archive(at: archive)
            guard let entry = try archive.entry(atPath: path) else {
                throw ArchiveProblem(
                    "the archive has no such file; put it in, or take it out of the job", label: "file_missing")
            }
            if let violation = violation(fileBytes: entry.size) {
                throw ArchiveProblem(violation.message, label: violation.label)
            }
            return try archive.contents(of: entry)
        } catch {
            if let number = error.errno { throw readFailure(number) }
            throw unreadable(error.label, error.message)
        }
    }

    /// Why a file of this many bytes is not worth reading; nil when it is.
    private func violation(fileBytes size: Int) -> ImageViolation? {
        size > 0
            ? ImageLimits().violation(fileBytes: size)
            : ImageViolation(label: "file_empty", message: "the file is empty")
    }

    /// Why a file could not be read: its own fault, or this machine's for now.
    private func readFailure(_ number: Int32) -> Failure {
        let reason = String(cString: strerror(number))
        return switch number {
        case EMFILE, ENFILE, ENOMEM: Failure(.unavailable, label: "file_unreadable", detail: reason)
        case EIO, ESTALE, EAGAIN:
            Failure(.transient, label: "file_unreadable", detail: reason)
        case ENOENT: unreadable("file_missing", "\(reason); put the file there, or take it out of the job")
        default: unreadable("file_unreadable", reason)
        }
    }

    private func unreadable(_ label: String, _ reason: String) -> Failure {
        Failure(.unreadableImage, label: label, detail: reason)
    }
}

extension Failure: Error {}
