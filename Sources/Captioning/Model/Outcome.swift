public import Foundation

/// How one attempt ended.
public enum Outcome: Hashable, Sendable {
    /// The model answered.
    case completed(Completion)
    /// The same bytes had been asked the same question before; the stored answer of that attempt serves again.
    case reused(Completion, from: Attempt.ID)
    /// No usable answer. `partial` is what arrived all the same (a cut answer was paid for and is kept).
    case failed(Failure, partial: Completion?)

    /// The failure, or nil when there is an answer.
    public var failure: Failure? {
        if case .failed(let failure, _) = self { failure } else { nil }
    }

    /// The answer, whole or partial; nil when nothing arrived.
    public var completion: Completion? {
        switch self {
        case .completed(let completion), .reused(let completion, _): completion
        case .failed(_, let partial): partial
        }
    }
}

/// What a reply was read as: the outcome, and the provider's name for the exchange.
public struct Reading: Hashable, Sendable {
    /// How the attempt ended.
    public var outcome: Outcome
    /// The provider's request id, wherever it stood; nil when there was none.
    public var requestID: String?

    /// A reading of one reply.
    public init(outcome: Outcome, requestID: String? = nil) {
        self.outcome = outcome
        self.requestID = requestID
    }
}

/// One HTTP reply, whole.
public struct HTTPReply: Hashable, Sendable {
    /// The status code, such as 200.
    public var status: Int
    /// Header fields in order of arrival; names as sent.
    public var headers: [(name: String, value: String)] { fields.map { ($0.name, $0.value) } }
    /// The body; at most what the transport accepts.
    public var body: Data

    private struct Field: Hashable, Sendable {
        var name: String
        var value: String
    }
    private var fields: [Field]

    /// A reply.
    public init(status: Int, headers: [(name: String, value: String)] = [], body: Data = Data()) {
        self.status = status
        self.fields = headers.map { Field(name: $0.name.lowercased(), value: $0.value) }
        self.body = body
    }

    /// The first value of a header field, found without regard to case; nil when absent.
    public func header(_ name: String) -> String? {
        let name = name.lowercased()
        return fields.first { $0.name == name }?.value
    }

    /// Whether the name of any header field contains a text, which is in lower case.
    func hasHeader(containing text: String) -> Bool {
        fields.contains { $0.name.contains(text) }
    }
}
