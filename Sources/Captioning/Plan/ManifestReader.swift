import Foundation
import SystemPackage

/// The rows of a manifest, read as they are asked for: CSV with a header line, or JSON lines (`.jsonl`, `.ndjson`).
///
/// Memory does not grow with the number of rows.
struct ManifestReader {
    /// One row: what it says of its image, by column.
    struct Row {
        /// The line on which it begins, from 1.
        var line: Int
        /// The text of every field that is there and not empty; numbers and the rest as JSON writes them.
        var fields: [String: String]
    }

    /// Why a row, or the whole file, cannot be read.
    struct Problem: Error, Hashable {
        /// The line, from 1; nil means the file.
        var line: Int?
        /// What is wrong.
        var message: String
        /// Whether the rows behind it can be read.
        var isOnlyTheRow = false
    }

    /// The columns: of CSV those of the header line, of JSON lines the keys of the first.
    private(set) var columns: [String]

    private let isJSON: Bool
    private var records: CSVReader
    private var first: Row?

    /// Opens a manifest.
    ///
    /// - Throws: `Problem` when it cannot be opened, is empty, or its header is none.
    init(path: FilePath) throws(Problem) {
        records = CSVReader(bytes: try FileBytes(path: path))
        isJSON = ["jsonl", "ndjson", "json"].contains(path.extension?.lowercased())
        records.bytes.skip([0xEF, 0xBB, 0xBF])
        if isJSON {
            columns = []
            guard let row = try nextObject() else { throw Problem(message: "it is empty") }
            first = row
            columns = row.fields.keys.sorted()
            return
        }
        columns = []
        records.delimiter = records.bytes.likelyDelimiter()
        guard let header = try records.next() else { throw Problem(message: "it is empty") }
        let names = header.map { $0.trimmingCharacters(in: .whitespaces) }
        guard !names.contains("") else { throw Problem(line: 1, message: "a column of the header line has no name") }
        guard Set(names).count == names.count else {
            throw Problem(line: 1, message: "two columns of the header line have the same name")
        }
        columns = names
    }

    /// The next row; nil at the end.
    ///
    /// - Throws: `Problem`; when it is only the row's, the next one can be asked for.
    mutating func next() throws(Problem) -> Row? {
        if isJSON {
            if let row = first {
                first = nil
                return row
            }
            return try nextObject()
        }
        while let fields = try records.next() {
            // An empty line.
            if fields == [""] { continue }
            guard fields.count == columns.count else {
                throw Problem(
                    line: records.recordLine,
                    message: "\(fields.count) fields where the header line has \(columns.count)", isOnlyTheRow: true)
            }
            let pairs = zip(columns, fields).filter { !$0.1.isEmpty }
            return Row(line: records.recordLine, fields: Dictionary(uniqueKeysWithValues: pairs))
        }
        return nil
    }

    /// How the file stood when it was opened; nil when that cannot be relied upon later.
    func state(path: FilePath) -> FolderState? { records.bytes.state(path: path) }

    private mutating func nextObject() throws(Problem) -> Row? {
        while let (line, bytes) = try records.nextLine() {
            if bytes.allSatisfy({ $0 == 0x20 || $0 == 0x0D || $0 == 0x09 }) { continue }
            guard case .object(let members)? = try? JSONValue(parsing: Data(bytes)) else {
                throw Problem(line: line, message: "this is no JSON object", isOnlyTheRow: true)
            }
            let fields = members.compactMapValues { value -> String? in
                switch value {
                case .null, .string(""): nil
                case .string(let text): text
                case .int(let number): String(number)
                default: String(decoding: value.canonicalData, as: UTF8.self)
                }
            }
            return Row(line: line, fields: fields)
        }
        return nil
    }
}

/// Records of CSV by RFC 4180, taken as people's programs write it: any line end, quotes only where they are needed.
struct CSVReader {
    let bytes: FileBytes
    var delimiter = UInt8(ascii: ",")
    /// The line on which the last record begins, from 1.
    private(set) var recordLine = 1
    private var line = 1

    /// A longer record is no record, but a quote that never closes.
    private static let longest = 1 << 20

    init(bytes: FileBytes) {
        self.bytes = bytes
    }

