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
        var line: [(String, JSONValue)] = [
            ("image", .string(String(decoding: row.image.bytes, as: UTF8.self))),
            ("prompt", .string(row.prompt)),
            ("status", .string(row.status.rawValue)),
            ("caption", json(row.caption)),
            ("finish_reason", json(row.finishReason)),
            ("model", json(row.model)),
            ("prompt_tokens", json(row.usage.promptTokens)),
            ("completion_tokens", json(row.usage.completionTokens)),
            ("total_tokens", json(row.usage.totalTokens)),
            ("image_tokens", json(row.usage.imageTokens)),
            ("cached_tokens", json(row.usage.cachedTokens)),
            ("reasoning_tokens", json(row.usage.reasoningTokens)),
            ("attempts", .int(row.attempts)),
            ("error_code", json(row.errorCode)),
            ("error_message", json(row.errorMessage)),
            ("completed_at", json(row.completedAt?.exportText)),
        ]
        if row.image.text == nil {
            line.append(("image_base64", .string(Data(row.image.bytes).base64EncodedString())))
        }
        for (index, (key, value)) in line.enumerated() {
            buffer.append(index == 0 ? UInt8(ascii: "{") : UInt8(ascii: ","))
            buffer.append(contentsOf: "\"\(key)\":".utf8)
            buffer.append(contentsOf: value.canonicalData)
        }
        buffer += Array("}\n".utf8)
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

    private func json(_ text: String?) -> JSONValue {
        text.map { .string($0) } ?? .null
    }

    private func json(_ number: Int?) -> JSONValue {
        number.map { .int($0) } ?? .null
    }
}
