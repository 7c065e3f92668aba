import CaptioningTesting
import Foundation
import SystemPackage

@testable import Captioning

/// Archives made by hand, field by field.
enum ArchiveBytes {
    /// One file of a zip archive.
    struct ZipFile {
        var name: String
        var content: Data
        /// 0 as it is, 8 deflated (in one block that packs nothing); others are lies.
        var method = 0
        var flags = 0
        /// What the directory says of the size; nil tells the truth.
        var claimedSize: Int?
        /// What it says of the checksum; nil tells the truth.
        var claimedChecksum: UInt32?
        /// Whether its numbers stand in a ZIP64 field.
        var isLong = false
        var mode = 0o100644

        var packed: Data {
            guard method == 8 else { return content }
            let count = ImageBytes.little(content.count, 2)
            return Data([1]) + count + Data(count.map { ~$0 }) + content
        }
    }

    /// - `comment`: What stands behind the directory.
    static func zip(_ files: [ZipFile], comment: String = "", isLong: Bool = false) -> Data {
        var data = Data()
        var directory = Data()
        for file in files {
            let packed = file.packed
            let name = Data(file.name.utf8)
            let checksum = ImageBytes.little(Int(file.claimedChecksum ?? crc32(file.content)), 4)
            let numbers = [file.claimedSize ?? file.content.count, packed.count, data.count]
            let short = numbers.map { file.isLong ? Data(repeating: 0xFF, count: 4) : ImageBytes.little($0, 4) }
            // A field of some other program's in front.
            let extra =
                file.isLong
                ? Data([0x55, 0x54, 1, 0, 9, 1, 0, 24, 0]) + numbers.reduce(Data()) { $0 + ImageBytes.little($1, 8) }
                : Data()
            let head = ImageBytes.little(file.flags, 2) + ImageBytes.little(file.method, 2) + Data(count: 4)
            directory += Data("PK\u{1}\u{2}".utf8) + Data([20, 3, 20, 0]) + head + checksum + short[1] + short[0]
            directory += ImageBytes.little(name.count, 2) + ImageBytes.little(extra.count, 2) + Data(count: 6)
            directory += Data(count: 2) + ImageBytes.little(file.mode, 2) + short[2] + name + extra
            data += Data("PK\u{3}\u{4}".utf8) + Data([20, 0]) + head + checksum + short[1] + short[0]
            // Its own extra field is of another length.
            data += ImageBytes.little(name.count, 2) + ImageBytes.little(3, 2) + name + Data(count: 3) + packed
        }
        let (start, size) = (data.count, directory.count)
        data += directory
        let count = ImageBytes.little(files.count, 2)
        if isLong {
            let record = data.count
            data += Data("PK\u{6}\u{6}".utf8) + ImageBytes.little(44, 8) + Data(count: 12)
            data += ImageBytes.little(files.count, 8) + ImageBytes.little(files.count, 8)
            data += ImageBytes.little(size, 8) + ImageBytes.little(start, 8)
            data += Data("PK\u{6}\u{7}".utf8) + Data(count: 4) + ImageBytes.little(record, 8) + Data([1, 0, 0, 0])
        }
        let place = isLong ? Data(repeating: 0xFF, count: 8) : ImageBytes.little(size, 4) + ImageBytes.little(start, 4)
        data += Data("PK\u{5}\u{6}".utf8) + Data(count: 4) + count + count + place
        return data + ImageBytes.little(comment.utf8.count, 2) + Data(comment.utf8)
    }

    /// A header and its content, filled up to whole blocks.
    static func tar(
        _ name: String, _ content: Data, kind: Character = "0", prefix: String = "", isGNU: Bool = false,
        size: Data? = nil
    ) -> Data {
        func field(_ text: String, _ count: Int) -> Data {
            Data(text.utf8.prefix(count)) + Data(count: max(0, count - text.utf8.count))
        }
        let digits = String(content.count, radix: 8)
        let octal = String(repeating: "0", count: 11 - digits.count) + digits + " "
        var header = field(name, 100) + field("0000644\0", 24) + (size ?? field(octal, 12)) + field("00000000000 ", 12)
        let rest = Data(String(kind).utf8) + Data(count: 100) + Data((isGNU ? "ustar  \0" : "ustar\0" + "00").utf8)
        header += Data(repeating: 0x20, count: 8) + rest + Data(count: 80) + field(prefix, 155) + Data(count: 12)
        let sum = String(header.reduce(0) { $0 + Int($1) }, radix: 8)
        header.replaceSubrange(148..<156, with: field(String(repeating: "0", count: 6 - sum.count) + sum + "\0 ", 8))
        return header + content + Data(count: (512 - content.count % 512) % 512)
    }

    /// One field of a pax note.
    static func pax(_ key: String, _ value: String) -> Data {
        let rest = " \(key)=\(value)\n"
        // The length counts its own digits.
        let length = (1...4).map { rest.utf8.count + $0 }.first { String($0).count + rest.utf8.count == $0 } ?? 0
        return Data("\(length)\(rest)".utf8)
    }

    /// Two empty blocks.
    static let tarEnd = Data(count: 1024)

    /// What is in an archive, by path; nil for what cannot be read.
    static func contents(of archive: Data) async throws -> (files: [String: Data?], problem: ArchiveProblem?) {
        try await TemporaryFolder.use { folder in
            try folder.write(archive, to: "archive")
            let archive = try Archive(OpenFile(path: folder.path.appending("archive")))
            var files: [String: Data?] = [:]
            let problem = archive.forEachEntry { entry in
                guard entry.isFile, let path = entry.path else { return }
                let found = try? archive.entry(atPath: path)
                files[String(decoding: path, as: UTF8.self)] = .some(found.flatMap { try? archive.contents(of: $0) })
            }
            return (files, problem)
        }
    }

    /// CRC-32 as zip archives use it, by its definition.
    static func crc32(_ data: Data) -> UInt32 {
        var sum = UInt32.max
        for byte in data {
            sum ^= UInt32(byte)
            for _ in 0..<8 { sum = (sum >> 1) ^ (sum & 1 == 0 ? 0 : 0xEDB8_8320) }
        }
        return ~sum
    }
}
