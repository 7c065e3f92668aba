import GRDB

/// Changes of the counts that status reads, gathered over one transaction and written with it.
struct Tally: Hashable {
    /// Planned items that have come to a state, or left it when negative.
    var pending = 0
    var claimed = 0
    var done = 0
    var failed = 0
    /// Attempts that have come, or gone when negative.
    var attempts = 0
    /// Answers that were reused.
    var reused = 0
    /// Input tokens that were reported.
    var promptTokens = 0
    /// Output tokens that were reported.
    var completionTokens = 0

    /// Planned items that have gone from one state to another.
    mutating func move(_ count: Int = 1, from: WritableKeyPath<Tally, Int>, to: WritableKeyPath<Tally, Int>) {
        self[keyPath: from] -= count
        self[keyPath: to] += count
    }

    /// Writes the changes.
    func apply(_ db: Database) throws {
        guard self != Tally() else { return }
        try db.cachedStatement(
            sql: """
                UPDATE tally SET pending = pending + ?, claimed = claimed + ?, done = done + ?, failed = failed + ?,
                    attempts = attempts + ?, reused = reused + ?, promptTokens = promptTokens + ?,
                    completionTokens = completionTokens + ?
                """
        ).execute(arguments: [
            pending, claimed, done, failed, attempts, reused, promptTokens, completionTokens,
        ])
    }

    /// Counts everything again, after changes of which nobody kept count.
    static func recount(_ db: Database) throws {
        try db.execute(sql: "REPLACE INTO tally SELECT 1, * FROM counted")
    }

    /// Items in the store, set aside or not.
    static func items(_ db: Database) throws -> Int {
        try Int.fetchOne(db, sql: "SELECT pending + claimed + done + failed + setAside FROM tally") ?? 0
    }

    /// Items that the spec names.
    static func planned(_ db: Database) throws -> Int {
        try Int.fetchOne(db, sql: "SELECT pending + claimed + done + failed FROM tally") ?? 0
    }
}
