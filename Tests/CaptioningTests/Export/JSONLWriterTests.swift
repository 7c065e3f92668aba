import Captioning
import Foundation
import Testing

struct JSONLWriterTests {
    private func lines(_ rows: [ExportRow]) throws -> [String] {
        let collected = Collected()
        var writer = JSONLWriter { collected.add($0) }
        for row in rows { try writer.write(row) }
        try writer.finish()
        let text = try #require(String(validating: collected.bytes, as: UTF8.self))
        #expect(text.isEmpty || text.hasSuffix("\n"))
        return text.unicodeScalars.split(separator: "\n").map { String($0) }
    }

    private func object(_ line: String) throws -> [String: JSONValue] {
        guard case .object(let members) = try JSONValue(parsing: Data(line.utf8)) else { return [:] }
        return members
    }

    @Test func `without rows nothing is written`() throws {
        let collected = Collected()
        var writer = JSONLWriter { collected.add($0) }
        try writer.finish()
        #expect(collected.pieces.isEmpty)
    }

    @Test func `a full row has every key in order, numbers as numbers`() throws {
        var row = ExportRow(
            image: ImageName("a/b.jpg"), prompt: "alt", status: .done, caption: "A \"cat\".", finishReason: "stop",
            model: "m",
            usage: Usage(
                promptTokens: 1, completionTokens: 2, totalTokens: 3, imageTokens: 4, cachedTokens: 5,
                reasoningTokens: 0),
            attempts: 6, errorCode: "e", errorMessage: "f",
            completedAt: Date(timeIntervalSince1970: 1_772_355_907.25))
        row.images = SentImages(
            imageSize: "40x30", imageFormat: "heic", imageBytes: 900, sentSize: "20x15", sentFormat: "jpeg",
            sentBytes: 300, prepared: "turned scaled")
        row.provider = "dashscope"
        let expected =
            #"{"image":"a/b.jpg","prompt":"alt","status":"done","caption":"A \"cat\".","finish_reason":"stop","#
            + #""model":"m","prompt_tokens":1,"completion_tokens":2,"total_tokens":3,"image_tokens":4,"#
            + #""cached_tokens":5,"reasoning_tokens":0,"attempts":6,"error_code":"e","error_message":"f","#
            + #""completed_at":"2026-03-01T09:05:07.250Z","image_size":"40x30","image_format":"heic","#
            + #""image_bytes":900,"sent_size":"20x15","sent_format":"jpeg","sent_bytes":300,"prepared":"turned scaled","#
            + #""provider":"dashscope"}"#
        #expect(try lines([row]) == [expected])
    }

    @Test func `what is absent is null`() throws {
        let row = ExportRow(image: ImageName("a.jpg"), prompt: "alt", status: .pending)
        let members = try object(try #require(try lines([row]).first))
        let absent = [
            "caption", "finish_reason", "model", "prompt_tokens", "completion_tokens", "total_tokens", "image_tokens",
            "cached_tokens", "reasoning_tokens", "error_code", "error_message", "completed_at", "image_size",
            "image_format", "image_bytes", "sent_size", "sent_format", "sent_bytes", "prepared", "provider",
        ]
        for key in absent { #expect(members[key] == .null, "\(key)") }
        #expect(members["attempts"] == .int(0))
        #expect(members.count == 24)
    }

    @Test func `awkward texts stay on one line and come back`() throws {
        let values = AwkwardText.all + ["nul\u{0}", "escape\u{1B}[31m", "\u{8}\u{C}\u{1F}"]
        let lines = try lines(values.map { .fixture(image: ImageName($0), caption: $0, errorMessage: $0) })
        #expect(lines.count == values.count)
        for (line, value) in zip(lines, values) {
            let members = try object(line)
            for key in ["image", "caption", "error_message"] {
                #expect(members[key]?.string.map { Array($0.utf8) } == Array(value.utf8), "\(value)")
            }
            #expect(members["image_base64"] == nil)
        }
    }

    @Test func `a name that is no UTF-8 is readable and exact`() throws {
        let bytes: [UInt8] = [0x63, 0x61, 0x66, 0xE9, 0x2E, 0x6A]
        let members = try object(try #require(try lines([.fixture(image: ImageName(bytes: bytes))]).first))
        #expect(members["image"] == .string("caf\u{FFFD}.j"))
        let exact = try #require(members["image_base64"]?.string)
        #expect(Data(base64Encoded: exact) == Data(bytes))
    }

    @Test func `the CSV's columns are all there`() throws {
        let members = try object(try #require(try lines([.fixture()]).first))
        #expect(Set(CSVWriter.columns).isSubset(of: members.keys))
    }

    @Test func `rows leave in pieces, so that memory does not grow`() throws {
        let collected = Collected()
        var writer = JSONLWriter { collected.add($0) }
        let row = ExportRow.fixture(caption: String(repeating: "red kite ", count: 500))
        for _ in 0..<200 { try writer.write(row) }
        #expect(collected.pieces.count > 5)
        try writer.finish()
        #expect(collected.pieces.allSatisfy { $0.count < 96 * 1024 })
        #expect(collected.bytes.count(where: { $0 == 10 }) == 200)
    }
}
