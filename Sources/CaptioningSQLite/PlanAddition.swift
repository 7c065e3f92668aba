import BitCollections
import Captioning
import GRDB

/// Takes a plan over, within one transaction.
struct PlanAddition {
    private let db: Database
    private let planner: Planner
    private let stale: StaleChoice?
    private let requestIDs: [String: Int64]
    private let standings: Standings
    /// What only the simulated provider was asked, in a job that asks a real one.
    private let simulatedRequestIDs: Set<Int64>
    private let insertion: Statement
    private var stored: StoredItems
    private var taken = TakenPlan()
    private var tally = Tally()
    /// Whether items changed in ways that are not counted one by one.
    private var mustRecount = false

    /// - `stale`: What to do with results whose request has changed since; nil leaves them stale.
    init(_ planner: Planner, stale: StaleChoice?, _ db: Database) throws {
        self.db = db
        self.planner = planner
        self.stale = stale
        var requestIDs: [String: Int64] = [:]
        let versions = RequestVersion.versions(of: planner.job)
        for version in versions {
            requestIDs[version.promptID] = try SQLiteJobStore.addRequest(version, db)
        }
        self.requestIDs = requestIDs
        standings = try Standings(versions, db)
        let isSimulated = planner.job.endpoints.contains { $0.provider == .simulated }
        simulatedRequestIDs =
            isSimulated
            ? []
            : try Int64.fetchSet(
                db, sql: "SELECT id FROM request WHERE json_extract(definition, '$.provider') = 'simulated'")
        insertion = try db.makeStatement(
            sql: """
                INSERT INTO item (kind, image, prompt, position, requestId, asks, variables, digest)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                """)
        stored = try StoredItems(db)
    }

    mutating func run() throws -> TakenPlan {
        let plannedBefore = try Tally.planned(db)
        try PlanState.clear(db)
        // A bit for every item: an eighth of a megabyte for a million.
        var planned = BitSet()
        var plannedStill = 0
        let notes = try planner.forEach(enter: { [db] in try PlanState.note($0, db) }) { item in
            let key = item.key
            guard let requestID = requestIDs[key.promptID] else { return }
            if let known = try stored.find(key) {
                planned.insert(Int(known.id))
                if known.position == nil { mustRecount = true } else { plannedStill += 1 }
                try update(known, to: item, requestID)
            } else {
                let variables = item.variables.map(ManifestText.text)
                try insertion.execute(arguments: [
                    key.kind.rawValue, key.image.stored, key.promptID, item.position, requestID, item.asks, variables,
                    Self.digest(key, variables),
                ])
                tally.pending += 1
                planned.insert(Int(db.lastInsertedRowID))
            }
        }
        if plannedStill < plannedBefore { try setAside(allBut: planned) }
        try mustRecount ? Tally.recount(db) : tally.apply(db)
        try db.execute(sql: "UPDATE job SET name = ?", arguments: [planner.job.name])
        try ManifestText.keep(notes.columns, db)
        taken.warnings = notes.warnings
        if notes.isLasting, taken.stale == 0 {
            try PlanState.keep(planner, db)
        } else {
            try PlanState.clear(db)
        }
        return taken
    }

    private mutating func update(_ item: StoredItem, to planned: PlannedItem, _ requestID: Int64) throws {
        let variables = planned.variables.map(ManifestText.text)
        if item.position != planned.position || item.requestID != requestID || item.asks != planned.asks
            || item.variables != variables
        {
            try db.cachedStatement(
                sql: "UPDATE item SET position = ?, requestId = ?, asks = ?, variables = ?, digest = ? WHERE id = ?"
            ).execute(arguments: [
                planned.position, requestID, planned.asks, variables, Self.digest(planned.key, variables), item.id,
            ])
        }
        if item.state == .done, item.isAnsweredBeforeFilesCounted(planned) {
            try db.cachedStatement(sql: "UPDATE item SET answeredAsks = ? WHERE id = ?")
                .execute(arguments: [planned.asks, item.id])
        }
        guard standings.standing(of: item, planned) == .stale else { return }
        // What the simulated provider said is no answer of a real one: it cannot be kept as such.
        let isSimulated = item.answeredRequestID.map(simulatedRequestIDs.contains) ?? false
        switch stale == .keep && isSimulated ? .redo : stale {
        case .keep:
            try db.cachedStatement(sql: "UPDATE item SET keptRequestId = ?, answeredAsks = ? WHERE id = ?")
                .execute(arguments: [requestID, planned.asks, item.id])
        case .redo:
            try db.cachedStatement(
                sql: """
                    UPDATE item SET state = 'pending', attemptId = NULL, answeredRequestId = NULL, keptRequestId = NULL,
                        answeredAsks = NULL, notBefore = 0, failures = 0, throttles = 0, doubts = 0
                    WHERE id = ?
                    """
            ).execute(arguments: [item.id])
            mustRecount = true
        case nil:
            taken.stale += 1
        }
    }

    private static func digest(_ key: Item.Key, _ variables: String?) -> Int64 {
        var digest = RowDigest()
        digest.add(key.kind.rawValue)
        digest.add(key.image.stored)
        digest.add(key.promptID)
        digest.add(variables)
        return digest.value
    }

    private mutating func setAside(allBut planned: BitSet) throws {
        mustRecount = true
        var gone: [Int64] = []
        let ids = try Int64.fetchCursor(db, sql: "SELECT id FROM item WHERE position IS NOT NULL")
        while let id = try ids.next() {
            if !planned.contains(Int(id)) { gone.append(id) }
        }
        let statement = try db.makeStatement(sql: "UPDATE item SET position = NULL WHERE id = ?")
        for id in gone { try statement.execute(arguments: [id]) }
    }
}
