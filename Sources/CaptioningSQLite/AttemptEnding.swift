import Captioning
import Foundation
import GRDB

/// What the row of an attempt holds once it has ended, as it is stored: bounded, and under its digest.
///
/// A reply that was paid for must never be refused by the schema's own rules, so whatever could break one is mended here.
struct AttemptEnding {
    /// The text of an answer, whole or cut short.
    struct Text {
        let attemptID: Int64
        let fingerprint: Data?
        let caption: String
        let reasoning: String?

        var digest: Int64 {
            var digest = RowDigest()
            digest.add(attemptID)
            digest.add(fingerprint)
            digest.add(caption)
            return digest.value
        }

        func insert(_ db: Database) throws {
            try db.cachedStatement(
                sql:
                    "INSERT INTO completion (attemptId, fingerprint, caption, reasoning, digest) VALUES (?, ?, ?, ?, ?)"
            ).execute(arguments: [attemptID, fingerprint, caption, reasoning, digest])
        }
    }

    private let report: AttemptReport
    private let attemptID: Int64
    private let itemID: Int64
    private let outcome: String
    private let endpoint: String
    private let model: String
    private let provider: String?
    private let finishedAt: Int64
    /// The attempt that was paid for, of an answer that serves again.
    let reusedFrom: Int64?
    /// The tokens that count; none for a reused answer, whose tokens stand with the attempt that was paid for.
    let usage: Usage
    /// Nil when there is no text.
    let text: Text?

    /// - `open`: The attempt as it is stored: item, start, endpoint, model, provider.
    init(_ report: AttemptReport, of attemptID: Int64, open: Row) throws(DamagedRow) {
        var values = RowReader(open)
        itemID = try values.someNumber()
        let startedAt = try values.someNumber()
        let (claimedEndpoint, claimedModel, claimedProvider) =
            (try values.someText(), try values.someText(), try values.text())
        self.report = report
        self.attemptID = attemptID
        endpoint = report.endpoint?.baseURL ?? claimedEndpoint
        model = report.endpoint?.model ?? claimedModel
        provider = report.endpoint?.provider.rawValue ?? claimedProvider
        finishedAt = max(report.finishedAt.unixMilliseconds, startedAt)
        let completion = report.outcome.completion
        switch report.outcome {
        case .completed(let answer):
            outcome = "completed"
            reusedFrom = nil
            text = Text(
                attemptID: attemptID, fingerprint: report.fingerprint.flatMap { $0.count == 32 ? $0 : nil },
                caption: answer.caption.storable, reasoning: answer.reasoning?.storable)
        case .reused(_, let attempt):
            outcome = "reused"
            reusedFrom = attempt.rawValue
            text = nil
        case .failed(let failure, let partial):
            outcome = failure.kind == .interrupted ? "interrupted" : "failed"
            reusedFrom = nil
            let hasText = partial.map { !$0.caption.isEmpty || $0.reasoning != nil } ?? false
            text =
                hasText
                ? Text(
                    attemptID: attemptID, fingerprint: nil, caption: partial?.caption.storable ?? "",
                    reasoning: partial?.reasoning?.storable) : nil
        }
        usage = reusedFrom == nil ? (completion?.usage ?? Usage()).storable : Usage()
    }