    /// The next record; nil at the end.
    mutating func next() throws(ManifestReader.Problem) -> [String]? {
        guard bytes.peek() != nil else { return nil }
        recordLine = line
        var fields: [String] = []
        var field: [UInt8] = []
        var isQuoted = false
        var length = 0
        func add(_ field: [UInt8], _ line: Int) throws(ManifestReader.Problem) {
            guard let text = String(validating: field, as: UTF8.self) else {
                throw ManifestReader.Problem(line: line, message: "this is not UTF-8; save the file as UTF-8")
            }
            fields.append(text)
        }
        while let byte = bytes.next() {
            length += 1
            guard length <= Self.longest else {
                throw ManifestReader.Problem(line: recordLine, message: "a quote opens here and never closes")
            }
            switch byte {
            case 0x22 where isQuoted:
                if bytes.peek() == 0x22 {
                    field.append(0x22)
                    _ = bytes.next()
                } else {
                    isQuoted = false
                }
            case 0x22 where field.isEmpty:
                isQuoted = true
            case 0x0A where !isQuoted, 0x0D where !isQuoted:
                if byte == 0x0D, bytes.peek() == 0x0A { _ = bytes.next() }
                line += 1
                try add(field, recordLine)
                return fields
            case delimiter where !isQuoted:
                try add(field, recordLine)
                field.removeAll(keepingCapacity: true)
            default:
                if byte == 0x0A { line += 1 }
                field.append(byte)
            }
        }
        if isQuoted { throw ManifestReader.Problem(line: recordLine, message: "a quote opens here and never closes") }
        try add(field, recordLine)
        return fields
    }

    /// The next line as it is, without its end; nil at the end of the file.
    mutating func nextLine() throws(ManifestReader.Problem) -> (line: Int, bytes: [UInt8])? {
        guard bytes.peek() != nil else { return nil }
        var content: [UInt8] = []
        defer { line += 1 }
        while let byte = bytes.next(), byte != 0x0A {
            content.append(byte)
            guard content.count <= Self.longest else {
                throw ManifestReader.Problem(line: line, message: "the line has more than a mebibyte")
            }
        }
        return (line, content)
    }
}

/// The bytes of a file, one after the other, a piece of it in memory.
final class FileBytes {
    private let file: OpenFile
    private var buffer: [UInt8] = []
    private var position = 0
    /// How much of the file has been read.
    private var end = 0

    private static let pieceBytes = 256 * 1024

    /// Opens a regular file.
    init(path: FilePath) throws(ManifestReader.Problem) {
        do throws(ArchiveProblem) {
            file = try OpenFile(path: path)
        } catch {
            throw ManifestReader.Problem(message: error.message)
        }
    }

    /// How the file stood when it was opened; nil when that cannot be relied upon later.
    func state(path: FilePath) -> FolderState? { file.state(path: path) }

    func next() -> UInt8? {
        guard position < buffer.count || refill() else { return nil }
        defer { position += 1 }
        return buffer[position]
    }

    func peek() -> UInt8? {
        position < buffer.count || refill() ? buffer[position] : nil
    }

    /// Passes over bytes that the file begins with, if it does.
    func skip(_ bytes: [UInt8]) {
        if peek() != nil, buffer[position...].starts(with: bytes) { position += bytes.count }
    }

    /// What separates the columns of the first line: of comma, semicolon and tab the one that comes most often.
    func likelyDelimiter() -> UInt8 {
        guard peek() != nil else { return UInt8(ascii: ",") }
        let line = buffer[position...].prefix { $0 != 0x0A && $0 != 0x0D }
        let candidates = [UInt8(ascii: ","), UInt8(ascii: ";"), 0x09]
        let counts = candidates.map { candidate in line.count { $0 == candidate } }
        return zip(candidates, counts).max { $0.1 < $1.1 }.flatMap { $0.1 > 0 ? $0.0 : nil } ?? UInt8(ascii: ",")
    }

    private func refill() -> Bool {
        let (file, start) = (file, end)
        buffer = [UInt8](unsafeUninitializedCapacity: Self.pieceBytes) { space, count in
            count = (try? file.read(into: UnsafeMutableRawBufferPointer(space), at: start)) ?? 0
        }
        position = 0
        end += buffer.count
        return !buffer.isEmpty
    }
}
