import Captioning
import CaptioningSQLite
import Foundation
import SystemPackage

/// The file beside a store that keeps answers which were paid for and could not be recorded, one line of JSON each.
///
/// The next run takes them in before it asks anything, `caption recover` whenever it is told to.
struct UnrecordedFile: Sendable {
    private static let suffix = ".unrecorded.jsonl"
    /// A larger file is none of ours: a reply has 16 MiB at most.
    private static let maxBytes = 1 << 30

    private let store: FilePath
    private let storeID: String
    private let requests: [String: Data]

    /// - `storeID`: The id of the store that the answers belong to.
    init(job: Job, storeID: String) {
        store = job.store
        self.storeID = storeID
        requests = Dictionary(RequestVersion.versions(of: job).map { ($0.promptID, $0.digest) }) { first, _ in first }
    }

    /// The file of a store.
    static func path(ofStore store: FilePath) -> FilePath {
        FilePath(store.string + suffix)
    }

    /// The store of a file; nil when its name does not tell.
    static func store(of file: FilePath) -> FilePath? {
        file.string.hasSuffix(suffix) ? FilePath(String(file.string.dropLast(suffix.count))) : nil
    }

    /// Keeps an answer: beside the store, or in the folder for temporary files.
    ///
    /// - Returns: What to tell the user; nil when the report holds no text.
    func keep(_ report: AttemptReport, of claim: Claim) -> Message? {
        let request = requests[claim.item.key.promptID]
        guard let answer = UnrecordedAnswer(report, of: claim, request: request, store: storeID),
            let line = try? answer.line()
        else { return nil }
        let temporary = FilePath(FileManager.default.temporaryDirectory.path)
            .appending("caption-\(storeID)\(Self.suffix)")
        for file in [Self.path(ofStore: store), temporary] where append(line, to: file) {
            let command = ShellText.line(
                ["caption", "recover", ShellText.path(file.string)] + ShellText.option("--store", store.string))
            let next: Message = file == temporary ? "'\(command)' brings it back" : "the next run brings it back"
            return "not recorded, kept in '\(file.string)': the answer for '\(claim.item.key.image.display)'; \(next)"
        }
        return "not recorded: \(json: String(decoding: line.dropLast(), as: UTF8.self))"
    }

    /// Whether the whole line is on disk; a file that is not this user's own is not written to.
    private func append(_ line: Data, to file: FilePath) -> Bool {
        do {
            let descriptor = try FileDescriptor.open(
                file, .readWrite, options: [.append, .create, .noFollow, .closeOnExec],
                permissions: [.ownerReadWrite])
            return try descriptor.closeAfter {
                var status = stat()
                guard fstat(descriptor.rawValue, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
                    status.st_uid == geteuid(), status.st_nlink == 1
                else { return false }
                do {
                    try descriptor.writeAll(line)
                    guard fsync(descriptor.rawValue) == 0 else { throw Errno(rawValue: errno) }
                    return true
                } catch {
                    // Half a line would spoil the next one.
                    _ = ftruncate(descriptor.rawValue, status.st_size)
                    return false
                }
            }
        } catch {
            return false
        }
    }

    /// Takes the answers of a file into a store; a line that is none is refused.
    ///
    /// - Throws: `StoreError`; `CommandFailure` when the file cannot be read.
    static func recover(_ file: FilePath, into store: SQLiteJobStore) async throws -> Recovery {
        var recovery = Recovery()
        for (index, line) in try contents(of: file).split(separator: UInt8(ascii: "\n")).enumerated() {
            guard let answer = try? UnrecordedAnswer(line: Data(line)) else {
                recovery.refused.append("line \(index + 1) is not an answer that this program kept")
                continue
            }
            try await store.recover(answer, into: &recovery)
        }
        return recovery
    }

    private static func contents(of file: FilePath) throws -> Data {
        do {
            let descriptor = try FileDescriptor.open(file, .readOnly, options: [.nonBlocking, .closeOnExec])
            return try descriptor.closeAfter {
                var status = stat()
                guard fstat(descriptor.rawValue, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
                    throw CommandFailure(status: .badUsage, message: "'\(file.string)' is not a regular file")
                }
                guard status.st_size <= maxBytes else {
                    throw CommandFailure(
                        status: .badUsage, message: "'\(file.string)' is larger than 1 GiB; split it by lines")
                }
                return try FileHandle(fileDescriptor: descriptor.rawValue, closeOnDealloc: false).readToEnd() ?? Data()
            }
        } catch let error as Errno {
            throw CommandFailure(status: .badUsage, message: "cannot read '\(file.string)': \(error)")
        }
    }
}
