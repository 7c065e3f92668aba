import Foundation

/// Writes rows as JSON lines: one object a line, the CSV's keys in the CSV's order and the rarer token counts.
///
/// A name that is no UTF-8 is written with U+FFFD in `image`, and its exact bytes in `image_base64`.
public struct JSONLWriter: Sendable {
    private static let flushBytes = 64 * 1024

    private let sink: @Sendable ([UInt8]) throws -> Void
    private var buffer: [UInt8] = []

    /// A writer.
    ///
    /// - Parameter sink: Takes the bytes in pieces of about 64 KB.
    public init(sink: @escaping @Sendable ([UInt8]) throws -> Void) {
        self.sink = sink
    }

    /// Writes one row.
    ///
    /// - Throws: Whatever the sink throws.
    public mutating func write(_ row: ExportRow) throws {
        buffer.append(UInt8(ascii: "{"))
        append("image", row.image.lossyText)
        append("prompt", row.prompt)
        append("status", row.status.rawValue)
        append("caption", row.caption)
        append("finish_reason", row.finishReason)
        append("model", row.model)
        append("prompt_tokens", row.usage.promptTokens)
        append("completion_tokens", row.usage.completionTokens)
        append("total_tokens", row.usage.totalTokens)
        append("image_tokens", row.usage.imageTokens)
        append("cached_tokens", row.usage.cachedTokens)
        append("reasoning_tokens", row.usage.reasoningTokens)
        append("attempts", row.attempts)
        append("error_code", row.errorCode)
        append("error_message", row.errorMessage)
        append("completed_at", row.completedAt?.exportText)
        append("image_size", row.images?.imageSize)
        append("image_format", row.images?.imageFormat)
        append("image_bytes", row.images?.imageBytes)
        append("sent_size", row.images?.sentSize)
        append("sent_format", row.images?.sentFormat)
        append("sent_bytes", row.images?.sentBytes)
        append("prepared", row.images?.prepared)
        append("provider", row.provider)
        if !row.variables.isEmpty {
            append(key: "manifest")
            buffer.append(contentsOf: JSONValue.object(row.variables.mapValues(JSONValue.string)).canonicalData)
            buffer.append(UInt8(ascii: ","))
        }
        if row.image.text == nil { append("image_base64", Data(row.image.bytes).base64EncodedString()) }
        buffer[buffer.count - 1] = UInt8(ascii: "}")
        buffer.append(UInt8(ascii: "\n"))
        if buffer.count >= Self.flushBytes { try finish() }
    }

    /// Writes what is left.
    ///
    /// - Throws: Whatever the sink throws.
    public mutating func finish() throws {
        guard !buffer.isEmpty else { return }
        try sink(buffer)
        buffer.removeAll(keepingCapacity: true)
    }

    private mutating func append(_ key: StaticString, _ number: Int?) {
        append(key: key)
        buffer.append(contentsOf: (number.map { String($0) } ?? "null").utf8)
        buffer.append(UInt8(ascii: ","))
    }

    private mutating func append(_ key: StaticString, _ text: String?) {
        append(key: key)
        if let text { append(value: text) } else { buffer.append(contentsOf: "null".utf8) }
        buffer.append(UInt8(ascii: ","))
    }

    private mutating func append(key: StaticString) {
        buffer.append(UInt8(ascii: "\""))
        buffer.append(contentsOf: UnsafeBufferPointer(start: key.utf8Start, count: key.utf8CodeUnitCount))
        buffer.append(contentsOf: [UInt8(ascii: "\""), UInt8(ascii: ":")])
    }

    private mutating func append(value text: String) {
        var text = text
        let isPlain = text.withUTF8 { bytes in
            bytes.allSatisfy { $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
        }
        // An encoder costs more than everything else in a row, and most texts have nothing to escape.
        guard isPlain else { return buffer.append(contentsOf: JSONValue.string(text).canonicalData) }
        buffer.append(UInt8(ascii: "\""))
        text.withUTF8 { buffer.append(contentsOf: $0) }
        buffer.append(UInt8(ascii: "\""))
    }
}
