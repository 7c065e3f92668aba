/// What an archive tells of one of the things in it.
struct ArchiveEntry: Hashable {
    /// How its bytes lie in the archive.
    enum Packing: Hashable {
        /// As they are, from an offset on.
        case plain(offset: Int)
        /// Behind a header of their own, as a zip archive has it.
        ///
        /// - `offset`: The header's.
        /// - `method`: As APPNOTE.TXT 4.4.5 numbers it.
        /// - `checksum`: The CRC-32 of the unpacked bytes.
        case zipped(offset: Int, method: Int, checksum: UInt32, isEncrypted: Bool)
    }

    /// Where its description begins in the archive.
    var position: Int
    /// Where the next one's begins.
    var next: Int
    /// Its name, as the archive writes it.
    var name: [UInt8]
    /// Whether it is a file, and not a folder, a link or a note.
    var isFile: Bool
    /// Its bytes when unpacked.
    var size: Int
    /// The bytes that it takes in the archive.
    var packedSize: Int
    /// How they lie there.
    var packing: Packing

    /// Its path below the archive, without empty parts; nil when it is hidden or would lead out of the archive.
    var path: [UInt8]? {
        let parts = name.split(separator: UInt8(ascii: "/")).filter { $0 != [UInt8(ascii: ".")] }
        guard !parts.isEmpty, !name.contains(0), !parts.contains(where: { $0.first == UInt8(ascii: ".") }) else {
            return nil
        }
        return Array(parts.joined(separator: [UInt8(ascii: "/")]))
    }
}
