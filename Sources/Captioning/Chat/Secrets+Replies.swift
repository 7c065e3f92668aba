import Foundation

extension Secrets {
    /// The value with every string, member names included, scrubbed.
    func scrubbed(_ json: JSONValue) -> JSONValue {
        switch json {
        case .null, .bool, .int, .double: json
        case .string(let text): .string(scrubbed(text))
        case .array(let elements): .array(elements.map(scrubbed))
        case .object(let members):
            .object(
                Dictionary(members.map { (scrubbed($0.key), scrubbed($0.value)) }) { first, _ in first })
        }
    }

    /// The reply with scrubbed headers, and with a scrubbed body where that may be shown: where it is no answer in JSON.
    func scrubbed(_ reply: HTTPReply, isJSON: Bool) -> HTTPReply {
        HTTPReply(
            status: reply.status, headers: reply.headers.map { (scrubbed($0.name), scrubbed($0.value)) },
            body: isJSON && 200...299 ~= reply.status ? Data() : scrubbed(reply.body))
    }

    /// The reading with every text scrubbed that a reply can reach.
    func scrubbed(_ reading: Reading) -> Reading {
        let outcome: Outcome =
            switch reading.outcome {
            case .completed(let completion): .completed(scrubbed(completion))
            case .reused(let completion, let attempt): .reused(scrubbed(completion), from: attempt)
            case .failed(let failure, let partial): .failed(scrubbed(failure), partial: partial.map(scrubbed))
            }
        return Reading(outcome: outcome, requestID: reading.requestID.map(scrubbed))
    }

    /// The failure with a scrubbed code and message.
    func scrubbed(_ failure: Failure) -> Failure {
        var failure = failure
        failure.detail = scrubbed(failure.detail)
        // A label is a word of its own kind, which a mask would not be.
        if scrubbed(failure.label) != failure.label { failure.label = "masked" }
        return failure
    }

    private func scrubbed(_ completion: Completion) -> Completion {
        var completion = completion
        completion.caption = scrubbed(completion.caption)
        completion.reasoning = completion.reasoning.map(scrubbed)
        completion.finishReason = completion.finishReason.map(scrubbed)
        completion.model = completion.model.map(scrubbed)
        return completion
    }
}
