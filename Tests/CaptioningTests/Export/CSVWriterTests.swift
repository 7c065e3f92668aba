import Captioning
import Foundation
import Testing

struct CSVWriterTests {
    private static let header =
        "image,prompt,status,caption,finish_reason,model,prompt_tokens,completion_tokens,total_tokens,image_tokens,"
        + "attempts,error_code,error_message,completed_at,image_size,image_format,image_bytes,sent_size,sent_format,"
        + "sent_bytes,prepared,provider\r\n"

    private func csv(_ rows: [ExportRow], bom: Bool = false) throws -> [UInt8] {
        let collected = Collected()
        var writer = CSVWriter(bom: bom) { collected.add($0) }
        for row in rows { try writer.write(row) }
        try writer.finish()
        return collected.bytes
    }

    private func text(_ rows: [ExportRow]) throws -> String {
        String(decoding: try csv(rows).dropFirst(Self.header.utf8.count), as: UTF8.self)
    }

    @Test func `without rows there is the header alone`() throws {
        #expect(try csv([]) == Array(Self.header.utf8))
    }

    @Test func `the byte order mark comes first, once, and only when asked for`() throws {
        let bytes = try csv([.fixture(), .fixture()], bom: true)
        #expect(bytes.starts(with: [0xEF, 0xBB, 0xBF] + Array(Self.header.utf8)))
        #expect(Array(bytes.dropFirst(3)) == (try csv([.fixture(), .fixture()])))
    }

