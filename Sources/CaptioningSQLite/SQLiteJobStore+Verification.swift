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
                for row in try Row.fetchAll(db, sql: "PRAGMA foreign_key_check") {
                    let (table, parent): (String, String) = (row["table"], row["parent"])
                    let id: Int64? = row["rowid"]
                    problems.append("\(table) row \(id ?? 0) names a row of \(parent) that is not there")
                }
                if let kept = try Row.fetchOne(db, sql: "SELECT * FROM tally"),
                    let counted = try Row.fetchOne(db, sql: "SELECT * FROM counted")
                {
                    for name in counted.columnNames {
                        let (claimed, found): (Int, Int) = (kept[name], counted[name])
                        if claimed != found { problems.append("tally.\(name) is \(claimed), counted are \(found)") }
                    }
                } else {
                    problems.append("the tally is missing")
                }
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
            text: "an attempt ended before it began", table: "attempt",
            violations: "SELECT id FROM attempt WHERE finishedAt < startedAt"),
    ]
}
