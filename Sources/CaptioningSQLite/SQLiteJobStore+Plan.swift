public import Captioning
import Foundation
import GRDB

extension SQLiteJobStore {
    /// Compares the plan with what the store holds.
    ///
    /// Changes nothing.
    public func compare(_ planner: Planner) async throws -> PlanSummary {
        try await guarded {
            try await read { db in
                var summary = PlanSummary()
                let versions = RequestVersion.versions(of: planner.job)
                var requestIDs: [String: Int64] = [:]
                for version in versions {
                    summary.prompts[version.promptID] = PlanSummary.Counts()
                    requestIDs[version.promptID] = try Self.requestID(of: version, db)
                }
                var known = 0
                let notes = try planner.forEachItem { key, _ in
                    let item = try StoredItem.find(key, db)
                    if item != nil { known += 1 }
                    summary.kinds[key.kind.rawValue, default: 0] += 1
                    let standing = Standing(of: item, requestID: requestIDs[key.promptID])
                    summary.items.count(standing)
                    summary.prompts[key.promptID]?.count(standing)
                }
                summary.setAside = (try Int.fetchOne(db, sql: "SELECT count(*) FROM item") ?? 0) - known
                summary.skippedFiles = notes.skippedFiles
                summary.warnings = notes.warnings
                return summary
            }
        }
    }

    /// Takes the plan over: new images become pending items, images that are gone are set aside.
    public func add(_ planner: Planner, stale: StaleChoice?) async throws {
        try await guarded {
            try await write { db in
                try db.execute(sql: "UPDATE job SET name = ?", arguments: [planner.job.name])
                var requestIDs: [String: Int64] = [:]
                for version in RequestVersion.versions(of: planner.job) {
                    requestIDs[version.promptID] = try Self.addRequest(version, db)
                }
                try db.execute(sql: "CREATE TEMP TABLE planned (id INTEGER PRIMARY KEY)")
                _ = try planner.forEachItem { key, position in
                    guard let requestID = requestIDs[key.promptID] else { return }
                    let id = try Self.add(key, at: position, requestID, stale, db)
                    try db.cachedStatement(sql: "INSERT OR IGNORE INTO planned (id) VALUES (?)").execute(arguments: [id]
                    )
                }
                try db.execute(
                    sql: """
                        UPDATE item SET position = NULL
                        WHERE position IS NOT NULL AND id NOT IN (SELECT id FROM planned)
                        """)
                try db.execute(sql: "DROP TABLE planned")
            }
        }
    }

    private static func add(
        _ key: Item.Key, at position: Int, _ requestID: Int64, _ stale: StaleChoice?, _ db: Database
    ) throws -> Int64 {
        guard let known = try StoredItem.find(key, db) else {
            try db.cachedStatement(
                sql: "INSERT INTO item (kind, image, prompt, position, requestId) VALUES (?, ?, ?, ?, ?)"
            ).execute(arguments: [key.kind.rawValue, key.image.stored, key.promptID, position, requestID])
            return db.lastInsertedRowID
        }
        if known.position != position || known.requestID != requestID {
            try db.cachedStatement(sql: "UPDATE item SET position = ?, requestId = ? WHERE id = ?")
                .execute(arguments: [position, requestID, known.id])
        }
        guard Standing(of: known, requestID: requestID) == .stale else { return known.id }
        switch stale {
        case .keep:
            try db.cachedStatement(sql: "UPDATE item SET keptRequestId = ? WHERE id = ?")
                .execute(arguments: [requestID, known.id])
        case .redo:
            try db.cachedStatement(
                sql: """
                    UPDATE item SET state = 'pending', attemptId = NULL, answeredRequestId = NULL, keptRequestId = NULL,
                        notBefore = 0, failures = 0, throttles = 0, doubts = 0
                    WHERE id = ?
                    """
            ).execute(arguments: [known.id])
        case nil:
            break
        }
        return known.id
    }

    private static func requestID(of version: RequestVersion, _ db: Database) throws -> Int64? {
        try Int64.fetchOne(
            db, sql: "SELECT id FROM request WHERE prompt = ? AND digest = ?",
            arguments: [version.promptID, version.digest])
    }

    private static func addRequest(_ version: RequestVersion, _ db: Database) throws -> Int64 {
        if let id = try requestID(of: version, db) { return id }
        try db.execute(
            sql: "INSERT INTO request (prompt, digest, model, definition) VALUES (?, ?, ?, ?)",
            arguments: [version.promptID, version.digest, version.model, version.definition])
        return db.lastInsertedRowID
    }
}

/// An item as the store holds it, as far as plans care.
private struct StoredItem {
    let id: Int64
    let position: Int?
    let state: String
    let requestID: Int64
    let answeredRequestID: Int64?
    let keptRequestID: Int64?

    static func find(_ key: Item.Key, _ db: Database) throws -> StoredItem? {
        try Row.fetchOne(
            db.cachedStatement(
                sql: """
                    SELECT id, position, state, requestId, answeredRequestId, keptRequestId
                    FROM item WHERE kind = ? AND image = ? AND prompt = ?
                    """), arguments: [key.kind.rawValue, key.image.stored, key.promptID]
        ).map { row in
            StoredItem(
                id: row["id"], position: row["position"], state: row["state"], requestID: row["requestId"],
                answeredRequestID: row["answeredRequestId"], keptRequestID: row["keptRequestId"])
        }
    }
}

/// How a planned item stands.
private enum Standing {
    case done, stale, failed, pending

    /// - `requestID`: What the spec asks now; nil when it has never been asked.
    init(of item: StoredItem?, requestID: Int64?) {
        switch item?.state {
        case "done":
            let isCurrent =
                requestID != nil && (item?.answeredRequestID == requestID || item?.keptRequestID == requestID)
            self = isCurrent ? .done : .stale
        case "failed": self = .failed
        default: self = .pending
        }
    }
}

extension PlanSummary.Counts {
    fileprivate mutating func count(_ standing: Standing) {
        total += 1
        switch standing {
        case .done: done += 1
        case .stale: stale += 1
        case .failed: failed += 1
        case .pending: pending += 1
        }
    }
}
