import Captioning
import Foundation

/// A refusal in DashScope's words and shape (docs.qwencloud.com, "Error messages").
struct SimulatedError: Error, Hashable {
    let status: Int
    let code: String
    let type: String
    let message: String

    init(_ status: Int, code: String, type: String = "invalid_request_error", _ message: String) {
        self.status = status
        self.code = code
        self.type = type
        self.message = message
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
    static let serverError = SimulatedError(
        500, code: "internal_error", type: "internal_error", "An internal error has occured, please try again later.")
    static let unavailable = SimulatedError(
        503, code: "ServiceUnavailable", type: "ServiceUnavailable", "The service is temporarily unavailable.")
    static let unreadable = SimulatedError(
        400, code: "invalid_request_error", "Required body invalid, please check the request body format.")
    static let tooLarge = SimulatedError(413, code: "request_too_large", "Request body is too large.")
    static let notFound = SimulatedError(404, code: "NotFound", "There is nothing at this path.")

    /// The body, with the request's id.
    func body(requestID: String) -> Data {
        JSONValue.object([
            "error": .object([
                "message": .string(message), "type": .string(type), "param": .null, "code": .string(code),
            ]),
            "request_id": .string(requestID),
        ]).canonicalData
    }
}
