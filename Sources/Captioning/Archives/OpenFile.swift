import Foundation
import Glibc
import SystemPackage

/// A regular file that stays open, and is read at any place by any thread.
final class OpenFile: Sendable {
    /// The bytes that it had when it was opened.
    let count: Int

    private let descriptor: Int32

    /// - Throws: `ArchiveProblem`.
    init(path: FilePath) throws(ArchiveProblem) {
        // Not blocking: opening a pipe must not wait for a writer.
        descriptor = path.withPlatformString { open($0, O_RDONLY | O_CLOEXEC | O_NONBLOCK) }
        guard descriptor >= 0 else { throw ArchiveProblem(errno: errno) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            count = 0
            throw ArchiveProblem("it is not a regular file")
        }
        count = Int(status.st_size)
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    /// Reads into the space; what is left of it at the file's end is returned unfilled.
    ///
    /// - Returns: The number of bytes read.
    /// - Throws: `ArchiveProblem`.
    func read(into space: UnsafeMutableRawBufferPointer, at offset: Int) throws(ArchiveProblem) -> Int {
        var filled = 0
        while filled < space.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: space[filled...])
            let got = pread(descriptor, rest.baseAddress, rest.count, off_t(offset + filled))
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { throw ArchiveProblem(errno: errno) }
            guard got > 0 else { break }
            filled += got
        }
        return filled
    }

    /// How the file stood when it was opened; nil when that cannot be relied upon later.
    func state(path: FilePath) -> FolderState? {
        guard let state = FolderState(path: path, descriptor: descriptor) else { return nil }
        return state.isReliable(descriptor: descriptor) ? state : nil
    }
}
