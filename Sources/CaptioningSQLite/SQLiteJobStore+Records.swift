public import Captioning
public import Foundation
import GRDB

extension SQLiteJobStore {
    /// Completes an attempt and moves its item on; returns when it is on disk.
    public func record(_ report: AttemptReport, of claim: Claim, then disposition: Disposition) async throws {
        try await guarded {
            try await commits.submit { db, tally in
                try Self.complete(report, claim.attemptID.rawValue, db, &tally)
                try Self.move(claim, disposition, db, &tally)
            }
            recent?.add(report, of: claim)
        }
    }

    /// Writes the end of an attempt that is open.
    static func complete(
        _ report: AttemptReport, _ attemptID: Int64, _ db: Database, _ tally: inout Tally
    ) throws {
        let open = try Row.fetchOne(
            db.cachedStatement(
                sql: """
                    SELECT itemId, startedAt, endpoint, model, provider FROM attempt WHERE id = ? AND finishedAt IS NULL
                    """), arguments: [attemptID])
        guard let open else { throw DatabaseError(message: "attempt \(attemptID) was already completed") }
        let ending = try AttemptEnding(report, of: attemptID, open: open)
        if let text = ending.text { try text.insert(db) }
        try ending.update(db)
        tally.reused += ending.reusedFrom == nil ? 0 : 1
        tally.promptTokens += ending.usage.promptTokens ?? 0
        tally.completionTokens += ending.usage.completionTokens ?? 0
    }

    private static func move(
        _ claim: Claim, _ disposition: Disposition, _ db: Database, _ tally: inout Tally
    ) throws {
        let id = claim.item.id.rawValue
        switch disposition {
        case .done:
            try settle(id, by: claim.attemptID.rawValue, isDone: true, db)
            tally.move(from: \.claimed, to: \.done)
        case .gaveUp:
            try settle(id, by: claim.attemptID.rawValue, isDone: false, db)
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

    /// Settles an item by an attempt that has ended: it has its answer, or has failed for good.
    static func settle(_ item: Int64, by attempt: Int64, isDone: Bool, _ db: Database) throws {
        let sql =
            isDone
            ? """
            UPDATE item SET state = 'done', attemptId = ?2, keptRequestId = NULL, answeredAsks = asks,
                answeredRequestId = (SELECT requestId FROM attempt WHERE id = ?2)
            WHERE id = ?1
            """ : "UPDATE item SET state = 'failed', attemptId = ?2, answeredRequestId = NULL WHERE id = ?1"
        try db.cachedStatement(sql: sql).execute(arguments: [item, attempt])
    }

    /// A stored whole answer to the same bytes and the same request; one that the disk has damaged is none.
    public func completion(matching fingerprint: Data) async throws -> (Completion, Attempt.ID)? {
        try await guarded {
            try await read { db in
                let row = try Row.fetchOne(
                    db.cachedStatement(
                        sql: """
                            SELECT attemptId, fingerprint, caption, completion.digest, reasoning, attempt.id, finishReason,
                                answeredModel, \(Usage.columns.joined(separator: ", "))
                            FROM completion JOIN attempt ON attempt.id = completion.attemptId
                            WHERE fingerprint = ? LIMIT 1
                            """), arguments: [fingerprint])
                guard let row else { return nil }
                var values = RowReader(row)
                values.beginDigest()
                _ = try values.number()
                _ = try values.data()
                let caption = try values.someText()
                let digest = values.digest.value
                guard try values.number() == digest else { return nil }
                let reasoning = try values.text()
                let attemptID = Attempt.ID(try values.someNumber())
                let completion = Completion(
                    caption: caption, reasoning: reasoning, finishReason: try values.text(), model: try values.text(),
                    usage: try Usage(values: &values))
                return (completion, attemptID)
            }
        }
    }
}
