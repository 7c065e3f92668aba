import Captioning
import Foundation
import GRDB

/// Reads a row's values one after the other, by their types and nothing near them, and puts them into a digest on the way.
///
/// By places, because finding a column by its name takes longer than reading it. Never traps: what a disk has done to a row
/// is an error.
struct RowReader {
    private let row: Row
    private var index: Int
    /// Of the values that were read since it was begun.
    private(set) var digest = RowDigest()

    /// - `index`: The place of the first value that is read.
    init(_ row: Row, at index: Int = 0) {
        self.row = row
        self.index = index
    }

    /// Begins a digest with the next value.
    mutating func beginDigest() {
        digest = RowDigest()
    }

    private mutating func next() throws(DamagedRow) -> DatabaseValue {
        guard index < row.count else { throw DamagedRow("it has too few values") }
        defer { index += 1 }
        return row[index]
    }

    /// A text; nil for NULL.
    mutating func text() throws(DamagedRow) -> String? {
        switch try next().storage {
        case .null:
            digest.add(nil as String?)
            return nil
        case .string(let text):
            digest.add(text)
            return text
        default: throw unexpected("a text")
        }
    }

    /// A number; nil for NULL.
    mutating func number() throws(DamagedRow) -> Int64? {
        switch try next().storage {
        case .null:
            digest.add(nil as Int64?)
            return nil
        case .int64(let number):
            digest.add(number)
            return number
        default: throw unexpected("a whole number")
        }
    }

    /// Bytes; nil for NULL.
    mutating func data() throws(DamagedRow) -> Data? {
        switch try next().storage {
        case .null:
            digest.add(nil as Data?)
            return nil
        case .blob(let data):
            digest.add(data)
            return data
        default: throw unexpected("bytes")
        }
    }

    /// A number; nil for NULL.
    mutating func int() throws(DamagedRow) -> Int? {
        try number().map { Int($0) }
    }

    /// A text that is never NULL.
    mutating func someText() throws(DamagedRow) -> String {
        guard let text = try text() else { throw unexpected("a text") }
        return text
    }

    /// A number that is never NULL.
    mutating func someNumber() throws(DamagedRow) -> Int64 {
        guard let number = try number() else { throw unexpected("a whole number") }
        return number
    }

    /// A number that is never NULL.
    mutating func someInt() throws(DamagedRow) -> Int {
        Int(try someNumber())
    }

    /// A moment in Unix milliseconds; nil for NULL.
    mutating func date() throws(DamagedRow) -> Date? {
        try number().map(Date.init(unixMilliseconds:))
    }

    /// 0 or 1; nil for NULL.
    mutating func bool() throws(DamagedRow) -> Bool? {
        try number().map { $0 != 0 }
    }

    /// An image's name: text, or the exact bytes when they are not UTF-8.
    mutating func imageName() throws(DamagedRow) -> ImageName {
        let value = try next()
        digest.add(value)
        switch value.storage {
        case .string(let text): return ImageName(text)
        case .blob(let data): return ImageName(bytes: data)
        case .null, .int64, .double: throw unexpected("a name")
        }
    }

    private func unexpected(_ wanted: String) -> DamagedRow {
        DamagedRow("a column does not hold \(wanted)")
    }
}

extension Usage {
    /// The six columns of tokens, in the schema's order.
    init(values: inout RowReader) throws(DamagedRow) {
        self.init(
            promptTokens: try values.int(), completionTokens: try values.int(), totalTokens: try values.int(),
            imageTokens: try values.int(), cachedTokens: try values.int(), reasoningTokens: try values.int())
    }

    /// Their names.
    static let columns = [
        "promptTokens", "completionTokens", "totalTokens", "imageTokens", "cachedTokens", "reasoningTokens",
    ]
}

extension SentImages {
    /// The seven columns about images, in the schema's order; nil when nothing was sent from here.
    init?(values: inout RowReader) throws(DamagedRow) {
        let imageSize = try values.text()
        let imageFormat = try values.text()
        let imageBytes = try values.int()
        let sentSize = try values.text()
        let sentFormat = try values.text()
        let sentBytes = try values.int()
        let prepared = try values.text()
        guard let imageSize, let imageFormat, let imageBytes, let sentSize, let sentFormat, let sentBytes, let prepared
        else { return nil }
        self.init(
            imageSize: imageSize, imageFormat: imageFormat, imageBytes: imageBytes, sentSize: sentSize,
            sentFormat: sentFormat, sentBytes: sentBytes, prepared: prepared)
    }
}
