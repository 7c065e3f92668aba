import Foundation

/// The directory at the end of a zip archive, of either size (ZIP64 included).
///
/// Format: PKWARE's APPNOTE.TXT 6.3.10, sections 4.3.12 to 4.3.16 and 4.5.3.
struct ZipDirectory {
    /// Where its first entry begins.
    let start: Int
    /// Where it ends.
    private let end: Int
    /// What was put in front of the archive since it was made, such as a program that unpacks it.
    private let shift: Int

    private static let entryBytes = 46
    private static let longestComment = 65_535
    private static let damaged = ArchiveProblem("its directory is damaged; copy or download it again")

    /// Finds the directory; nil when the file is no zip archive.
    ///
    /// - Throws: `ArchiveProblem` when the archive is cut or split over several files.
    init?(_ window: inout FileWindow) throws(ArchiveProblem) {
        let fileEnd = window.file.count
        let tailStart = max(0, fileEnd - 22 - Self.longestComment)
        let tail = try window.bytes(at: tailStart, count: fileEnd - tailStart)
        guard
            let found = (0...max(0, tail.count - 22)).last(where: { place in
                // What stands behind the directory by chance in a comment would reach past the end.
                guard tail.has("PK\u{5}\u{6}", at: place), let comment = tail.little(at: place + 20, bytes: 2) else {
                    return false
                }
                return place + 22 + comment <= tail.count
            })
        else {
            let head = try window.bytes(at: 0, count: 4)
            guard head.has("PK\u{3}\u{4}") else { return nil }
            throw ArchiveProblem("its end is missing, where a zip archive has its directory; copy or download it again")
        }
        var recordAt = tailStart + found
        var size = tail.little(at: found + 12, bytes: 4) ?? 0
        var offset = tail.little(at: found + 16, bytes: 4) ?? 0
        var disks = tail.little(at: found + 4, bytes: 2) ?? 0
        if found >= 20, tail.has("PK\u{6}\u{7}", at: found - 20), let at = tail.little(at: found - 12, bytes: 8) {
            // A program in front moves the record, but stands in no number: then it ends right before its locator.
            for place in [at, recordAt - 20 - 56] {
                let record = try window.bytes(at: place, count: 56)
                guard record.has("PK\u{6}\u{6}"), let longSize = record.little(at: 40, bytes: 8),
                    let longOffset = record.little(at: 48, bytes: 8), let disk = record.little(at: 16, bytes: 4)
                else { continue }
                (recordAt, size, offset, disks) = (place, longSize, longOffset, disk)
                break
            }
        }
        guard disks == 0 else {
            throw ArchiveProblem("it is one part of an archive that was split; join the parts first")
        }
        guard size <= recordAt, offset <= recordAt - size else {
            throw Self.damaged
        }
        end = recordAt
        start = recordAt - size
        shift = start - offset
    }

    /// The entry that begins at a place; nil at the end.
    ///
    /// - Throws: `ArchiveProblem`.
    func entry(at position: Int, _ window: inout FileWindow) throws(ArchiveProblem) -> ArchiveEntry? {
        guard position < end else { return nil }
        let fixed = try window.bytes(at: position, count: Self.entryBytes)
        guard fixed.has("PK\u{1}\u{2}"), let flags = fixed.little(at: 8, bytes: 2),
            let method = fixed.little(at: 10, bytes: 2), let checksum = fixed.little(at: 16, bytes: 4),
            let shortPackedSize = fixed.little(at: 20, bytes: 4), let shortSize = fixed.little(at: 24, bytes: 4),
            let nameBytes = fixed.little(at: 28, bytes: 2), let extraBytes = fixed.little(at: 30, bytes: 2),
            let commentBytes = fixed.little(at: 32, bytes: 2), let madeBy = fixed[5],
            let mode = fixed.little(at: 40, bytes: 2), let shortOffset = fixed.little(at: 42, bytes: 4)
        else { throw Self.damaged }
        let nameStart = position + Self.entryBytes
        let next = nameStart + nameBytes + extraBytes + commentBytes
        guard next <= end else { throw Self.damaged }
        let rest = try window.bytes(at: nameStart, count: nameBytes + extraBytes)
        let name = rest.bytes(0..<nameBytes)
        // Numbers that do not fit stand in an extra field, in this order, and only they.
        var numbers = longNumbers(rest.part(nameBytes..<rest.count))[...]
        func number(_ short: Int) -> Int {
            short == 0xFFFF_FFFF ? numbers.popFirst() ?? short : short
        }
        let size = number(shortSize)
        let packedSize = number(shortPackedSize)
        let header = number(shortOffset).addingReportingOverflow(shift)
        // Programs on Unix note what the file was; a link's bytes are only the name of another.
        let isLink = madeBy == 3 && mode & 0xF000 == 0xA000
        return ArchiveEntry(
            position: position, next: next, name: name, isFile: name.last != UInt8(ascii: "/") && !isLink,
            size: size, packedSize: packedSize,
            packing: .zipped(
                offset: header.overflow ? -1 : header.partialValue, method: method,
                checksum: UInt32(truncatingIfNeeded: checksum), isEncrypted: flags & 1 != 0))
    }

    /// The numbers of the ZIP64 field among the extra fields.
    private func longNumbers(_ extra: ByteView) -> [Int] {
        var offset = 0
        while let tag = extra.little(at: offset, bytes: 2), let size = extra.little(at: offset + 2, bytes: 2) {
            if tag == 1 {
                return stride(from: 0, to: min(size, 24) - 7, by: 8).map {
                    extra.little(at: offset + 4 + $0, bytes: 8) ?? .max
                }
            }
            offset += 4 + size
        }
        return []
    }

    /// Where an entry's bytes begin: behind a header of their own, whose length only it tells.
    ///
    /// - Throws: `ArchiveProblem`.
    static func dataOffset(ofHeaderAt offset: Int, _ window: inout FileWindow) throws(ArchiveProblem) -> Int {
        let header = try window.bytes(at: offset, count: 30)
        guard header.has("PK\u{3}\u{4}"), let name = header.little(at: 26, bytes: 2),
            let extra = header.little(at: 28, bytes: 2)
        else { throw ArchiveProblem("it is not where the archive's directory says") }
        return offset + 30 + name + extra
    }
}
