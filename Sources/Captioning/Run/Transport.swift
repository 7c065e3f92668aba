/// Sends one request and brings the whole reply.
///
/// The key is added behind this seam and nowhere else.
public protocol Transport: Sendable {
    /// The keys that it and its like send: what must be in nothing that is kept of a reply.
    var secrets: Secrets { get }

    /// Sends a body to `{base URL}/chat/completions` and waits for the whole reply.
    ///
    /// Makes exactly one request: no retries, no redirects.
    /// - `body`: Sent once.
    /// - `onUploaded`: Called as soon as the last byte of the body has been handed over, at most once.
    ///
    /// Throws `TransportError`.
    func send(
        _ body: RequestBody, onUploaded: @escaping @Sendable () -> Void
    ) async throws(TransportError) -> HTTPReply
}

extension Transport {
    /// None: a transport that sends no key.
    public var secrets: Secrets { .none }
}

/// How the wire broke.
public enum TransportError: Error, Hashable, Sendable {
    /// No connection came about: refused, unknown host, TLS, connect time-out. Nothing was sent.
    case unreachable(String)
    /// The connection broke before any byte of the reply.
    case connectionLost(String)
    /// The reply broke off half-way, or was no HTTP.
    case brokenReply(String)
    /// The whole request took longer than it may.
    case timedOut(after: Duration)
    /// The reply is larger than any caption.
    case replyTooLarge(limit: Int)
    /// The task was cancelled.
    case cancelled

    /// The same as a failure of the attempt.
    var failure: Failure {
        switch self {
        case .unreachable(let reason):
            Failure(.unavailable, label: "unreachable", detail: "no connection to the endpoint: \(reason)")
        case .connectionLost(let reason):
            Failure(
                .connectionLost, label: "connection_lost", detail: "the connection broke before a reply came: \(reason)"
            )
        case .brokenReply(let reason):
            Failure(.transient, label: "broken_reply", detail: "the reply broke off: \(reason)")
        case .timedOut(let limit):
            Failure(
                .transient, label: "timeout",
                detail: "no whole reply within \(limit.text); raise retry.timeout if the model needs longer")
        case .replyTooLarge(let limit):
            Failure(.refused, label: "reply_too_large", detail: "the reply is larger than \(limit) bytes")
        case .cancelled:
            Failure(.interrupted, label: "interrupted", detail: "the run was stopped before the reply came")
        }
    }
}
