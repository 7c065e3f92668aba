import Captioning
import GRDB

extension SQLiteJobStore {
    /// Checks the ledger's own rules over every row, and SQLite's structures.
    ///
    /// Reads the whole file; changes nothing. Right also while a run writes: it sees one state of the store.
    /// - Returns: What is wrong, one sentence each; empty when all is well.
    public func verify() async throws -> [String] {
        try await guarded {
            try await read { db in
                var problems = try String.fetchAll(db, sql: "PRAGMA integrity_check(20)").filter { $0 != "ok" }
                    .map { "SQLite: \($0)" }
                // What cannot be read cannot be counted.
                guard problems.isEmpty else { return problems }
                try Self.checkSchema(&problems, db)
                for row in try Row.fetchAll(db, sql: "PRAGMA foreign_key_check") {
                    var values = RowReader(row)
                    let (table, id) = (try values.someText(), try values.number() ?? 0)
                    problems.append("\(table) row \(id) names a row of \(try values.someText()) that is not there")
                }
                try Self.checkTally(&problems, db)
                try Self.checkRequests(&problems, db)
                for rule in Self.rules {
                    let broken = try Int64.fetchAll(db, sql: "\(rule.violations) LIMIT 6")
                    guard !broken.isEmpty else { continue }
                    let rows = broken.prefix(5).map(String.init) + (broken.count > 5 ? ["…"] : [])
                    problems.append("\(rule.text) (\(rule.table) \(rows.joined(separator: ", ")))")
                }
                return problems
            }
        }
    }

    /// Compares the schema with that of a new store: a table that says something else makes every row say something else.
    private static func checkSchema(_ problems: inout [String], _ db: Database) throws {
        func schema(_ db: Database) throws -> [String: String] {
            var schema: [String: String] = [:]
            for row in try Row.fetchAll(db, sql: "SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL") {
                var values = RowReader(row)
                schema[try values.someText()] = try values.someText()
            }
            return schema
        }
        let (found, expected) = (try schema(db), try inMemory().writer.read(schema))
        // Views and indexes of somebody else do no harm.
        for (name, sql) in expected.sorted(by: { $0.key < $1.key }) where found[name] != sql {
            problems.append("the definition of \(name) is not this program's")
        }
    }

    private static func checkTally(_ problems: inout [String], _ db: Database) throws {
        let names = [
            "pending", "claimed", "done", "failed", "setAside", "attempts", "reused", "promptTokens",
            "completionTokens",
        ]
        let columns = names.joined(separator: ", ")
        guard let kept = try Row.fetchOne(db, sql: "SELECT \(columns) FROM tally"),
            let counted = try Row.fetchOne(db, sql: "SELECT \(columns) FROM counted")
        else { return problems.append("the tally is missing") }
        var (keptValues, countedValues) = (RowReader(kept), RowReader(counted))
        for name in names {
            let (claimed, found) = (try keptValues.someNumber(), try countedValues.someNumber())
            if claimed != found { problems.append("tally.\(name) is \(claimed), counted are \(found)") }
        }
        if try !DigestSQL.areColumnsWhole(db) {
            problems.append("the names of the manifests' columns have changed on the disk")
        }
    }

    private static func checkRequests(_ problems: inout [String], _ db: Database) throws {
        for row in try Row.fetchAll(db, sql: "SELECT id, digest, definition FROM request") {
            var values = RowReader(row)
            let (id, digest) = (try values.someNumber(), try values.data())
            if digest != RequestVersion.digest(ofDefinition: try values.someText()) {
                problems.append("what was asked has changed on the disk (request \(id))")
            }
        }
    }

    /// A rule and the ids of the rows that break it.
    private struct Rule {
        let text: String
        let table: String
        let violations: String
    }

    private static let rules = [
        Rule(
            text: "an item is done by an attempt of another item, or by one without an answer", table: "item",
            violations: """
                SELECT item.id FROM item JOIN attempt ON attempt.id = item.attemptId
                WHERE item.state = 'done' AND (attempt.itemId <> item.id OR attempt.outcome NOT IN ('completed', 'reused')
                    OR item.answeredRequestId IS NOT attempt.requestId)
                """),
        Rule(
            text: "an item has failed by an attempt of another item, or by one that did not fail", table: "item",
            violations: """
                SELECT item.id FROM item JOIN attempt ON attempt.id = item.attemptId
                WHERE item.state = 'failed' AND (attempt.itemId <> item.id OR attempt.outcome <> 'failed')
                """),
        Rule(
            text: "an answer has no text", table: "attempt",
            violations: """
                SELECT attempt.id FROM attempt
                LEFT JOIN completion ON completion.attemptId = coalesce(attempt.reusedAttemptId, attempt.id)
                WHERE attempt.outcome IN ('completed', 'reused') AND completion.attemptId IS NULL
                """),
        Rule(
            text: "an answer was reused from an attempt that has none", table: "attempt",
            violations: """
                SELECT attempt.id FROM attempt LEFT JOIN attempt AS source ON source.id = attempt.reusedAttemptId
                WHERE attempt.outcome = 'reused' AND source.outcome IS NOT 'completed'
                """),
        Rule(
            text: "a claimed item has no attempt in flight, or more than one", table: "item",
            violations: """
                SELECT item.id FROM item WHERE state = 'claimed'
                    AND (SELECT count(*) FROM attempt WHERE itemId = item.id AND finishedAt IS NULL) <> 1
                """),
        Rule(
            text: "an attempt is in flight for an item that is not claimed", table: "attempt",
            violations: """
                SELECT attempt.id FROM attempt JOIN item ON item.id = attempt.itemId
                WHERE attempt.finishedAt IS NULL AND item.state <> 'claimed'
                """),
        Rule(
            text: "two items have one place in the plan", table: "item",
            violations: """
                SELECT min(id) FROM item WHERE position IS NOT NULL GROUP BY position HAVING count(*) > 1
                """),
        Rule(
            text: "the plan has gaps", table: "item",
            violations: """
                SELECT id FROM item WHERE position >= (SELECT pending + claimed + done + failed FROM counted)
                """),
        Rule(
            text: "a name, a prompt or variables have changed on the disk", table: "item",
            violations: "SELECT id FROM item WHERE digest IS NOT \(DigestSQL.item)"),
        Rule(
            text: "a caption has changed on the disk", table: "completion",
            violations: "SELECT attemptId FROM completion WHERE digest IS NOT \(DigestSQL.completion)"),
        Rule(
            text: "a result has changed on the disk", table: "attempt",
            violations: "SELECT id FROM attempt WHERE finishedAt IS NOT NULL AND digest IS NOT \(DigestSQL.attempt)"),
        Rule(
            text: "attempts are missing between others", table: "item",
            violations: """
                SELECT itemId FROM attempt GROUP BY itemId HAVING count(*) <> max(number)
                """),
        Rule(
            text: "an attempt ended before it began", table: "attempt",
            violations: "SELECT id FROM attempt WHERE finishedAt < startedAt"),
    ]
}
