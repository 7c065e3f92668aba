import Foundation
import Testing

@testable import Captioning

/// One row of the vendors' error catalogues: the reply, and what it must be taken for.
struct Verdict: CustomTestStringConvertible, Sendable {
    let status: Int
    let body: String
    let kind: Failure.Kind
    let label: String
    let attempts: Int?
    let isThrottlingGrowth: Bool
    var provider: Provider
    var host: String

    var testDescription: String { "\(provider) \(host) \(status) \(body.prefix(160))" }

    /// A row whose body is given.
    init(
        _ status: Int, body: String, _ kind: Failure.Kind, _ label: String, attempts: Int? = nil, growth: Bool = false,
        provider: Provider = .custom, host: String = "localhost"
    ) {
        self.status = status
        self.body = body
        self.kind = kind
        self.label = label
        self.attempts = attempts
        isThrottlingGrowth = growth
        self.provider = provider
        self.host = host
    }

    /// A row whose body is OpenAI's envelope.
    init(
        _ status: Int, _ code: String?, _ message: String, _ kind: Failure.Kind, _ label: String, attempts: Int? = nil,
        growth: Bool = false, param: String? = nil, provider: Provider = .custom, host: String = "localhost"
    ) {
        let error = JSONValue.object([
            "message": .string(message), "code": code.map { .string($0) } ?? .null,
            "type": .string("invalid_request_error"), "param": param.map { .string($0) } ?? .null,
        ])
        self.init(
            status, body: String(decoding: JSONValue.object(["error": error]).canonicalData, as: UTF8.self), kind,
            label,
            attempts: attempts, growth: growth, provider: provider, host: host)
    }

    /// The same row at another server.
    func at(_ provider: Provider, host: String) -> Verdict {
        var row = self
        row.provider = provider
        row.host = host
        return row
    }

    /// What the reader makes of the reply.
    func failure() -> Failure? {
        let reader = ResponseReader(dialect: .dialect(for: provider, host: host))
        let reply = HTTPReply(status: status, body: Data(body.utf8))
        return reader.reading(of: reply, now: Date(timeIntervalSince1970: 1_800_000_000)).outcome.failure
    }

    /// Records every way in which the reader disagrees with the row.
    func check(sourceLocation: SourceLocation = #_sourceLocation) {
        let failure = failure()
        #expect(failure?.kind == kind, sourceLocation: sourceLocation)
        #expect(failure?.label == label, sourceLocation: sourceLocation)
        #expect(failure?.attemptLimit == attempts, sourceLocation: sourceLocation)
        #expect(failure?.isThrottlingGrowth == isThrottlingGrowth, sourceLocation: sourceLocation)
    }
}
