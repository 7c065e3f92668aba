import Foundation
import Synchronization

/// The bytes of an input in place of a file's.
final class OpenFile: Sendable {
    let count: Int
    private let data: Data

    init(_ data: Data) {
        self.data = data
        count = data.count
    }

    func read(into space: UnsafeMutableRawBufferPointer, at offset: Int) throws(ArchiveProblem) -> Int {
        precondition(offset >= 0)
        guard offset < count else { return 0 }
        let part = data[(data.startIndex + offset)...].prefix(space.count)
        space.copyBytes(from: part)
        return part.count
    }
}

/// What libFuzzer calls with every input: whatever the bytes are, going through the archive ends, and every file in it is
/// found again and unpacks to what its directory promises or not at all.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    guard let archive = try? Archive(OpenFile(Data(bytes: start, count: count))) else { return 0 }
    var position = -1
    var entries = 0
    _ = archive.forEachEntry { entry in
        precondition(entry.position > position && entry.next > entry.position)
        precondition(entry.size >= 0 && entry.packedSize >= 0)
        position = entry.position
        entries += 1
        guard entries < 100, entry.isFile, let path = entry.path else { return }
        precondition(!path.starts(with: [UInt8(ascii: ".")]) && path.first != UInt8(ascii: "/"))
        precondition((try? archive.entry(atPath: path)) != nil)
        guard (1...1 << 20).contains(entry.size), let data = try? archive.contents(of: entry) else { return }
        precondition(data.count == entry.size)
    }
    return 0
}