    /// Completes the attempt's row.
    func update(_ db: Database) throws {
        let failure = report.outcome.failure
        let completion = report.outcome.completion
        let (errorCode, errorMessage) = (failure?.label.storable, failure?.detail.storable)
        let (answeredModel, finishReason) = (completion?.model?.storable, completion?.finishReason?.storable)
        let images = report.images
        var digest = RowDigest()
        digest.add(attemptID)
        digest.add(itemID)
        digest.add(outcome)
        digest.add(reusedFrom)
        for value in [provider, model, answeredModel, finishReason] { digest.add(value) }
        for tokens in usage.counts { digest.add(tokens) }
        digest.add(errorCode)
        digest.add(errorMessage)
        digest.add(finishedAt)
        digest.add(images?.imageSize)
        digest.add(images?.imageFormat)
        digest.add(images?.imageBytes)
        digest.add(images?.sentSize)
        digest.add(images?.sentFormat)
        digest.add(images?.sentBytes)
        digest.add(images?.prepared)
        digest.add(try textDigest(db))
        try db.cachedStatement(
            sql: """
                UPDATE attempt SET endpoint = :endpoint, model = :asked, provider = :provider, finishedAt = :finishedAt,
                    sentAt = CASE WHEN :wasSent THEN coalesce(sentAt, max(startedAt, :finishedAt - coalesce(:latency, 0))) END,
                    outcome = :outcome, wasSent = :wasSent, reusedAttemptId = :reusedFrom, httpStatus = :httpStatus,
                    errorCode = :errorCode, errorMessage = :errorMessage, providerRequestId = :requestID,
                    answeredModel = :model, finishReason = :finishReason, promptTokens = :prompt,
                    completionTokens = :completion, totalTokens = :total, imageTokens = :image, cachedTokens = :cached,
                    reasoningTokens = :reasoning, latencyMs = :latency, imageSize = :imageSize,
                    imageFormat = :imageFormat, imageBytes = :imageBytes, sentSize = :sentSize,
                    sentFormat = :sentFormat, sentBytes = :sentBytes, prepared = :prepared, holdUntil = :holdUntil,
                    digest = :digest
                WHERE id = :id
                """
        ).execute(arguments: [
            "endpoint": endpoint, "asked": model, "provider": provider, "finishedAt": finishedAt, "outcome": outcome,
            "wasSent": report.wasSent, "reusedFrom": reusedFrom, "httpStatus": report.httpStatus,
            "errorCode": errorCode, "errorMessage": errorMessage, "requestID": report.requestID?.storable,
            "model": answeredModel, "finishReason": finishReason, "prompt": usage.promptTokens,
            "completion": usage.completionTokens, "total": usage.totalTokens, "image": usage.imageTokens,
            "cached": usage.cachedTokens, "reasoning": usage.reasoningTokens,
            "latency": report.latency.map { Int64(bounded: max($0.seconds, 0) * 1000) }, "imageSize": images?.imageSize,
            "imageFormat": images?.imageFormat, "imageBytes": images?.imageBytes, "sentSize": images?.sentSize,
            "sentFormat": images?.sentFormat, "sentBytes": images?.sentBytes, "prepared": images?.prepared,
            "holdUntil": report.holdUntil.map { max($0.unixMilliseconds, 1) }, "digest": digest.value, "id": attemptID,
        ])
    }

    private func textDigest(_ db: Database) throws -> Int64? {
        guard let reusedFrom else { return text?.digest }
        return try Int64.fetchOne(
            db.cachedStatement(sql: "SELECT digest FROM completion WHERE attemptId = ?"), arguments: [reusedFrom])
    }
}

extension String {
    /// Without NUL, at which SQLite's texts end for many a reader.
    var storable: String {
        utf8.contains(0) ? replacing("\0", with: "\u{FFFD}") : self
    }
}

extension Usage {
    /// A larger number is no report of tokens.
    private static let maxTokens = 1_000_000_000

    /// Without what no request comes to.
    fileprivate var storable: Usage {
        func checked(_ tokens: Int?) -> Int? {
            tokens.flatMap { (0...Self.maxTokens).contains($0) ? $0 : nil }
        }
        return Usage(
            promptTokens: checked(promptTokens), completionTokens: checked(completionTokens),
            totalTokens: checked(totalTokens), imageTokens: checked(imageTokens), cachedTokens: checked(cachedTokens),
            reasoningTokens: checked(reasoningTokens))
    }

    /// In the schema's order.
    fileprivate var counts: [Int?] {
        [promptTokens, completionTokens, totalTokens, imageTokens, cachedTokens, reasoningTokens]
    }
}
