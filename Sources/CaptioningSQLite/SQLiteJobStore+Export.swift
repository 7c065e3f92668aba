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
                var check = try ExportCheck(db)
                do {
                    let planned = try Row.fetchCursor(
                        db, sql: "\(ExportRow.query) WHERE item.position IS NOT NULL ORDER BY item.position")
                    while let row = try planned.next() {
                        if let row = check.row(row, isPlanned: true) { try visit(row) }
                    }
                } catch let error as DatabaseError where error.isDamage {
                    try Self.visitSingly(&check, visit, db)
                }
                do {
                    let others = try Row.fetchCursor(
                        db, sql: "\(ExportRow.query) WHERE item.position IS NULL ORDER BY item.id")
                    while isAll, let row = try others.next() {
                        if let row = check.row(row, isPlanned: false) { try visit(row) }
                    }
                } catch let error as DatabaseError where error.isDamage {
                    // The store's count of them tells that some are missing, or else that none is.
                }
                check.compareWithTally(isAll: isAll)
                return check.problems
            }
        }
    }

    /// Goes on behind a page that cannot be read, one place of the plan after the other.
    private static func visitSingly(
        _ check: inout ExportCheck, _ visit: (ExportRow) throws -> Void, _ db: Database
    ) throws {
        let single = try db.makeStatement(sql: "\(ExportRow.query) WHERE item.position = ?")
        while check.nextPosition < check.expected {
            let position = check.nextPosition
            do {
                guard let row = try Row.fetchOne(single, arguments: [position]) else {
                    check.skip(position)
                    continue
                }
                if let row = check.row(row, isPlanned: true) { try visit(row) }
            } catch let error as DatabaseError where error.isDamage {
                check.skip(position)
            }
        }
    }
}

extension DatabaseError {
    /// Whether a page does not hold what SQLite wrote.
    fileprivate var isDamage: Bool {
        resultCode.primaryResultCode == .SQLITE_CORRUPT || extendedResultCode == .SQLITE_IOERR_SHORT_READ
    }
}

extension ExportRow {
    /// Where the query has its values; by places, because finding a column by its name takes longer than reading it.
    enum Place {
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
    init(checked row: Row) throws(DamagedRow) {
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
