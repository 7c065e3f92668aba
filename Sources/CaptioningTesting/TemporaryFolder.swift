import Captioning
import Foundation
public import SystemPackage

/// A folder that exists as long as a test needs it.
public struct TemporaryFolder: Sendable {
    /// Where it is.
    public let path: FilePath

    /// Makes a folder, hands it to `body` and removes it with everything in it, however `body` ends.
    public static func use<Result>(_ body: (TemporaryFolder) async throws -> Result) async throws -> Result {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("caption-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: url) }
        return try await body(TemporaryFolder(path: FilePath(url.path)))
    }

    /// The path of a name below the folder.
    public func path(_ name: String) -> String {
        path.appending(name).string
    }

    /// Writes a file and the folders on its way.
    public func write(_ bytes: some Sequence<UInt8>, to name: String) throws {
        let directory = path.appending(name).removingLastComponent()
        try FileManager.default.createDirectory(atPath: directory.string, withIntermediateDirectories: true)
        try write(bytes, to: Array(name.utf8))
    }

    /// Writes a file whose name need not be UTF-8.
    public func write(_ bytes: some Sequence<UInt8>, to name: [UInt8]) throws {
        let file = try FileDescriptor.open(
            path.pushing(FilePath(bytes: name)), .writeOnly, options: [.create, .truncate],
            permissions: [.ownerReadWrite])
        try file.closeAfter { _ = try file.writeAll(bytes) }
    }

    /// Writes small images of those names.
    public func addImages(_ names: [String]) throws {
        for name in names { try write(Self.png(width: 16, height: 16), to: name) }
    }

    /// The names directly in the folder, sorted.
    public func names() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: path.string).sorted()
    }

    /// The beginning and the end of a PNG file, enough for a reader of headers.
    public static func png(width: UInt16, height: UInt16) -> [UInt8] {
        let size: [UInt8] = [width, height].flatMap { [0, 0, UInt8($0 >> 8), UInt8($0 & 0xFF)] }
        return [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0, 0, 0, 13] + Array("IHDR".utf8) + size
            + [8, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0] + Array("IEND".utf8) + [0xAE, 0x42, 0x60, 0x82]
    }
}
