import Foundation

/// The headers of a tar archive, which stand in front of each thing in it.
///
/// Formats: V7, ustar and pax (POSIX.1-2017, pax, "ustar Interchange Format" and "pax Header Block"), and GNU's long names
/// (GNU tar manual, "Basic Tar Format").
struct TarHeaders {
    private static let block = 512
    /// A longer note about one file is no note.
    private static let longestNote = 1 << 20
    private static let damaged = ArchiveProblem("a header in it is damaged; copy or download it again")

    /// Whether a header begins at the offset.
    static func isHeader(at offset: Int, _ window: inout FileWindow) throws(ArchiveProblem) -> Bool {
        isHeader(try window.bytes(at: offset, count: block))
    }

    /// The entry that begins at a place, notes in front of its header included; nil at the end.
    ///
    /// - Throws: `ArchiveProblem`.
    static func entry(at position: Int, _ window: inout FileWindow) throws(ArchiveProblem) -> ArchiveEntry? {
        var offset = position
        var longName: [UInt8]?
        var longSize: Int?
        // As many notes as there are kinds of them, and then some.
        for _ in 0..<16 {
            let header = try window.bytes(at: offset, count: block)
            // The archive ends with empty blocks; one that was cut between two files just ends.
            guard header.count == block, header.bytes(0..<block).contains(where: { $0 != 0 }) else { return nil }
            guard isHeader(header), let ownSize = number(header, 124..<136), let kind = header[156] else {
                throw damaged
            }
            let data = offset + block
            let isNote = [UInt8(ascii: "x"), UInt8(ascii: "g"), UInt8(ascii: "L"), UInt8(ascii: "K")].contains(kind)
            let size = isNote ? ownSize : longSize ?? ownSize
            let padded = size.addingReportingOverflow((block - size % block) % block)
            let next = data.addingReportingOverflow(padded.partialValue)
            guard !padded.overflow, !next.overflow else {
                throw damaged
            }
            guard isNote else {
                let isFile = [0, UInt8(ascii: "0"), UInt8(ascii: "7")].contains(kind)
                let name = longName ?? self.name(header)
                return ArchiveEntry(
                    position: position, next: next.partialValue, name: name,
                    isFile: isFile && name.last != UInt8(ascii: "/"), size: size, packedSize: size,
                    packing: .plain(offset: data))
            }
            offset = next.partialValue
            guard kind == UInt8(ascii: "x") || kind == UInt8(ascii: "L") else { continue }
            guard size <= longestNote else { throw ArchiveProblem("a note in it is longer than any real one") }
            let note = try window.bytes(at: data, count: size)
            if kind == UInt8(ascii: "L") {
                longName = Array(note.bytes(0..<note.count).prefix { $0 != 0 })
            } else {
                let fields = fields(of: note.bytes(0..<note.count))
                longName = fields["path"] ?? longName
                longSize = fields["size"].flatMap { Int(String(decoding: $0, as: UTF8.self)) }.flatMap {
                    $0 >= 0 ? $0 : nil
                }
            }
        }
        throw ArchiveProblem("a file in it has more notes than any real one")
    }

    private static func isHeader(_ header: ByteView) -> Bool {
        guard header.count == block, let sum = number(header, 148..<156) else { return false }
        let bytes = header.bytes(0..<block)
        // Its own field counts as spaces.
        let real = bytes.reduce(0) { $0 + Int($1) } - bytes[148..<156].reduce(0) { $0 + Int($1) } + 8 * 0x20
        return sum == real
    }

    private static func name(_ header: ByteView) -> [UInt8] {
        func text(_ range: Range<Int>) -> [UInt8] { Array(header.bytes(range).prefix { $0 != 0 }) }
        // GNU's own headers have other things where ustar has the beginning of a long path.
        let prefix = header.has("ustar\0", at: 257) ? text(345..<500) : []
        return prefix.isEmpty ? text(0..<100) : prefix + [UInt8(ascii: "/")] + text(0..<100)
    }

    /// A number in octal digits, or in GNU's way for large ones; nil when it is none.
    private static func number(_ header: ByteView, _ range: Range<Int>) -> Int? {
        let field = header.bytes(range)
        guard let first = field.first else { return nil }
        if first == 0x80 {
            return field.dropFirst().count > 8 && field.dropFirst().dropLast(8).contains { $0 != 0 }
                ? nil : header.big(at: range.upperBound - 8, bytes: 8)
        }
        let digits = field.drop { $0 == 0x20 }.prefix { $0 != 0x20 && $0 != 0 }
        guard digits.allSatisfy({ (0x30...0x37).contains($0) }) else { return nil }
        return digits.reduce(0) { $0 << 3 | Int($1 & 7) }
    }

    /// The fields of a pax note: `length key=value\n`, the length counting all of it.
    private static func fields(of note: [UInt8]) -> [String: [UInt8]] {
        var fields: [String: [UInt8]] = [:]
        var rest = note[...]
        while let space = rest.firstIndex(of: 0x20),
            let length = Int(String(decoding: rest[..<space], as: UTF8.self)),
            length > space - rest.startIndex + 1, length <= rest.count
        {
            let field = rest[(space + 1)..<(rest.startIndex + length - 1)]
            if let equals = field.firstIndex(of: UInt8(ascii: "=")) {
                fields[String(decoding: field[..<equals], as: UTF8.self)] = Array(field[(equals + 1)...])
            }
            rest = rest.dropFirst(length)
        }
        return fields
    }
}
