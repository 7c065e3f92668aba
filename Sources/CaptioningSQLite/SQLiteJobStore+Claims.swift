public import Captioning
public import Foundation
import GRDB

extension SQLiteJobStore {
    /// Prepares a run: returns a dead run's claims, closes its attempts, and gives pending items a fresh budget.
    public func beginRun(now: Date) async throws -> Int {
        try await guarded {
            try await write { db in
                var tally = Tally()
                try db.execute(
                    sql: """
                        UPDATE item SET state = 'pending'
                        WHERE state = 'claimed' AND position IS NOT NULL
                            AND id IN (SELECT itemId FROM attempt WHERE finishedAt IS NULL)
                        """)
                tally.move(db.changesCount, from: \.claimed, to: \.pending)
                try db.execute(
                    sql: """
                        UPDATE item SET state = 'pending'
                        WHERE state = 'claimed' AND id IN (SELECT itemId FROM attempt WHERE finishedAt IS NULL)
                        """)
                let count = try Self.closeOpenAttempts(now, db)
                // What failed on this machine cost nothing, and may have been mended.
                try db.execute(
                    sql: """
                        UPDATE item SET state = 'pending', attemptId = NULL
                        WHERE state = 'failed' AND position IS NOT NULL
                            AND (SELECT wasSent FROM attempt WHERE id = item.attemptId) = 0
                        """)
                tally.move(db.changesCount, from: \.failed, to: \.pending)
                // What a server asked for is kept to, unless the clock has been set back since; our own backoff is over.
                try db.execute(
                    sql: """
                        UPDATE item SET failures = 0, throttles = 0, doubts = 0, notBefore = CASE
                            WHEN EXISTS (
                                SELECT 1 FROM attempt WHERE itemId = item.id AND holdUntil > :now AND finishedAt <= :now
                            ) THEN notBefore ELSE 0 END
                        WHERE id IN (\(ClaimSQL.spentBudgets))
                        """, arguments: ["now": now.unixMilliseconds])
                try tally.apply(db)
                return count
            }
        }
    }

    /// Closes what a dead run left open: only an attempt with the mark that it was sent may have been paid for.
    ///
    /// - Returns: How many.
    private static func closeOpenAttempts(_ now: Date, _ db: Database) throws -> Int {
        let open = try Int64.fetchAll(db, sql: "SELECT id FROM attempt WHERE finishedAt IS NULL")
        for id in open {
            try db.cachedStatement(
                sql: """
                    UPDATE attempt SET finishedAt = max(?2, startedAt), outcome = 'interrupted', errorCode = 'interrupted',
                        errorMessage = CASE WHEN sentAt IS NULL THEN 'the run ended before the request went out'
                            ELSE 'the run ended before the reply was recorded' END,
                        wasSent = CASE WHEN sentAt IS NULL THEN 0 END
                    WHERE id = ?1
                    """
            ).execute(arguments: [id, now.unixMilliseconds])
            try db.cachedStatement(sql: "UPDATE attempt SET digest = \(DigestSQL.attempt) WHERE id = ?")
                .execute(arguments: [id])
        }
        return open.count
    }

    /// The place in the plan of the `count`-th pending item; nil when there are no more than that.
    public func position(ofPending count: Int) async throws -> Int? {
        try await guarded {
            try await read { db in
                try Int.fetchOne(
                    db,
                    sql: """
                        SELECT position FROM item WHERE state = 'pending' AND position IS NOT NULL
                        ORDER BY position LIMIT 1 OFFSET ?
                        """, arguments: [max(count - 1, 0)])
            }
        }
    }

    /// Takes items that are due, retries first, and writes their attempt rows.
    public func claim(
        upTo count: Int, within scope: ClaimScope, for endpoint: Job.Endpoint, now: Date
    ) async throws -> ClaimResult {
        precondition(count > 0, "a claim of nothing cannot tell whether anything is left")
        try requireOwnFiles()
        return try await guarded {
            // What a power failure undoes of a claim is asked again in any case: no reply to it is on disk.
            try await writeUnsynced { db in
                let last = scope.lastPosition ?? .max
                let time = now.unixMilliseconds
                var rows = try Self.pending(db, ClaimSQL.dueRetries, time, last, count)
                if rows.count < count {
                    rows += try Self.pending(db, ClaimSQL.newItems, time, last, count - rows.count)
                }
                guard rows.isEmpty else {
                    var tally = Tally()
                    tally.move(rows.count, from: \.pending, to: \.claimed)
                    tally.attempts = rows.count
                    try tally.apply(db)
                    return .claimed(try rows.map { try Self.claim($0, db, endpoint, time, scope.runBegan) })
                }
                let due = try Int64.fetchOne(db.cachedStatement(sql: ClaimSQL.nextDue), arguments: [last])
                return due.map { .waiting(until: Date(unixMilliseconds: $0)) } ?? .finished
            }
        }
    }

    private static func pending(
        _ db: Database, _ sql: String, _ time: Int64, _ last: Int, _ count: Int
    ) throws -> [Row] {
        try Row.fetchAll(db.cachedStatement(sql: sql), arguments: [time, last, count])
    }

