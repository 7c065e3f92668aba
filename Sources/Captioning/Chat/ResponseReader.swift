public import Foundation

/// Reads the reply to one chat completion: from status, headers and bytes to an outcome.
///
/// A status of success is not yet an answer: the body may hold an error, an answer cut by the server's own time limit,
/// one cut at `max_tokens`, one that moderation emptied, or nothing but a chain of thought.
public struct ResponseReader: Sendable {
    private let dialect: Dialect
    private let secrets: Secrets
    /// What cuts answers; nil when the server's own limit does.
    private let outputLimit: OutputLimit?

    /// A reader of one server's replies.
    ///
    /// - `parameters`: Of the requests, to name the one that cuts an answer.
    /// - `secrets`: What no reading may hold, whatever the reply repeats.
    public init(dialect: Dialect, parameters: [String: JSONValue] = [:], secrets: Secrets = .none) {
        self.dialect = dialect
        self.secrets = secrets
        outputLimit = OutputLimit(parameters)
    }

    /// What the reply means.
    ///
    /// A `Retry-After` that is a date counts from `now`. This is the one way from a reply to the rest of the program, and
    /// what comes out holds no key: everything is scrubbed before it is cut, and again after it is joined.
    public func reading(of reply: HTTPReply, now: Date) -> Reading {
        // From the body as it came: a mask in the place of a number would be no JSON.
        let json = JSONValue(reply: reply.body).map(secrets.scrubbed)
        return secrets.scrubbed(reading(of: secrets.scrubbed(reply, isJSON: json != nil), json, now: now))
    }

    private func reading(of reply: HTTPReply, _ json: JSONValue?, now: Date) -> Reading {
        guard 200...299 ~= reply.status else {
            let error = ErrorBody(json, body: reply.body)
            let failure = failure(of: reply, error: error, now: now)
            let id = requestID(of: reply, preferred: json?["request_id"]?.string, bodyID: error.requestID)
            return Reading(outcome: .failed(failure, partial: nil), requestID: id)
        }
        guard let json else {
            return Reading(outcome: .failed(Self.unreadable(reply), partial: nil), requestID: requestID(of: reply))
        }
        let chat = ChatReply(json)
        let outcome: Outcome
        if let error = ErrorBody(insideSuccess: json) {
            outcome = .failed(failure(of: reply, error: error, now: now), partial: chat.completion)
        } else {
            outcome = self.outcome(
                of: chat, cutByServer: reply.header("x-dashscope-partialresponse")?.lowercased() == "true")
        }
        let id = requestID(of: reply, preferred: chat.requestID, bodyID: chat.id)
        return Reading(outcome: outcome, requestID: id)
    }

    /// What the dialect says of an error, unless the server itself says whether to try again (`x-should-retry`).
    ///
    /// A verdict that stops the run stays, and so does every one of which the header says nothing new.
    private func failure(of reply: HTTPReply, error: ErrorBody, now: Date) -> Failure {
        let wait = reply.retryAfter(now: now)
        let failure = dialect.failure(status: reply.status, error: error, retryAfter: wait)
        let shouldRetry = reply.header("x-should-retry")?.trimmingCharacters(in: .whitespaces).lowercased()
        switch (shouldRetry, failure.kind) {
        case ("false", .transient), ("false", .unavailable), ("false", .rateLimited):
            return Failure(
                .refused, label: failure.label,
                detail: "\(failure.detail) (The server says that asking again does not help.)")
        case ("true", .refused):
            return Failure(
                .transient, label: failure.label,
                detail: "\(failure.detail) (The server says that asking again can help.)", retryAfter: wait)
        default:
            return failure
        }
    }

    private func outcome(of chat: ChatReply, cutByServer: Bool) -> Outcome {
        let partial = chat.completion
        let thought = partial?.reasoning != nil
        if cutByServer {
            return Self.failed(
                .cutShort, "cut_short",
                "The server stopped at its own time limit. Lower max_tokens, turn thinking off or use a smaller image.",
                partial)
        }
        guard chat.hasChoice, let partial else {
            return Self.failed(.transient, "no_choices", "The reply has no answer in it.", partial)
        }
        let reason = partial.finishReason?.lowercased() ?? ""
        if reason.hasPrefix("content_filter") {
            return Self.failed(.filtered, "content_filter", "The provider's moderation removed the answer.", partial)
        }
        if ["length", "max_tokens", "model_length"].contains(reason) {
            let name = outputLimit?.name ?? "max_tokens"
            let limit = name + (outputLimit.map { " (\($0.tokens))" } ?? "")
            let isThought = partial.caption.isEmpty && thought
            let what =
                isThought
                ? "Thinking took all of \(limit) and no caption came." : "The answer reached \(limit) and is cut."
            let advice = "Raise \(name)" + (isThought ? " or turn thinking off" : "")
            return Self.failed(
                .truncated, "truncated", "\(what) \(advice), then run `caption retry SPEC --code truncated`.", partial)
        }
        if ["abort", "error"].contains(reason) {
            return Self.failed(
                .transient, "aborted", "The server gave up while answering (finish_reason \(reason)).", partial)
        }
        guard partial.caption.isEmpty else { return .completed(partial) }
        if let refusal = chat.refusal {
            return Self.failed(.filtered, "model_refusal", "The model declined: \(refusal)", partial)
        }
        let detail =
            if thought {
                "Only reasoning came and no caption. Turn thinking off if this happens again."
            } else if chat.callsTools {
                "The model called a tool in place of answering. Take `tools` out of `parameters`."
            } else {
                "The model answered with nothing. On a local server the image may not fit the context."
            }
        return Self.failed(.transient, "empty_answer", detail, partial, attemptLimit: 2)
    }

    private static func failed(
        _ kind: Failure.Kind, _ label: String, _ detail: String, _ partial: Completion?, attemptLimit: Int? = nil
    ) -> Outcome {
        let failure = Failure(
            kind, label: label, detail: ReplyText.clipped(detail, bytes: 1_900), attemptLimit: attemptLimit)
        return .failed(failure, partial: partial)
    }

    private static func unreadable(_ reply: HTTPReply) -> Failure {
        let isStream = reply.body.starts(with: Data("data:".utf8))
        let shown = ReplyText.snippet(of: reply.body).map { ": \(ReplyText.redacted($0))" } ?? " (empty body)."
        let advice =
            isStream
            ? " (The server streams although it was not asked to; take `stream` out of `parameters`.)"
            : " (If every reply is like this, correct base_url.)"
        return Failure(
            .transient, label: "unreadable_reply", detail: "HTTP \(reply.status) without JSON\(shown)\(advice)")
    }

    private func requestID(of reply: HTTPReply, preferred: String? = nil, bodyID: String? = nil) -> String? {
        let headers = ["x-request-id", "request-id"].lazy.compactMap { ReplyText.nonEmpty(reply.header($0)) }
        let id = ReplyText.nonEmpty(preferred) ?? headers.first ?? bodyID
        return id.map { ReplyText.clipped($0, bytes: 200) }
    }
}
