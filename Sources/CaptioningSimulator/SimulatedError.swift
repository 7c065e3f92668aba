import Captioning
import Foundation

/// A refusal, in DashScope's words and shape (docs.qwencloud.com, "Error messages") unless `format` says otherwise.
struct SimulatedError: Error, Hashable {
    /// How the words are written down.
    enum Format: Hashable {
        case dashScope
        /// The message as text, as gateways send it.
        case plain
        /// `{"type": "error", "error": {"type", "message"}}` (docs.anthropic.com, "Errors").
        case anthropic
    }

    let status: Int
    let code: String
    let type: String
    let message: String
    var format = Format.dashScope
    /// Whether it says "slow down": every 429 does, and refusals for too much work whatever their status.
    var isThrottling: Bool
    /// Whether it carries the `retry-after` that was set.
    var canTellWait = true

    init(_ status: Int, code: String, type: String = "invalid_request_error", _ message: String) {
        self.status = status
        self.code = code
        self.type = type
        self.message = message
        isThrottling = status == 429
    }

    static func invalidParameter(_ message: String) -> SimulatedError {
        SimulatedError(400, code: "invalid_parameter_error", message)
    }

    static func invalidImage(_ message: String) -> SimulatedError {
        SimulatedError(400, code: "invalid_parameter_error", "<400> InternalError.Algo.InvalidParameter: \(message)")
    }

    static let wrongKey = SimulatedError(401, code: "invalid_api_key", "Incorrect API key provided. ")
    static let rateLimited = SimulatedError(
        429, code: "limit_requests", type: "limit_requests", "You exceeded your current requests list.")
    /// Too many tokens per minute, which DashScope calls a quota.
    static let quotaExceeded = SimulatedError(
        429, code: "insufficient_quota", type: "insufficient_quota",
        "You exceeded your current quota, please check your plan and billing details.")
    /// Refused by chance, or for good: nobody can tell until when.
    static let refusedWithoutWait: SimulatedError = {
        var error = rateLimited
        error.canTellWait = false
        return error
    }()
    static let serverError = SimulatedError(
        500, code: "internal_error", type: "internal_error", "An internal error has occured, please try again later.")
    static let unavailable = SimulatedError(
        503, code: "ServiceUnavailable", type: "ServiceUnavailable", "The service is temporarily unavailable.")
    static let unreadable = SimulatedError(
        400, code: "invalid_request_error", "Required body invalid, please check the request body format.")
    static let tooLarge = SimulatedError(413, code: "request_too_large", "Request body is too large.")
    static let notFound = SimulatedError(404, code: "NotFound", "There is nothing at this path.")

    /// Too much work at one time.
    static func overloaded(_ status: SimulatorOptions.OverloadStatus) -> SimulatedError {
        var error: SimulatedError
        switch status {
        case .tooManyRequests: return .rateLimited
        case .unavailable:
            // What Envoy sends when its own limit of requests at one time is passed.
            error = SimulatedError(
                status.rawValue, code: "",
                "upstream connect error or disconnect/reset before headers. reset reason: overflow")
            error.format = .plain
        case .overloaded:
            error = SimulatedError(status.rawValue, code: "", type: "overloaded_error", "Overloaded")
            error.format = .anthropic
        }
        error.isThrottling = true
        return error
    }

    /// The body's media type.
    var mediaType: String { format == .plain ? "text/plain" : "application/json" }

    /// The body, with the request's id where the format has a place for it.
    func body(requestID: String) -> Data {
        switch format {
        case .dashScope: dashScopeBody(requestID: requestID)
        case .plain: Data(message.utf8)
        case .anthropic:
            JSONValue.object([
                "type": .string("error"),
                "error": .object(["type": .string(type), "message": .string(message)]),
            ]).canonicalData
        }
    }

    private func dashScopeBody(requestID: String) -> Data {
        JSONValue.object([
            "error": .object([
                "message": .string(message), "type": .string(type), "param": .null, "code": .string(code),
            ]),
            "request_id": .string(requestID),
        ]).canonicalData
    }
}
