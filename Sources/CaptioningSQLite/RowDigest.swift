import Crypto
import Foundation
import GRDB

/// A digest over the values of a row, stored with it, so that a bit that flips on the disk is noticed.
///
/// The first 64 bits of a SHA-256. Every value goes in behind its type and length, so that no two rows of values come to the
/// same bytes. Stored digests depend on it: it never changes.
struct RowDigest {
    private var bytes: [UInt8] = []

    init() {
        bytes.reserveCapacity(1024)
    }

    mutating func add(_ number: Int64?) {
        guard let number else { return bytes.append(0) }
        bytes.append(1)
        append(number)
    }

    mutating func add(_ number: Int?) {
        add(number.map(Int64.init))
    }

    mutating func add(_ text: String?) {
        guard var text else { return bytes.append(0) }
        bytes.append(2)
        text.withUTF8 { utf8 in
            append(Int64(utf8.count))
            bytes.append(contentsOf: utf8)
        }
    }

    mutating func add(_ data: Data?) {
        guard let data else { return bytes.append(0) }
        bytes.append(3)
        append(Int64(data.count))
        bytes.append(contentsOf: data)
    }

    mutating func add(_ value: DatabaseValue) {
        switch value.storage {
        case .null: bytes.append(0)
        case .int64(let number): add(number)
        case .string(let text): add(text)
        case .blob(let data): add(data)
        case .double(let number):
            bytes.append(4)
            append(Int64(bitPattern: number.bitPattern))
        }
    }

    private mutating func append(_ number: Int64) {
        withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
    }

    /// The digest of what was added.
    var value: Int64 {
        SHA256.hash(data: bytes).withUnsafeBytes { Int64(littleEndian: $0.loadUnaligned(as: Int64.self)) }
    }

    /// The same for statements: `rowDigest(a, b, …)`.
    static let function = DatabaseFunction("rowDigest", pure: true) { values in
        var digest = RowDigest()
        for value in values { digest.add(value) }
        return digest.value
    }
}

/// Which values each digest is of, as SQL.
enum DigestSQL {
    /// Of an item.
    static let item = "rowDigest(kind, image, prompt, variables)"
    /// Of the text of an answer.
    static let completion = "rowDigest(attemptId, fingerprint, caption)"
    /// Of an attempt that has ended, the digest of the text that it shows included.
    static let attempt = """
        rowDigest(id, itemId, outcome, reusedAttemptId, provider, model, answeredModel, finishReason,
            promptTokens, completionTokens, totalTokens, imageTokens, cachedTokens, reasoningTokens,
            errorCode, errorMessage, finishedAt, imageSize, imageFormat, imageBytes, sentSize, sentFormat, sentBytes,
            prepared, (SELECT digest FROM completion WHERE attemptId = coalesce(attempt.reusedAttemptId, attempt.id)))
        """

    /// Writes the digests of every row that a migration has changed or found without.
    static func writeAll(_ db: Database) throws {
        try db.execute(sql: "UPDATE item SET digest = \(item)")
        try db.execute(sql: "UPDATE completion SET digest = \(completion)")
        try db.execute(sql: "UPDATE attempt SET digest = \(attempt) WHERE finishedAt IS NOT NULL")
        try writeColumns(db)
    }

    /// Writes the digest of the manifests' columns.
    static func writeColumns(_ db: Database) throws {
        try db.execute(
            sql: "UPDATE job SET columnDigest = ?",
            arguments: [columns(try String.fetchAll(db, sql: "SELECT name FROM manifestColumn ORDER BY place"))])
    }

    /// Whether the manifests' columns are those that were written.
    static func areColumnsWhole(_ db: Database) throws -> Bool {
        let names = try String.fetchAll(db, sql: "SELECT name FROM manifestColumn ORDER BY place")
        return try Int64.fetchOne(db, sql: "SELECT columnDigest FROM job") == columns(names)
    }

    /// The digest of the manifests' columns.
    static func columns(_ names: [String]) -> Int64 {
        var digest = RowDigest()
        for name in names { digest.add(name) }
        return digest.value
    }
}
