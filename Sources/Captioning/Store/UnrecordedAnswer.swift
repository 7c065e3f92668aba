public import Foundation

/// An answer that was paid for and could not be recorded: all that a store needs to take it in later, as one line of JSON.
public struct UnrecordedAnswer: Hashable, Sendable, Codable {
    /// The id of the store that it belongs to.
    public var store: String
    /// The number of the attempt that brought it.
    public var attempt: Int64
    /// When that attempt was claimed, in Unix milliseconds.
    public var startedAt: Int64
    /// The item's kind: `file`, `url` or `group`.
    public var kind: String
    /// The image's name.
    public var image: String
    /// The exact bytes of a name that is not UTF-8; absent for others.
    public var imageBytes: Data?
    /// The prompt's id.
    public var prompt: String
    /// What was asked: the digest of the request's version; absent when it is not known.
    public var request: Data?
    /// What makes the request the same as another; absent for an answer that may not serve again.
    public var fingerprint: Data?
    /// The answer, whole or cut short.
    public var answer: Completion
    /// Why the answer is none that serves; absent for a whole one.
    public var failure: Failure?
    /// The provider's preset.
    public var provider: String?
    /// The base URL that was asked.
    public var endpoint: String?
    /// The model that was asked.
    public var model: String?
    /// The HTTP status.
    public var httpStatus: Int?
    /// The provider's name for the request.
    public var requestID: String?
    /// When the attempt ended, in Unix milliseconds.
    public var finishedAt: Int64
    /// From the first byte sent to the last received.
    public var latencyMs: Int64?
    /// What was sent of the images.
    public var images: SentImages?

    /// What a report holds; nil when there is no text in it.
    ///
    /// - `request`: The digest of what was asked.
    public init?(_ report: AttemptReport, of claim: Claim, request: Data?, store: String) {
        guard let answer = report.outcome.completion else { return nil }
        self.store = store
        attempt = claim.attemptID.rawValue
        startedAt = Self.milliseconds(claim.startedAt)
        let key = claim.item.key
        kind = key.kind.rawValue
        image = String(decoding: key.image.bytes, as: UTF8.self)
        imageBytes = key.image.text == nil ? Data(key.image.bytes) : nil
        prompt = key.promptID
        self.request = request
        fingerprint = report.fingerprint
        self.answer = answer
        failure = report.outcome.failure
        provider = report.endpoint?.provider.rawValue
        endpoint = report.endpoint?.baseURL
        model = report.endpoint?.model
        httpStatus = report.httpStatus
        requestID = report.requestID
        finishedAt = Self.milliseconds(report.finishedAt)
        latencyMs = report.latency.map { Int64(min(max($0 / .milliseconds(1), 0), 1e12)) }
        images = report.images
    }

    /// The item that it is about; nil for a kind that this program does not know.
    public var key: Item.Key? {
        guard let kind = Item.Kind(rawValue: kind) else { return nil }
        return Item.Key(
            kind: kind, image: imageBytes.map(ImageName.init(bytes:)) ?? ImageName(image), promptID: prompt)
    }

    /// The same as the report that could not be recorded.
    public var report: AttemptReport {
        var report = AttemptReport(
            outcome: failure.map { .failed($0, partial: answer) } ?? .completed(answer), wasSent: true,
            httpStatus: httpStatus, requestID: requestID,
            finishedAt: Date(timeIntervalSince1970: Double(finishedAt) / 1000),
            latency: latencyMs.map { .milliseconds(min(max($0, 0), 1_000_000_000_000)) }, fingerprint: fingerprint)
        if let provider = provider.flatMap(Provider.init(rawValue:)), let endpoint, let model {
            report.endpoint = Job.Endpoint(provider: provider, baseURL: endpoint, model: model, apiKeyVariable: nil)
        }
        report.images = images
        return report
    }

    /// One line of JSON with a line break behind it.
    ///
    /// - Throws: `EncodingError` never in practice: every value can be written.
    public func line() throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(self) + Data("\n".utf8)
    }

    /// Reads a line.
    ///
    /// - Throws: `DecodingError` when it is none.
    public init(line: Data) throws {
        self = try JSONDecoder().decode(UnrecordedAnswer.self, from: line)
    }

    private static func milliseconds(_ date: Date) -> Int64 {
        Int64(min(max((date.timeIntervalSince1970 * 1000).rounded(), 0), 1e16))
    }
}

/// What taking unrecorded answers in has come to.
public struct Recovery: Hashable, Sendable, Codable {
    /// Answers that are in the store now and were not before.
    public var recovered = 0
    /// Answers that were in the store already.
    public var known = 0
    /// Answers that do not belong to this store, or to no item of it; why, one sentence each.
    public var refused: [String] = []

    /// Nothing yet.
    public init() {}
}
