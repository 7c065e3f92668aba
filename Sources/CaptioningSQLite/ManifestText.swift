import Captioning
import Foundation
import GRDB

/// What a manifest says of an image, as the store keeps it: a JSON object of texts.
enum ManifestText {
    static func text(_ variables: [String: String]) -> String {
        let members = variables.sorted { $0.key < $1.key }.map { "\(quoted($0.key)):\(quoted($0.value))" }
        return "{\(members.joined(separator: ","))}"
    }

    /// An encoder costs more than the row's insertion, and most texts have nothing to escape.
    private static func quoted(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy { $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
        return isPlain ? "\"\(text)\"" : String(decoding: JSONValue.string(text).canonicalData, as: UTF8.self)
    }

    static func variables(_ text: String?) -> [String: String] {
        text.flatMap { try? JSONDecoder().decode([String: String].self, from: Data($0.utf8)) } ?? [:]
    }

    /// Remembers the columns in their order, for exports.
    static func keep(_ columns: [String], _ db: Database) throws {
        try db.execute(sql: "DELETE FROM manifestColumn")
        for (index, name) in columns.enumerated() {
            try db.execute(sql: "INSERT INTO manifestColumn (place, name) VALUES (?, ?)", arguments: [index, name])
        }
        try DigestSQL.writeColumns(db)
    }
}

extension SQLiteJobStore {
    /// The columns of the job's manifests, as the last plan found them.
    ///
    /// - Throws: `StoreError` when the disk has damaged them: under wrong names, every row would be wrong.
    public func manifestColumns() async throws -> [String] {
        try await guarded {
            try await read { db in
                guard try DigestSQL.areColumnsWhole(db) else {
                    throw DamagedRow(
                        "the names of the manifests' columns have changed on the disk; 'caption run SPEC' reads them again"
                    )
                }
                return try String.fetchAll(db, sql: "SELECT name FROM manifestColumn ORDER BY place")
            }
        }
    }
}