    @Test func `a full row has every column in the header's order`() throws {
        var row = ExportRow(
            image: ImageName("a.jpg"), prompt: "alt", status: .failed, caption: "c", finishReason: "length",
            model: "m", usage: Usage(promptTokens: 1, completionTokens: 2, totalTokens: 3, imageTokens: 0),
            attempts: 5, errorCode: "truncated", errorMessage: "cut short",
            completedAt: Date(timeIntervalSince1970: 1_772_355_907.25))
        row.images = SentImages(
            imageSize: "40x30", imageFormat: "heic", imageBytes: 900, sentSize: "20x15", sentFormat: "jpeg",
            sentBytes: 300, prepared: "turned scaled")
        row.provider = "dashscope"
        #expect(
            try text([row])
                == "a.jpg,alt,failed,c,length,m,1,2,3,0,5,truncated,cut short,2026-03-01T09:05:07.250Z,40x30,heic,900,"
                + "20x15,jpeg,300,turned scaled,dashscope\r\n")
    }

    @Test func `the columns of a manifest follow ours`() throws {
        let collected = Collected()
        var writer = CSVWriter(manifestColumns: ["title", "caption", "a,b"]) { collected.add($0) }
        var row = ExportRow(image: ImageName("a.jpg"), prompt: "alt", status: .pending)
        row.variables = ["caption": "mine", "title": "\"x\""]
        try writer.write(row)
        try writer.finish()
        let text = String(decoding: collected.bytes, as: UTF8.self)
        #expect(text.hasPrefix(Self.header.dropLast() + ",title,manifest_caption,\"a,b\"\r\n"))
        #expect(text.hasSuffix(",\"\"\"x\"\"\",mine,\r\n"))
    }

    @Test func `a manifest's provider was there before ours, and stays`() throws {
        let collected = Collected()
        var writer = CSVWriter(manifestColumns: ["provider"]) { collected.add($0) }
        var row = ExportRow(image: ImageName("a.jpg"), prompt: "alt", status: .pending)
        row.variables = ["provider": "Müller"]
        row.provider = "dashscope"
        try writer.write(row)
        try writer.finish()
        let text = String(decoding: collected.bytes, as: UTF8.self)
        #expect(text.hasPrefix(Self.header))
        #expect(text.hasSuffix(",Müller\r\n") && !text.contains("dashscope"))
    }

    @Test func `what is absent is an empty field`() throws {
        let row = ExportRow(image: ImageName("a.jpg"), prompt: "alt", status: .pending)
        #expect(try text([row]) == "a.jpg,alt,pending,,,,,,,,0,,,,,,,,,,,\r\n")
    }

    @Test(arguments: [
        ("plain", "plain"), ("a b", "a b"), ("a,b", "\"a,b\""), ("\"", "\"\"\"\""), ("x\"y", "\"x\"\"y\""),
        ("a\nb", "\"a\nb\""), ("a\rb", "\"a\rb\""), (" a", "\" a\""), ("a ", "\"a \""), ("=cmd|calc", "=cmd|calc"),
        ("-a", "-a"), ("🦊", "🦊"), ("tab\t", "tab\t"), ("", ""),
    ])
    func `quotes stand only where they are needed`(value: String, field: String) throws {
        let expected = Array("a.jpg,alt,done,\(field),,,,,,,0,,,,,,,,,,,\r\n".utf8)
        #expect(Array(try text([.fixture(caption: value)]).utf8) == expected)
    }

    @Test func `awkward texts come back from a strict reader byte for byte`() throws {
        let rows = AwkwardText.all.map {
            ExportRow.fixture(image: ImageName($0), prompt: $0, caption: $0, errorMessage: $0)
        }
        let records = try StrictCSVReader.records(of: csv(rows)).dropFirst()
        #expect(records.count == AwkwardText.all.count)
        for (record, value) in zip(records, AwkwardText.all) {
            try #require(record.count == 22)
            for column in [0, 1, 3, 12] { #expect(record[column] == Array(value.utf8), "\(value)") }
        }
    }

    @Test func `bytes that are no UTF-8 pass through unchanged, quoted or not`() throws {
        let names: [[UInt8]] = [
            [0xFF, 0xFE, 0x2E, 0x6A], [0x63, 0x61, 0x66, 0xE9], [0xC3], [0xE9, 0x2C, 0x22, 0x0A, 0xFF],
            Array(0x80...0xFF), Array(1...255),
        ]
        let records = try StrictCSVReader.records(of: csv(names.map { .fixture(image: ImageName(bytes: $0)) }))
        #expect(records.dropFirst().map { $0.first } == names)
    }

    @Test func `rows leave in pieces, so that memory does not grow`() throws {
        let collected = Collected()
        var writer = CSVWriter { collected.add($0) }
        let row = ExportRow.fixture(caption: String(repeating: "red kite, ", count: 100))
        for _ in 0..<1000 { try writer.write(row) }
        let written = collected.pieces.count
        try writer.finish()
        #expect(written > 10)
        #expect(collected.pieces.allSatisfy { $0.count < 96 * 1024 })
        let records = try StrictCSVReader.records(of: collected.bytes)
        #expect(records.count == 1001)
        #expect(Set(records.dropFirst()).count == 1)
    }

    @Test func `a field larger than the buffer arrives whole`() throws {
        let caption = String(repeating: "a \"quoted\" word, ", count: 20_000)
        let records = try StrictCSVReader.records(of: csv([.fixture(caption: caption), .fixture()]))
        #expect(records.count == 3)
        #expect(records[1][3] == Array(caption.utf8))
    }

    @Test func `an error of the sink reaches the caller`() throws {
        struct DiskFull: Error {}
        var writer = CSVWriter { _ in throw DiskFull() }
        try writer.write(.fixture())
        #expect(throws: DiskFull.self) { try writer.finish() }
        let large = ExportRow.fixture(caption: String(repeating: "x", count: 70_000))
        #expect(throws: DiskFull.self) { try writer.write(large) }
    }

    @Test(arguments: [
        (0.0, "1970-01-01T00:00:00.000Z"), (951_782_400.5, "2000-02-29T00:00:00.500Z"),
        (1_772_355_907.25, "2026-03-01T09:05:07.250Z"), (4_107_542_399.75, "2100-02-28T23:59:59.750Z"),
    ])
    func `times are UTC with milliseconds`(seconds: Double, text: String) {
        #expect(Date(timeIntervalSince1970: seconds).exportText == text)
    }

    @Test func `every millisecond is exported as it is stored`() {
        for millisecond in 0..<1000 {
            let date = Date(timeIntervalSince1970: Double(1_772_355_907_000 + millisecond) / 1000)
            let digits = String(String(1000 + millisecond).dropFirst())
            #expect(date.exportText == "2026-03-01T09:05:07.\(digits)Z")
        }
    }

    @Test(arguments: [
        ("a,b\n", StrictCSVReader.Problem.bareLineEnd(at: 3)), ("a\"b\r\n", .strayQuote(at: 1)),
        ("\"a\"b\r\n", .textAfterQuote(at: 3)), ("\"a\r\n", .unterminated), ("a", .unterminated),
    ])
    func `the reader of these tests is strict`(text: String, problem: StrictCSVReader.Problem) {
        #expect(throws: problem) { try StrictCSVReader.records(of: Array(text.utf8)) }
    }
}
