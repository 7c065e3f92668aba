import CZlib
import Foundation

/// Unpacks what a zip archive holds: deflated (RFC 1951) or as it is, with its checksum.
struct Inflater {
    private static let pieceBytes = 64 * 1024

    /// The bytes of a file in an archive.
    ///
    /// A piece of the packed bytes is in memory at a time; no more are unpacked than the archive's directory promises.
    /// - Throws: `ArchiveProblem`.
    static func contents(
        of file: OpenFile, at offset: Int, packedSize: Int, size: Int, isDeflated: Bool, checksum: UInt32?
    ) throws(ArchiveProblem) -> Data {
        // Not `Data(count:)`, which would fill it with zeros first.
        guard let memory = malloc(max(size, 1)) else { throw ArchiveProblem(errno: ENOMEM) }
        let space = UnsafeMutableRawBufferPointer(start: memory, count: size)
        do throws(ArchiveProblem) {
            if isDeflated {
                try inflate(file, at: offset, packedSize: packedSize, into: space)
            } else {
                let got = try file.read(into: space, at: offset)
                guard got == size, packedSize == size else { throw ArchiveProblem("the archive ends in its middle") }
            }
            if let checksum {
                let start = memory.assumingMemoryBound(to: Bytef.self)
                guard crc32_z(0, start, size) == uLong(checksum) else {
                    throw ArchiveProblem("its checksum is not the one that the archive tells; it is damaged")
                }
            }
        } catch {
            free(memory)
            throw error
        }
        return Data(bytesNoCopy: memory, count: size, deallocator: .free)
    }

    private static func inflate(
        _ file: OpenFile, at offset: Int, packedSize: Int, into space: UnsafeMutableRawBufferPointer
    ) throws(ArchiveProblem) {
        var stream = z_stream()
        // Minus: without a header, as in zip archives.
        let opened = inflateInit2_(&stream, -MAX_WBITS, ZLIB_VERSION, CInt(MemoryLayout<z_stream>.size))
        guard opened == Z_OK else { throw ArchiveProblem(errno: ENOMEM) }
        defer { inflateEnd(&stream) }
        let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: pieceBytes, alignment: 16)
        defer { piece.deallocate() }
        stream.next_out = space.baseAddress?.assumingMemoryBound(to: Bytef.self)
        stream.avail_out = uInt(space.count)
        var taken = 0
        var result = Z_OK
        while result == Z_OK, taken < packedSize {
            let wanted = UnsafeMutableRawBufferPointer(rebasing: piece[..<min(pieceBytes, packedSize - taken)])
            let got = try file.read(into: wanted, at: offset + taken)
            guard got > 0 else { throw ArchiveProblem("the archive ends in its middle") }
            taken += got
            stream.next_in = piece.baseAddress?.assumingMemoryBound(to: Bytef.self)
            stream.avail_in = uInt(got)
            repeat { result = CZlib.inflate(&stream, Z_NO_FLUSH) } while result == Z_OK && stream.avail_in > 0
        }
        guard result == Z_STREAM_END, stream.avail_out == 0 else {
            throw ArchiveProblem("it cannot be unpacked; the archive is damaged")
        }
    }
}
