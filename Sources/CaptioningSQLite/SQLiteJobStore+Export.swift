public import Captioning
import Foundation
import GRDB

extension SQLiteJobStore {
    /// Calls `visit` for every exported row, in plan order; rows that are damaged are left out.
    ///
    /// - Returns: What is damaged or missing, one sentence each; empty when all is well.
    public func forEachRow(
        isAll: Bool, _ visit: @escaping @Sendable (ExportRow) throws -> Void
    ) async throws -> [String] {
        try await guarded {
            try await read { db in
                var check = ExportCheck()
                let planned = try Row.fetchCursor(
                    db, sql: "\(ExportRow.query) WHERE item.position IS NOT NULL ORDER BY item.position")
                while let row = try planned.next() {
                    if let row = check.row(row, isPlanned: true) { try visit(row) }
                }
                if isAll {
                    let others = try Row.fetchCursor(
                        db, sql: "\(ExportRow.query) WHERE item.position IS NULL ORDER BY item.id")
                    while let row = try others.next() {
                        if let row = check.row(row, isPlanned: false) { try visit(row) }
                    }
                }
                try check.compareWithTally(isAll: isAll, db)
                return check.problems
            }
        }
    }
}

/// Checks rows against their digests as they are read, and their number against the tally.
private struct ExportCheck {
    private var damaged: [String] = []
    private var damagedCount = 0
    private var planned = 0
    private var others = 0
    private var nextPosition = 0
    private var misplaced = 0

    /// So many damaged rows are named.
    private static let maxNamed = 5

    /// What a row shows; nil when it is damaged.
    mutating func row(_ row: Row, isPlanned: Bool) -> ExportRow? {
        if isPlanned { planned += 1 } else { others += 1 }
        do throws(DamagedRow) {
            var values = RowReader(row, at: ExportRow.Place.position)
            let position = try values.int()
            if isPlanned {
                // A plan has no gaps and no place twice.
                if position != nextPosition { misplaced += 1 }
                nextPosition = (position ?? nextPosition) &+ 1
            }
            return try ExportRow(checked: row)
        } catch {
            damagedCount += 1
            if damaged.count < Self.maxNamed {
                var values = RowReader(row, at: ExportRow.Place.image)
                let name = (try? values.imageName())?.display ?? "an image"
                damaged.append("the row of '\(name)' is damaged and left out: \(error.reason)")
            }
            return nil
        }
    }

    mutating func compareWithTally(isAll: Bool, _ db: Database) throws {
        guard let tally = try Row.fetchOne(db, sql: "SELECT pending, claimed, done, failed, setAside FROM tally") else {
            return damaged.append("the store's own counts are missing")
        }
        var counts = RowReader(tally)
        var expected = 0
        for _ in 0..<4 { expected &+= try counts.int() ?? 0 }
        let expectedOthers = try counts.int() ?? 0
        if planned != expected { damaged.append("the store counts \(expected) results, and \(planned) were found") }
        if isAll, others != expectedOthers {
            damaged.append(
                "the store counts \(expectedOthers) results that the spec no longer names, and \(others) were found")
        }
    }

    var problems: [String] {
        var problems = damaged
        if damagedCount > Self.maxNamed { problems.append("\(damagedCount) rows are damaged in all") }
        if misplaced > 0 { problems.append("the order of the plan is damaged in \(misplaced) places") }
        return problems
    }
}

extension ExportRow {
    /// Where the query has its values; by places, because finding a column by its name takes longer than reading it.
    fileprivate enum Place {
        static let image = 2
        static let position = 6
    }

    /// The position is the row's own: the index that the rows come by has it, too, and either may be damaged.
    fileprivate static let query = """
        SELECT item.id, item.kind, item.image, item.prompt, item.variables, item.digest,
            (SELECT position FROM item AS own WHERE own.id = item.id), item.state, item.attemptId,
            attempt.id, attempt.itemId, attempt.outcome, attempt.reusedAttemptId, attempt.provider,
            attempt.model, attempt.answeredModel, attempt.finishReason, attempt.promptTokens, attempt.completionTokens,
            attempt.totalTokens, attempt.imageTokens, attempt.cachedTokens, attempt.reasoningTokens, attempt.errorCode,
            attempt.errorMessage, attempt.finishedAt, attempt.imageSize, attempt.imageFormat, attempt.imageBytes,
            attempt.sentSize, attempt.sentFormat, attempt.sentBytes, attempt.prepared, attempt.digest,
            completion.attemptId, completion.fingerprint, completion.caption, completion.digest,
            (SELECT count(*) FROM attempt AS every WHERE every.itemId = item.id),
            (SELECT max(number) FROM attempt AS every WHERE every.itemId = item.id)
        FROM item
        LEFT JOIN attempt ON attempt.id = item.attemptId
        LEFT JOIN completion ON completion.attemptId = coalesce(attempt.reusedAttemptId, attempt.id)
        """

    /// A row of the query.
    ///
    /// - Throws: `DamagedRow` when it is not what was written.
    fileprivate init(checked row: Row) throws(DamagedRow) {
        var values = RowReader(row)
        let itemID = try values.number()
        values.beginDigest()
        _ = try Item.Kind(stored: try values.someText())
        let image = try values.imageName()
        let prompt = try values.someText()
        let variables = try values.text()
        let itemDigest = values.digest.value
        guard try values.number() == itemDigest else {
            throw DamagedRow("its name, prompt or variables have changed on the disk")
        }
        _ = try values.number()
        let state = try ItemState(stored: try values.someText())
        let isSettled = try values.number() != nil
        guard isSettled == (state == .done || state == .failed) else {
            throw DamagedRow("its state does not fit its attempt")
        }

        values.beginDigest()
        let attemptID = try values.number()
        let attemptItem = try values.number()
        let outcome = try values.text()
        _ = try values.number()
        let provider = try values.text()
        let askedModel = try values.text()
        let answeredModel = try values.text()
        let finishReason = try values.text()
        let usage = try Usage(values: &values)
        let errorCode = try values.text()
        let errorMessage = try values.text()
        let finishedAt = try values.number()
        let images = try SentImages(values: &values)
        var attemptDigest = values.digest
        let storedAttemptDigest = try values.number()

        values.beginDigest()
        let hasText = try values.number() != nil
        _ = try values.data()
        let caption = try values.text()
        let textDigest = values.digest.value
        let storedTextDigest = try values.number()
        guard !hasText || storedTextDigest == textDigest else {
            throw DamagedRow("its caption has changed on the disk")
        }
        let attempts = try values.int() ?? 0
        guard try values.int() ?? 0 == attempts else { throw DamagedRow("attempts of it are missing") }
        if isSettled {
            attemptDigest.add(storedTextDigest)
            guard attemptID != nil, storedAttemptDigest == attemptDigest.value else {
                throw DamagedRow("its result has changed on the disk")
            }
            let isAnswered = outcome == "completed" || outcome == "reused"
            guard attemptItem == itemID, isAnswered == (state == .done), !isAnswered || caption != nil else {
                throw DamagedRow("its result is another's")
            }
        }
        self.init(
            image: image, prompt: prompt, status: state.exported, caption: caption, finishReason: finishReason,
            model: answeredModel ?? askedModel, usage: usage, attempts: attempts, errorCode: errorCode,
            errorMessage: errorMessage, completedAt: finishedAt.map(Date.init(unixMilliseconds:)))
        self.provider = provider
        self.variables = ManifestText.variables(variables)
        self.images = images
    }
}
