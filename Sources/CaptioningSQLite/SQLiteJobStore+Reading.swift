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
                if let tally = try Row.fetchOne(db, sql: "SELECT * FROM tally") {
                    summary.done = tally["done"]
                    summary.failed = tally["failed"]
                    summary.claimed = tally["claimed"]
                    summary.pending = summary.claimed + (tally["pending"] as Int)
                    summary.total = summary.pending + summary.done + summary.failed
                    summary.setAside = tally["setAside"]
                    summary.attempts = tally["attempts"]
                    summary.promptTokens = tally["promptTokens"]
                    summary.completionTokens = tally["completionTokens"]
                    summary.reused = tally["reused"]
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
            StoreSummary.FailureGroup(
                code: row["errorCode"] ?? "unknown", count: row["count"], example: row["example"] ?? "")
        }
    }

    /// Calls `visit` for every exported row, in plan order.
    public func forEachRow(isAll: Bool, _ visit: @escaping @Sendable (ExportRow) throws -> Void) async throws {
        try await guarded {
            try await read { db in
                let planned = try Row.fetchCursor(
                    db, sql: "\(ExportRow.query) WHERE position IS NOT NULL ORDER BY position")
                while let row = try planned.next() { try visit(ExportRow(row: row)) }
                guard isAll else { return }
                let others = try Row.fetchCursor(
                    db, sql: "\(ExportRow.query) WHERE position IS NULL ORDER BY itemId")
                while let row = try others.next() { try visit(ExportRow(row: row)) }
            }
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
                        SELECT item.prompt AS prompt, item.state AS state, attempt.*, completion.caption AS caption,
                            completion.reasoning AS reasoning, request.definition AS definition
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

extension ExportRow {
    fileprivate static let query = """
        SELECT image, prompt, status, caption, finishReason, model, promptTokens, completionTokens, totalTokens,
            imageTokens, cachedTokens, reasoningTokens, attempts, errorCode, errorMessage, finishedAt,
            imageSize, imageFormat, imageBytes, sentSize, sentFormat, sentBytes, prepared, variables
        FROM caption
        """

    /// A row of the query; by places, because finding a column by its name takes longer than reading it.
    fileprivate init(row: Row) {
        let finishedAt: Int64? = row[15]
        self.init(
            image: imageName(row[0]), prompt: row[1], status: Status(rawValue: row[2]) ?? .pending, caption: row[3],
            finishReason: row[4], model: row[5],
            usage: Usage(
                promptTokens: row[6], completionTokens: row[7], totalTokens: row[8], imageTokens: row[9],
                cachedTokens: row[10], reasoningTokens: row[11]),
            attempts: row[12], errorCode: row[13], errorMessage: row[14],
            completedAt: finishedAt.map(Date.init(unixMilliseconds:)))
        variables = ManifestText.variables(row[23])
        guard let size: String = row[16] else { return }
        images = SentImages(
            imageSize: size, imageFormat: row[17], imageBytes: row[18], sentSize: row[19], sentFormat: row[20],
            sentBytes: row[21], prepared: row[22])
    }
}

extension AttemptHistory {
    fileprivate init(row: Row) {
        let startedAt: Int64? = row["startedAt"]
        let finishedAt: Int64? = row["finishedAt"]
        self.init(
            prompt: row["prompt"], itemState: row["state"], number: row["number"], outcome: row["outcome"],
            wasSent: row["wasSent"], endpoint: row["endpoint"], model: row["model"],
            answeredModel: row["answeredModel"], startedAt: startedAt.map(Date.init(unixMilliseconds:)),
            finishedAt: finishedAt.map(Date.init(unixMilliseconds:)), latencyMs: row["latencyMs"],
            httpStatus: row["httpStatus"], errorCode: row["errorCode"], errorMessage: row["errorMessage"],
            providerRequestID: row["providerRequestId"], finishReason: row["finishReason"], usage: Usage(row: row),
            caption: row["caption"], reasoning: row["reasoning"], request: row["definition"])
        guard let size: String = row["imageSize"] else { return }
        images = SentImages(
            imageSize: size, imageFormat: row["imageFormat"], imageBytes: row["imageBytes"], sentSize: row["sentSize"],
            sentFormat: row["sentFormat"], sentBytes: row["sentBytes"], prepared: row["prepared"])
    }
}
