import Captioning
import Foundation
import Synchronization

/// Collects what a writer hands over.
final class Collected: Sendable {
    private let state = Mutex<[[UInt8]]>([])

    func add(_ piece: [UInt8]) {
        state.withLock { $0.append(piece) }
    }

    var pieces: [[UInt8]] { state.withLock { $0 } }
    var bytes: [UInt8] { Array(pieces.joined()) }
}

extension ExportRow {
    static func fixture(
        image: ImageName = ImageName("a.jpg"), prompt: String = "alt", status: Status = .done,
        caption: String? = "A cat.", errorMessage: String? = nil, completedAt: Date? = nil
    ) -> ExportRow {
        ExportRow(
            image: image, prompt: prompt, status: status, caption: caption, errorMessage: errorMessage,
            completedAt: completedAt)
    }
}

/// Names that have broken exports before.
enum AwkwardText {
    static let all = [
        "plain.jpg", "say \"cheese\".jpg", "\"", "\"\"", "one, two.jpg", "two\nlines.jpg", "cr\rhere.jpg",
        "crlf\r\nhere.jpg", " leading.jpg", "trailing.jpg ", " ", "🦊👩‍👩‍👧.png", "-rf.jpg", "--all", "=cmd|calc",
        "+1", "@SUM(A1)", "café.png", "cafe\u{301}.png", "tab\there", "semi;colon", "back\\slash", "a/b//c",
        "\u{7F}\u{2028}\u{2029}", ",,,", "\"a\",\"b\"",
    ]
}

/// A strict reader of RFC 4180: CRLF only, and no stray quote anywhere.
struct StrictCSVReader {
    enum Problem: Error, Equatable {
        case strayQuote(at: Int), bareLineEnd(at: Int), textAfterQuote(at: Int), unterminated
    }

    private enum State { case start, plain, quoted, quoteInQuoted }

    static func records(of bytes: [UInt8]) throws(Problem) -> [[[UInt8]]] {
        var records: [[[UInt8]]] = []
        var record: [[UInt8]] = []
        var field: [UInt8] = []
        var state = State.start
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            switch (state, byte) {
            case (.quoted, UInt8(ascii: "\"")): state = .quoteInQuoted
            case (.quoted, _): field.append(byte)
            case (.start, UInt8(ascii: "\"")): state = .quoted
            case (.quoteInQuoted, UInt8(ascii: "\"")):
                field.append(byte)
                state = .quoted
            case (_, UInt8(ascii: "\"")): throw .strayQuote(at: index)
            case (_, UInt8(ascii: ",")):
                record.append(field)
                field = []
                state = .start
            case (_, 13):
                guard index + 1 < bytes.count, bytes[index + 1] == 10 else { throw .bareLineEnd(at: index) }
                records.append(record + [field])
                (record, field, state) = ([], [], .start)
                index += 1
            case (_, 10): throw .bareLineEnd(at: index)
            case (.quoteInQuoted, _): throw .textAfterQuote(at: index)
            default:
                field.append(byte)
                state = .plain
            }
            index += 1
        }
        guard state == .start, record.isEmpty, field.isEmpty else { throw .unterminated }
        return records
    }
}
