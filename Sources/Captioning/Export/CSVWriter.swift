public import Foundation

/// Writes rows as CSV by RFC 4180: UTF-8, CRLF, a header line, quotes where they are needed.
///
/// Bytes of names that are no UTF-8 pass through unchanged. Memory does not grow with the number of rows.
public struct CSVWriter: Sendable {
    /// The columns, in order; new ones are only ever appended.
    public static let columns = [
        "image", "prompt", "status", "caption", "finish_reason", "model", "prompt_tokens", "completion_tokens",
        "total_tokens", "image_tokens", "attempts", "error_code", "error_message", "completed_at", "image_size",
        "image_format", "image_bytes", "sent_size", "sent_format", "sent_bytes", "prepared", "provider",
    ]

    /// Columns that came after manifests: a manifest's column of that name keeps it, and ours is left out.
    private static let yielding: Set<String> = ["provider"]

    private static let flushBytes = 64 * 1024
    private static let lineEnd: [UInt8] = [13, 10]

    private let manifestColumns: [String]
    private let hasProvider: Bool
    private let sink: @Sendable ([UInt8]) throws -> Void
    private var buffer: [UInt8] = []

    /// A writer; the header line is written with the first flush.
    ///
    /// - Parameters:
    ///   - manifestColumns: The columns of the job's manifests, which follow ours.
    ///   - bom: Whether to begin with a byte order mark, for Excel.
    ///   - sink: Takes the bytes in pieces of about 64 KB.
    public init(
        manifestColumns: [String] = [], bom: Bool = false, sink: @escaping @Sendable ([UInt8]) throws -> Void
    ) {
        self.manifestColumns = manifestColumns
        self.sink = sink
        let columns = Self.columns.filter { !(Self.yielding.contains($0) && manifestColumns.contains($0)) }
        hasProvider = columns.contains("provider")
        buffer.reserveCapacity(Self.flushBytes + 16 * 1024)
        if bom { buffer += [0xEF, 0xBB, 0xBF] }
        buffer += Array(columns.joined(separator: ",").utf8)
        // A name that we use already would stand twice in the header.
        for name in manifestColumns {
            buffer.append(44)
            append(columns.contains(name) ? "manifest_\(name)" : name)
            buffer.removeLast()
        }
        buffer += Self.lineEnd
    }

    /// Writes one row.
    ///
    /// - Throws: Whatever the sink throws.
    public mutating func write(_ row: ExportRow) throws {
        append(row.image.bytes)
        append(row.prompt)
        append(row.status.rawValue)
        append(row.caption)
        append(row.finishReason)
        append(row.model)
        append(row.usage.promptTokens)
        append(row.usage.completionTokens)
        append(row.usage.totalTokens)
        append(row.usage.imageTokens)
        append(row.attempts)
        append(row.errorCode)
        append(row.errorMessage)
        append(row.completedAt?.exportText)
        append(row.images?.imageSize)
        append(row.images?.imageFormat)
        append(row.images?.imageBytes)
        append(row.images?.sentSize)
        append(row.images?.sentFormat)
        append(row.images?.sentBytes)
        append(row.images?.prepared)
        if hasProvider { append(row.provider) }
        for name in manifestColumns { append(row.variables[name]) }
        buffer[buffer.count - 1] = 13
        buffer.append(10)
        if buffer.count >= Self.flushBytes { try flush() }
    }

    /// Writes what is left.
    ///
    /// - Throws: Whatever the sink throws.
    public mutating func finish() throws {
        try flush()
    }

    private mutating func flush() throws {
        guard !buffer.isEmpty else { return }
        try sink(buffer)
        buffer.removeAll(keepingCapacity: true)
    }

    private mutating func append(_ text: String?) {
        guard var text else { return buffer.append(44) }
        text.withUTF8 { append(field: $0) }
    }

    private mutating func append(_ bytes: [UInt8]) {
        bytes.withUnsafeBufferPointer { append(field: $0) }
    }

    private mutating func append(_ number: Int?) {
        if let number { buffer.append(contentsOf: String(number).utf8) }
        buffer.append(44)
    }

    /// A field and the comma behind it.
    private mutating func append(field: UnsafeBufferPointer<UInt8>) {
        var needsQuotes = field.first == 32 || field.last == 32
        var hasQuote = false
        for byte in field where byte <= 44 {
            if byte == 34 { hasQuote = true }
            if byte == 34 || byte == 44 || byte == 13 || byte == 10 { needsQuotes = true }
        }
        guard needsQuotes else {
            buffer.append(contentsOf: field)
            return buffer.append(44)
        }
        buffer.append(34)
        if hasQuote {
            for piece in field.split(separator: 34, omittingEmptySubsequences: false).enumerated() {
                if piece.offset > 0 { buffer += [34, 34] }
                buffer.append(contentsOf: piece.element)
            }
        } else {
            buffer.append(contentsOf: field)
        }
        buffer += [34, 44]
    }
}

extension Date {
    /// ISO 8601 in UTC with milliseconds, as exports write times: `2026-03-01T09:05:07.120Z`.
    public var exportText: String {
        // The style cuts off instead of rounding, and most milliseconds are no exact Double: aim at the middle of one.
        let milliseconds = (timeIntervalSince1970 * 1000).rounded()
        return Date(timeIntervalSince1970: (milliseconds + 0.5) / 1000)
            .formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    }
}
