public import Captioning
import Foundation
import GRDB

extension SQLiteJobStore {
    /// What the store holds, by counts.
    public func summary() async throws -> StoreSummary {
        try await guarded {
            try await read { db in
                var summary = StoreSummary()
                summary.name = try String.fetchOne(db, sql: "SELECT name FROM job") ?? ""
                if let tally = try Row.fetchOne(
                    db,
                    sql: """
                        SELECT pending, claimed, done, failed, setAside, attempts, reused, promptTokens, completionTokens
                        FROM tally
                        """)
                {
                    var values = RowReader(tally)
                    let waiting = try values.someInt()
                    summary.claimed = try values.someInt()
                    summary.pending = waiting &+ summary.claimed
                    summary.done = try values.someInt()
                    summary.failed = try values.someInt()
                    summary.total = summary.pending &+ summary.done &+ summary.failed
                    summary.setAside = try values.someInt()
                    summary.attempts = try values.someInt()
                    summary.reused = try values.someInt()
                    summary.promptTokens = try values.someInt()
                    summary.completionTokens = try values.someInt()
                }
                summary.retrying =
                    try Int.fetchOne(
                        db,
                        sql: """
                            SELECT count(*) FROM item
                            WHERE state = 'pending' AND position IS NOT NULL AND notBefore > 0
                            """) ?? 0
                try Self.addFailures(&summary, db)
                return summary
            }
        }
    }

    private static func addFailures(_ summary: inout StoreSummary, _ db: Database) throws {
        summary.failures = try Row.fetchAll(
            db,
            sql: """
                SELECT errorCode, count(*) AS count, min(errorMessage) AS example FROM failure
                GROUP BY errorCode ORDER BY count DESC, errorCode
                """
        ).map { row in
            var values = RowReader(row)
            return StoreSummary.FailureGroup(
                code: try values.text() ?? "unknown", count: try values.someInt(), example: try values.text() ?? "")
        }
    }

    /// Every attempt for the images of that name, oldest first.
    ///
    /// - `promptID`: Only this prompt's; nil means all.
    public func history(of image: ImageName, promptID: String?) async throws -> [AttemptHistory] {
        try await guarded {
            try await read { db in
                try Row.fetchAll(
                    db,
                    sql: """
                        SELECT item.prompt, item.state, attempt.number, attempt.outcome, attempt.wasSent,
                            attempt.provider, attempt.endpoint, attempt.model, attempt.answeredModel, attempt.startedAt,
                            attempt.sentAt, attempt.finishedAt, attempt.latencyMs, attempt.httpStatus,
                            attempt.errorCode, attempt.errorMessage, attempt.providerRequestId, attempt.finishReason,
                            \(Usage.columns.map { "attempt.\($0)" }.joined(separator: ", ")), completion.caption,
                            completion.reasoning, request.definition, attempt.imageSize, attempt.imageFormat,
                            attempt.imageBytes, attempt.sentSize, attempt.sentFormat, attempt.sentBytes,
                            attempt.prepared
                        FROM item
                        LEFT JOIN attempt ON attempt.itemId = item.id
                        LEFT JOIN request ON request.id = attempt.requestId
                        LEFT JOIN completion ON completion.attemptId = coalesce(attempt.reusedAttemptId, attempt.id)
                        WHERE item.kind IN ('file', 'url', 'group') AND item.image = ?1 AND (?2 IS NULL OR item.prompt = ?2)
                        ORDER BY coalesce(item.position, 1e18), item.id, attempt.number
                        """, arguments: [image.stored, promptID]
                ).map(AttemptHistory.init(row:))
            }
        }
    }
}

extension AttemptHistory {
    /// A row of the query above.
    fileprivate init(row: Row) throws {
        var values = RowReader(row)
        self.init(
            prompt: try values.someText(), itemState: try values.someText(), number: try values.int(),
            outcome: try values.text(), wasSent: try values.bool(), provider: try values.text(),
            endpoint: try values.text(), model: try values.text(), answeredModel: try values.text(),
            startedAt: try values.date(), sentAt: try values.date(), finishedAt: try values.date(),
            latencyMs: try values.int(), httpStatus: try values.int(), errorCode: try values.text(),
            errorMessage: try values.text(), providerRequestID: try values.text(), finishReason: try values.text(),
            usage: try Usage(values: &values), caption: try values.text(), reasoning: try values.text(),
            request: try values.text())
        images = try SentImages(values: &values)
    }
}
