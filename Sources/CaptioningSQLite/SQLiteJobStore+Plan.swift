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
                for version in versions { summary.prompts[version.promptID] = PlanSummary.Counts() }
                let standings = try Standings(versions, db)
                var known = 0
                var stored = try StoredItems(db)
                let notes = try planner.forEach { planned in
                    let key = planned.key
                    let item = try stored.find(key)
                    if item != nil { known += 1 }
                    summary.kinds[key.kind.rawValue, default: 0] += 1
                    let standing = standings.standing(of: item, planned)
                    summary.items.count(standing)
                    summary.prompts[key.promptID]?.count(standing)
                }
                summary.setAside = stored.count - known
                summary.skippedFiles = notes.skippedFiles
                summary.warnings = notes.warnings
                return summary
            }
        }
    }

    /// Takes the plan over: new images become pending items, images that are gone are set aside.
    @discardableResult
    public func add(_ planner: Planner, stale: StaleChoice?) async throws -> TakenPlan {
        try await guarded {
            if try await read({ try PlanState.isCurrent(planner, $0) }) { return TakenPlan() }
            return try await write { db in
                var addition = try PlanAddition(planner, stale: stale, db)
                return try addition.run()
            }
        }
    }

    static func requestID(of version: RequestVersion, _ db: Database) throws -> Int64? {
        try Int64.fetchOne(
            db, sql: "SELECT id FROM request WHERE prompt = ? AND digest = ?",
            arguments: [version.promptID, version.digest])
    }

    static func addRequest(_ version: RequestVersion, _ db: Database) throws -> Int64 {
        if let id = try requestID(of: version, db) { return id }
        try db.execute(
            sql: "INSERT INTO request (prompt, digest, model, definition, rule) VALUES (?, ?, ?, ?, ?)",
            arguments: [version.promptID, version.digest, version.model, version.definition, RequestVersion.rule])
        return db.lastInsertedRowID
    }
}

/// How a planned item stands.
enum Standing {
    case done, stale, failed, pending
}

/// Tells how planned items stand, by what the spec asks now.
struct Standings {
    /// The requests in the store that a whole answer to answers what the spec asks now, by prompt.
    private let answering: [String: Set<Int64>]

    init(_ versions: [RequestVersion], _ db: Database) throws {
        var answering: [String: Set<Int64>] = [:]
        for version in versions {
            var ids = Set([try SQLiteJobStore.requestID(of: version, db)].compactMap(\.self))
            let rows = try Row.fetchAll(
                db, sql: "SELECT id, definition FROM request WHERE prompt = ?", arguments: [version.promptID])
            for row in rows {
                var values = RowReader(row)
                let (id, definition) = (try values.someNumber(), try values.someText())
                if version.isAnswered(byDefinition: definition) { ids.insert(id) }
            }
            answering[version.promptID] = ids
        }
        self.answering = answering
    }

    /// How an item stands; nil stands for one that the store does not know.
    func standing(of item: StoredItem?, _ planned: PlannedItem) -> Standing {
        switch item?.state {
        case .done:
            let ids = answering[planned.key.promptID] ?? []
            let isCurrent = [item?.answeredRequestID, item?.keptRequestID].contains { $0.map(ids.contains) ?? false }
            let isSameImage = item?.answeredAsks == planned.asks || item?.isAnsweredBeforeFilesCounted(planned) == true
            return isCurrent && isSameImage ? .done : .stale
        case .failed: return .failed
        case .pending, .claimed, nil: return .pending
        }
    }
}

extension StoredItem {
    /// Whether the answer for a group is from a version that did not keep of which files it was: it counts as of these.
    func isAnsweredBeforeFilesCounted(_ planned: PlannedItem) -> Bool {
        planned.key.kind == .group && answeredAsks == nil
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