    private static func claim(
        _ row: Row, _ db: Database, _ endpoint: Job.Endpoint, _ time: Int64, _ runBegan: Date
    ) throws -> Claim {
        var values = RowReader(row)
        let id = try values.someNumber()
        let kind = try Item.Kind(stored: try values.someText())
        let key = Item.Key(kind: kind, image: try values.imageName(), promptID: try values.someText())
        var item = Item(id: Item.ID(id), key: key, position: try values.someInt())
        let requestID = try values.someNumber()
        let (failures, throttles, doubts) = (try values.someInt(), try values.someInt(), try values.someInt())
        // A retry has a time at which it was due.
        let earlier = try values.someNumber() != 0 ? try earlierAttempts(of: id, since: runBegan, db) : []
        try db.cachedStatement(sql: "UPDATE item SET state = 'claimed' WHERE id = ?").execute(arguments: [id])
        try db.cachedStatement(
            sql: """
                INSERT INTO attempt (itemId, number, requestId, endpoint, model, provider, startedAt)
                VALUES (?1, (SELECT coalesce(max(number), 0) + 1 FROM attempt WHERE itemId = ?1), ?2, ?3, ?4, ?5, ?6)
                """
        ).execute(arguments: [id, requestID, endpoint.baseURL, endpoint.model, endpoint.provider.rawValue, time])
        let attemptID = Attempt.ID(db.lastInsertedRowID)
        item.variables = ManifestText.variables(
            try String.fetchOne(
                db.cachedStatement(sql: "SELECT variables FROM item WHERE id = ? AND variables IS NOT NULL"),
                arguments: [id]))
        return Claim(
            item: item, attemptID: attemptID, startedAt: Date(unixMilliseconds: time), failures: failures,
            throttles: throttles, doubts: doubts, earlier: earlier)
    }

    private static func earlierAttempts(
        of item: Int64, since time: Date, _ db: Database
    ) throws -> [Claim.Earlier] {
        try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT startedAt, finishedAt, errorCode, httpStatus FROM attempt
                    WHERE itemId = ? AND startedAt >= ? AND finishedAt IS NOT NULL ORDER BY number
                    """), arguments: [item, time.unixMilliseconds]
        ).map { row in
            var values = RowReader(row)
            return Claim.Earlier(
                startedAt: Date(unixMilliseconds: try values.someNumber()),
                finishedAt: Date(unixMilliseconds: try values.someNumber()), errorCode: try values.text(),
                httpStatus: try values.int())
        }
    }

    /// Marks an attempt as sent, and where to.
    ///
    /// Reaches the disk with the next record, or at the latest with the next that is synced: what a power failure takes back
    /// of it counts against no limit. It survives the death of the process.
    public func markSent(_ attempt: Attempt.ID, to endpoint: Job.Endpoint, at time: Date) async throws {
        try await guarded {
            try await commits.submit(durability: .untilPowerFails) { db, _ in
                try db.cachedStatement(
                    sql: """
                        UPDATE attempt SET sentAt = max(?2, startedAt), endpoint = ?3, model = ?4, provider = ?5
                        WHERE id = ?1 AND finishedAt IS NULL
                        """
                ).execute(arguments: [
                    attempt.rawValue, time.unixMilliseconds, endpoint.baseURL, endpoint.model,
                    endpoint.provider.rawValue,
                ])
            }
        }
    }

    /// Takes claims back of which nothing was sent.
    public func release(_ claims: [Claim]) async throws {
        try await guarded {
            try await write { db in
                var tally = Tally()
                for claim in claims {
                    try db.cachedStatement(sql: "DELETE FROM attempt WHERE id = ? AND finishedAt IS NULL").execute(
                        arguments: [claim.attemptID.rawValue])
                    tally.attempts -= db.changesCount
                    try db.cachedStatement(sql: "UPDATE item SET state = 'pending' WHERE id = ? AND state = 'claimed'")
                        .execute(arguments: [claim.item.id.rawValue])
                    tally.move(db.changesCount, from: \.claimed, to: \.pending)
                }
                try tally.apply(db)
            }
        }
    }

    /// Makes failed items pending again, with a fresh budget of attempts.
    public func requeue(_ selection: RequeueSelection) async throws -> Int {
        try await guarded {
            try await write { db in
                try db.execute(
                    sql: """
                        UPDATE item SET state = 'pending', attemptId = NULL, notBefore = 0, failures = 0, throttles = 0,
                            doubts = 0
                        WHERE state = 'failed' AND position IS NOT NULL
                            AND (:code IS NULL OR :code = (SELECT errorCode FROM attempt WHERE id = item.attemptId))
                            AND (:pattern IS NULL OR CAST(image AS TEXT) GLOB :pattern)
                        """, arguments: ["code": selection.code, "pattern": selection.imagePattern])
                let count = db.changesCount
                var tally = Tally()
                tally.move(count, from: \.failed, to: \.pending)
                try tally.apply(db)
                return count
            }
        }
    }
}

/// The queries of a claim.
///
/// They name their index, so that no statistics lead SQLite to read the whole plan instead.
enum ClaimSQL {
    private static let pending = "FROM item INDEXED BY itemPending WHERE state = 'pending' AND position IS NOT NULL"
    /// In the order in which a claim reads them.
    private static let columns = "id, kind, image, prompt, position, requestId, failures, throttles, doubts, notBefore"

    /// Retries that are due, the longest due first; arguments: now, last position, limit.
    static let dueRetries = """
        SELECT \(columns) \(pending) AND notBefore > 0 AND notBefore <= ?1 AND position <= ?2
        ORDER BY notBefore, position LIMIT ?3
        """
    /// Items that wait for nothing, in plan order; arguments as above.
    static let newItems = """
        SELECT \(columns) \(pending) AND notBefore = 0 AND ?1 = ?1 AND position <= ?2 ORDER BY position LIMIT ?3
        """
    /// Items that have used some of a budget of attempts, or wait.
    static let spentBudgets = "SELECT id \(pending) AND (notBefore > 0 OR failures > 0 OR throttles > 0 OR doubts > 0)"
    /// When the next retry is due, once no new item is left; argument: last position.
    static let nextDue = "SELECT notBefore \(pending) AND notBefore > 0 AND position <= ?1 ORDER BY notBefore LIMIT 1"
}
