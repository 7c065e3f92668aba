public import Captioning
public import Foundation
import GRDB

extension SQLiteJobStore {
    /// Completes an attempt and moves its item on; returns when it is on disk.
    public func record(_ report: AttemptReport, of claim: Claim, then disposition: Disposition) async throws {
        try await guarded {
            try await commits.submit { db, tally in
                try Self.complete(report, claim.attemptID.rawValue, db, &tally)
                try Self.keepAnswer(report, claim.attemptID.rawValue, db)
                try Self.move(claim, disposition, db, &tally)
            }
        }
    }

    private static func complete(
        _ report: AttemptReport, _ attemptID: Int64, _ db: Database, _ tally: inout Tally
    ) throws {
        let failure = report.outcome.failure
        let completion = report.outcome.completion
        var reusedFrom: Int64?
        let outcome: String
        switch report.outcome {
        case .completed: outcome = "completed"
        case .reused(_, let attempt):
            outcome = "reused"
            reusedFrom = attempt.rawValue
        case .failed(let failure, _): outcome = failure.kind == .interrupted ? "interrupted" : "failed"
        }
        if let endpoint = report.endpoint {
            try db.cachedStatement(
                sql: """
                    UPDATE attempt SET endpoint = ?2, model = ?3
                    WHERE id = ?1 AND (endpoint <> ?2 OR model <> ?3) AND finishedAt IS NULL
                    """
            ).execute(arguments: [attemptID, endpoint.baseURL, endpoint.model])
        }
        // A reused answer cost nothing: its tokens stand with the attempt that was paid for.
        let usage = reusedFrom == nil ? completion?.usage ?? Usage() : Usage()
        try db.cachedStatement(
            sql: """
                UPDATE attempt SET finishedAt = max(:finishedAt, startedAt), outcome = :outcome, wasSent = :wasSent,
                    reusedAttemptId = :reusedFrom, httpStatus = :httpStatus, errorCode = :errorCode,
                    errorMessage = :errorMessage, providerRequestId = :requestID, answeredModel = :model,
                    finishReason = :finishReason, promptTokens = :prompt, completionTokens = :completion,
                    totalTokens = :total, imageTokens = :image, cachedTokens = :cached, reasoningTokens = :reasoning,
                    latencyMs = :latency, imageSize = :imageSize, imageFormat = :imageFormat, imageBytes = :imageBytes,
                    sentSize = :sentSize, sentFormat = :sentFormat, sentBytes = :sentBytes, prepared = :prepared
                WHERE id = :id AND finishedAt IS NULL
                """
        ).execute(arguments: [
            "finishedAt": report.finishedAt.unixMilliseconds, "outcome": outcome, "wasSent": report.wasSent,
            "reusedFrom": reusedFrom, "httpStatus": report.httpStatus, "errorCode": failure?.label,
            "errorMessage": failure?.detail, "requestID": report.requestID, "model": completion?.model,
            "finishReason": completion?.finishReason, "prompt": usage.promptTokens,
            "completion": usage.completionTokens, "total": usage.totalTokens, "image": usage.imageTokens,
            "cached": usage.cachedTokens, "reasoning": usage.reasoningTokens,
            "latency": report.latency.map { Int64($0.seconds * 1000) }, "imageSize": report.images?.imageSize,
            "imageFormat": report.images?.imageFormat, "imageBytes": report.images?.imageBytes,
            "sentSize": report.images?.sentSize, "sentFormat": report.images?.sentFormat,
            "sentBytes": report.images?.sentBytes, "prepared": report.images?.prepared, "id": attemptID,
        ])
        guard db.changesCount == 1 else {
            throw DatabaseError(message: "attempt \(attemptID) was already completed")
        }
        tally.reused += reusedFrom == nil ? 0 : 1
        tally.promptTokens += usage.promptTokens ?? 0
        tally.completionTokens += usage.completionTokens ?? 0
    }

    private static func keepAnswer(_ report: AttemptReport, _ attemptID: Int64, _ db: Database) throws {
        let answer: Completion
        var fingerprint: Data?
        switch report.outcome {
        case .completed(let completion):
            answer = completion
            fingerprint = report.fingerprint
        case .failed(_, partial: let partial?) where !(partial.caption.isEmpty && partial.reasoning == nil):
            answer = partial
        case .failed, .reused:
            return
        }
        try db.cachedStatement(
            sql: "INSERT INTO completion (attemptId, fingerprint, caption, reasoning) VALUES (?, ?, ?, ?)"
        ).execute(arguments: [attemptID, fingerprint, answer.caption, answer.reasoning])
    }

    private static func move(
        _ claim: Claim, _ disposition: Disposition, _ db: Database, _ tally: inout Tally
    ) throws {
        let id = claim.item.id.rawValue
        switch disposition {
        case .done:
            try db.cachedStatement(
                sql: """
                    UPDATE item SET state = 'done', attemptId = ?2, keptRequestId = NULL, answeredAsks = asks,
                        answeredRequestId = (SELECT requestId FROM attempt WHERE id = ?2)
                    WHERE id = ?1
                    """
            ).execute(arguments: [id, claim.attemptID.rawValue])
            tally.move(from: \.claimed, to: \.done)
        case .gaveUp:
            try db.cachedStatement(
                sql: "UPDATE item SET state = 'failed', attemptId = ?2, answeredRequestId = NULL WHERE id = ?1"
            ).execute(arguments: [id, claim.attemptID.rawValue])
            tally.move(from: \.claimed, to: \.failed)
        case .retry(let due, let budget):
            try db.cachedStatement(
                sql: """
                    UPDATE item SET state = 'pending', notBefore = ?2, failures = failures + ?3, throttles = throttles + ?4,
                        doubts = doubts + ?5
                    WHERE id = ?1
                    """
            ).execute(arguments: [
                id, max(due.unixMilliseconds, 1), budget == .failures ? 1 : 0, budget == .throttles ? 1 : 0,
                budget == .doubts ? 1 : 0,
            ])
            tally.move(from: \.claimed, to: \.pending)
        case .putBack:
            try db.cachedStatement(sql: "UPDATE item SET state = 'pending' WHERE id = ?").execute(arguments: [id])
            tally.move(from: \.claimed, to: \.pending)
        }
    }

    /// A stored whole answer to the same bytes and the same request.
    public func completion(matching fingerprint: Data) async throws -> (Completion, Attempt.ID)? {
        try await guarded {
            try await read { db in
                let row = try Row.fetchOne(
                    db.cachedStatement(
                        sql: """
                            SELECT attempt.id, caption, reasoning, finishReason, answeredModel, promptTokens,
                                completionTokens, totalTokens, imageTokens, cachedTokens, reasoningTokens
                            FROM completion JOIN attempt ON attempt.id = completion.attemptId
                            WHERE fingerprint = ? LIMIT 1
                            """), arguments: [fingerprint])
                return row.map { row in
                    let completion = Completion(
                        caption: row["caption"], reasoning: row["reasoning"], finishReason: row["finishReason"],
                        model: row["answeredModel"], usage: Usage(row: row))
                    return (completion, Attempt.ID(row["id"]))
                }
            }
        }
    }
}

extension Usage {
    /// The tokens in a row with the schema's column names.
    init(row: Row) {
        self.init(
            promptTokens: row["promptTokens"], completionTokens: row["completionTokens"],
            totalTokens: row["totalTokens"], imageTokens: row["imageTokens"], cachedTokens: row["cachedTokens"],
            reasoningTokens: row["reasoningTokens"])
    }
}
