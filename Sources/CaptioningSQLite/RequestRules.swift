import Captioning
import Foundation
import GRDB

/// Keeps what counts as the same request the same over versions of the program.
///
/// Every request keeps all that it asked, as JSON, and the number of the rule by which its digest was made of that. A program
/// with a newer rule makes the digest again, so that an upgrade alone makes no answer stale.
enum RequestRules {
    /// Whether no digest is of an older rule.
    static func areUpToDate(_ db: Database) throws -> Bool {
        try Int.fetchOne(db, sql: "SELECT 1 FROM request WHERE rule < ? LIMIT 1", arguments: [RequestVersion.rule])
            == nil
    }

    /// Makes the digests that an older rule made again.
    static func bringUpToDate(_ db: Database) throws {
        let older = try Row.fetchAll(
            db, sql: "SELECT id, prompt, definition FROM request WHERE rule < ? ORDER BY id",
            arguments: [RequestVersion.rule])
        for row in older {
            var values = RowReader(row)
            let (id, prompt) = (try values.someNumber(), try values.someText())
            // What cannot be read stays as it is: its answers are stale at worst, and not lost.
            guard let digest = RequestVersion.digest(ofDefinition: try values.someText()) else {
                try db.execute(
                    sql: "UPDATE request SET rule = ? WHERE id = ?", arguments: [RequestVersion.rule, id])
                continue
            }
            let twin = try Int64.fetchOne(
                db, sql: "SELECT id FROM request WHERE prompt = ? AND digest = ? AND id <> ?",
                arguments: [prompt, digest, id])
            if let twin {
                try merge(id, into: twin, db)
            } else {
                try db.execute(
                    sql: "UPDATE request SET digest = ?, rule = ? WHERE id = ?",
                    arguments: [digest, RequestVersion.rule, id])
            }
        }
    }

    /// What the older rule told apart is one request by the present one.
    private static func merge(_ id: Int64, into other: Int64, _ db: Database) throws {
        for column in ["requestId", "answeredRequestId", "keptRequestId"] {
            try db.execute(sql: "UPDATE item SET \(column) = ? WHERE \(column) = ?", arguments: [other, id])
        }
        try db.execute(sql: "UPDATE attempt SET requestId = ? WHERE requestId = ?", arguments: [other, id])
        try db.execute(sql: "DELETE FROM request WHERE id = ?", arguments: [id])
    }
}
