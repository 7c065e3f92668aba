public import Captioning
import Foundation
import GRDB

extension SQLiteJobStore {
    /// The id that tells this store from every other.
    public func storeID() async throws -> String {
        if let guardian { return guardian.storeID }
        return try await guarded {
            try await read { db in
                guard let id = try String.fetchOne(db, sql: "SELECT storeId FROM job") else {
                    throw DamagedRow("job.storeId is gone")
                }
                return id
            }
        }
    }

    /// Takes an answer in that could not be recorded when it came; returns when it is on disk.
    ///
    /// Completes the attempt that its run left interrupted; where that is gone, adds one. The item is settled only when it is
    /// still to do. The same answer may be brought again.
    ///
    /// Call it only as the store's one runner, after `beginRun` and before the first claim.
    public func recover(_ answer: UnrecordedAnswer, into recovery: inout Recovery) async throws {
        let result = try await guarded {
            try await write { db in try Self.recover(answer, db) }
        }
        switch result {
        case .recovered: recovery.recovered += 1
        case .known: recovery.known += 1
        case .refused(let reason): recovery.refused.append(reason)
        }
    }

    private enum RecoveryResult: Sendable {
        case recovered, known, refused(String)
    }

    private static func recover(_ answer: UnrecordedAnswer, _ db: Database) throws -> RecoveryResult {
        guard let id = try String.fetchOne(db, sql: "SELECT storeId FROM job"), id == answer.store else {
            return .refused("an answer for '\(answer.image)' belongs to another store")
        }
        guard let key = answer.key,
            let itemID = try Int64.fetchOne(
                db, sql: "SELECT id FROM item WHERE kind = ? AND image = ? AND prompt = ?",
                arguments: [key.kind.rawValue, key.image.stored, key.promptID])
        else { return .refused("the store has no image '\(answer.image)' with prompt '\(answer.prompt)'") }
        let known = try Int.fetchOne(
            db,
            sql: """
                SELECT 1 FROM attempt JOIN completion ON completion.attemptId = attempt.id
                WHERE itemId = ? AND startedAt = ? AND finishedAt = ? AND providerRequestId IS ? AND caption = ? LIMIT 1
                """,
            arguments: [
                itemID, answer.startedAt, max(answer.report.finishedAt.unixMilliseconds, answer.startedAt),
                answer.requestID?.storable, answer.answer.caption.storable,
            ])
        guard known == nil else { return .known }

        var tally = Tally()
        let attemptID = try openAttempt(for: answer, of: itemID, &tally, db)
        try complete(answer.report, attemptID, db, &tally)
        let state = try ItemState(
            stored: String.fetchOne(db, sql: "SELECT state FROM item WHERE id = ?", arguments: [itemID]) ?? "")
        let isWhole = answer.failure == nil
        // A cut answer is not asked again; after other failures another attempt may bring a better one.
        if state == .pending, isWhole || answer.failure?.kind == .truncated {
            let position = try Int.fetchOne(db, sql: "SELECT position FROM item WHERE id = ?", arguments: [itemID])
            try settle(itemID, by: attemptID, isDone: isWhole, db)
            if position != nil { tally.move(from: \.pending, to: isWhole ? \.done : \.failed) }
        }
        try tally.apply(db)
        // The answer may be to an older request: the next plan is to find out.
        try PlanState.clear(db)
        return .recovered
    }

    /// The attempt that brought the answer, open again; one that is gone is added.
    private static func openAttempt(
        for answer: UnrecordedAnswer, of itemID: Int64, _ tally: inout Tally, _ db: Database
    ) throws -> Int64 {
        let found = try Int64.fetchOne(
            db,
            sql: """
                SELECT id FROM attempt WHERE id = ? AND itemId = ? AND startedAt = ?
                    AND outcome = 'interrupted'
                """, arguments: [answer.attempt, itemID, answer.startedAt])
        if let found {
            try db.execute(
                sql: """
                    UPDATE attempt SET finishedAt = NULL, outcome = NULL, errorCode = NULL, errorMessage = NULL,
                        digest = NULL
                    WHERE id = ?
                    """, arguments: [found])
            return found
        }
        let request = try answer.request.flatMap { digest in
            try Int64.fetchOne(
                db, sql: "SELECT id FROM request WHERE prompt = ? AND digest = ?", arguments: [answer.prompt, digest])
        }
        try db.execute(
            sql: """
                INSERT INTO attempt (itemId, number, requestId, endpoint, model, provider, startedAt)
                VALUES (?1, (SELECT coalesce(max(number), 0) + 1 FROM attempt WHERE itemId = ?1),
                    coalesce(?2, (SELECT requestId FROM item WHERE id = ?1)), ?3, ?4, ?5, ?6)
                """,
            arguments: [
                itemID, request, answer.endpoint ?? "", answer.model ?? "", answer.provider, answer.startedAt,
            ])
        tally.attempts += 1
        return db.lastInsertedRowID
    }
}
