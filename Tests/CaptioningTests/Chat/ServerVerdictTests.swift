import Foundation
import Testing

@testable import Captioning

/// What every other server is known to say, row by row.
struct ServerVerdictTests {
    static let openAI = [
        Verdict(
            400, "unsupported_parameter", "Use 'max_completion_tokens' instead.", .fatal, "unsupported_parameter",
            param: "max_tokens"),
        Verdict(
            400, "unsupported_value", "Only the default (1) value is supported.", .fatal, "unsupported_value",
            param: "temperature"),
        Verdict(400, "integer_above_max_value", "Invalid value.", .fatal, "invalid_parameter", param: "top_logprobs"),
        Verdict(400, "invalid_image_format", "You uploaded an unsupported image.", .refused, "invalid_image_format"),
        Verdict(400, nil, "Something is not right.", .refused, "invalid_request_error"),
        Verdict(401, "invalid_api_key", "Incorrect API key provided: sk-…", .unauthorized, "invalid_api_key"),
        Verdict(
            403, "unsupported_country_region_territory", "Country not supported", .fatal,
            "unsupported_country_region_territory"),
        Verdict(404, "model_not_found", "The model `x` does not exist.", .fatal, "model_not_found"),
        Verdict(408, nil, "-", .transient, "invalid_request_error"),
        Verdict(409, nil, "-", .transient, "invalid_request_error"),
        Verdict(429, "rate_limit_exceeded", "Rate limit reached for gpt-4o.", .rateLimited, "rate_limit_exceeded"),
        Verdict(
            429, "rate_limit_exceeded", "Request too large for gpt-4o on tokens per min (TPM)", .refused,
            "request_too_large"),
        Verdict(429, "insufficient_quota", "You exceeded your current quota.", .fatal, "insufficient_quota"),
        Verdict(429, "credit_balance_exhausted", "-", .fatal, "credit_balance_exhausted"),
        Verdict(500, "server_error", "The server had an error.", .transient, "server_error"),
        Verdict(503, "server_is_overloaded", "-", .rateLimited, "server_is_overloaded"),
        Verdict(503, "slow_down", "-", .rateLimited, "slow_down"),
        Verdict(503, "server_error", "-", .unavailable, "server_error"),
    ]

    static let azure = [
        Verdict(
            400,
            body: #"{"error":{"message":"-","type":null,"param":"prompt","code":"content_filter","status":400,"#
                + #""innererror":{"code":"ResponsibleAIPolicyViolation"}}}"#, .refused, "content_filter"),
        Verdict(401, body: #"{"error":{"code":"401","message":"Access denied"}}"#, .unauthorized, "unauthorized"),
        Verdict(404, body: #"{"error":{"code":"DeploymentNotFound","message":"-"}}"#, .fatal, "deployment_not_found"),
        Verdict(
            429,
            body: #"{"error":{"code":"429","message":"Requests to the ChatCompletions_Create Operation have exceeded "#
                + #"token rate limit of your current pricing tier. Please retry after 59 seconds."}}"#,
            .rateLimited, "rate_limited"),
        Verdict(
            200, body: #"{"choices":[{"message":{"role":"assistant"},"finish_reason":"content_filter"}]}"#, .filtered,
            "content_filter"),
    ].map { $0.at(.custom, host: "mine.openai.azure.com") }

    static let vLLM = [
        Verdict(
            400, body: #"{"error":{"message":"At most 1 image(s) may be provided in one request.","code":400}}"#,
            .refused, "too_many_images"),
        Verdict(
            400,
            body: #"{"error":{"message":"This model's maximum context length is 4096 tokens.","#
                + #""type":"BadRequestError","param":null,"code":400}}"#, .refused, "context_length"),
        Verdict(
            404, body: #"{"error":{"message":"The model `x` does not exist.","type":"NotFoundError","code":404}}"#,
            .fatal, "model_not_found"),
        Verdict(
            400,
            body: #"{"object":"error","message":"cannot identify image file","type":"BadRequestError","code":400}"#,
            .refused, "unreadable_by_provider"),
        Verdict(
            404, body: #"{"object":"error","message":"-","type":"NotFoundError","param":null,"code":404}"#, .fatal,
            "model_not_found"),
        Verdict(422, body: #"{"detail":[{"loc":["body","n"],"msg":"Input should be valid"}]}"#, .fatal, "http_422"),
        Verdict(
            422, body: #"{"error":{"message":"x","param":{"loc":["body"]},"code":422}}"#, .fatal, "http_422"),
    ].map { $0.at(.vllm, host: "localhost") }

    static let sglang = [
        Verdict(
            500,
            body: #"{"object":"error","message":"Internal server error: x","type":"InternalServerError","code":500}"#,
            .transient, "internal_server_error"),
        Verdict(
            500,
            body: #"{"object":"error","message":"Internal server error: cannot identify image file","#
                + #""type":"InternalServerError","code":500}"#, .refused, "unreadable_by_provider"),
    ]

    static let ollama = [
        Verdict(
            404, body: #"{"error":{"message":"model \"x\" not found, try pulling it first","type":"not_found_error"}}"#,
            .fatal, "model_not_found"),
        Verdict(
            400,
            body:
                #"{"error":{"message":"image URLs are not currently supported, please use base64 encoded data instead","#
                + #""type":"invalid_request_error","param":null,"code":null}}"#, .fatal, "remote_url"),
        Verdict(
            400, body: #"{"error":{"message":"invalid image input","type":"invalid_request_error"}}"#, .refused,
            "unreadable_by_provider"),
        Verdict(
            503,
            body: #"{"error":{"message":"server busy, please try again.  maximum pending requests exceeded","#
                + #""type":"api_error","param":null,"code":null}}"#, .rateLimited, "overloaded"),
    ].map { $0.at(.ollama, host: "localhost") }

    static let llamaCPP = [
        Verdict(
            400, body: #"{"error":{"code":400,"message":"-","type":"exceed_context_size_error","n_ctx":4096}}"#,
            .refused,
            "exceed_context_size_error"),
        Verdict(
            500, body: #"{"error":{"code":500,"message":"-","type":"exceed_context_size_error","n_ctx":4096}}"#,
            .refused,
            "exceed_context_size_error"),
        Verdict(
            500, body: #"{"error":{"code":500,"message":"Context size has been exceeded.","type":"server_error"}}"#,
            .refused, "context_length"),
        Verdict(
            503, body: #"{"error":{"code":503,"message":"Loading model","type":"unavailable_error"}}"#, .unavailable,
            "unavailable_error"),
        Verdict(
            500, body: #"{"error":{"code":500,"message":"Unsupported content part type: image_url"}}"#, .fatal,
            "no_image_input"),
        Verdict(
            500,
            body: #"{"error":{"code":500,"message":"image input is not supported - hint: if this is unexpected, "#
                + #"you may need to provide the mmproj","type":"server_error"}}"#, .fatal, "no_image_input"),
        Verdict(
            400, body: #"{"error":{"code":400,"message":"Failed to load image or audio file"}}"#, .refused,
            "unreadable_by_provider"),
        Verdict(
            500, body: #"{"error":{"code":500,"message":"Failed to download image","type":"server_error"}}"#, .refused,
            "download_failed"),
    ]

    static let lmStudio = [
        Verdict(
            400, body: #"{"error":"'url' field must be a base64 encoded image."}"#, .refused, "unreadable_by_provider"),
        Verdict(
            200, body: #"{"error":{"message":"'url' field must be a base64 encoded image."},"message":"x"}"#, .refused,
            "unreadable_by_provider"),
        Verdict(200, body: #"{"error":{"message":"Something."},"message":"x"}"#, .transient, "error_in_reply"),
    ].map { $0.at(.lmstudio, host: "localhost") }

    static let gemini = [
        Verdict(
            429,
            body: #"[{"error":{"code":429,"message":"You exceeded your current quota, please check your plan and "#
                + #"billing details.","status":"RESOURCE_EXHAUSTED"}}]"#, .rateLimited, "resource_exhausted"),
        Verdict(
            400,
            body: #"[{"error":{"code":400,"message":"Unable to process input image.","status":"INVALID_ARGUMENT"}}]"#,
            .refused, "invalid_argument"),
        Verdict(
            400,
            body: #"[{"error":{"code":400,"message":"API key not valid. Please pass a valid API key."}}]"#,
            .unauthorized, "invalid_api_key"),
        Verdict(
            400,
            body: #"[{"error":{"code":400,"message":"API key expired. Please renew the API key."}}]"#,
            .unauthorized, "invalid_api_key"),
        Verdict(401, body: #"[{"error":{"code":401,"message":"-"}}]"#, .unauthorized, "unauthorized"),
        Verdict(
            403, body: #"[{"error":{"code":403,"message":"-","status":"PERMISSION_DENIED"}}]"#, .fatal,
            "permission_denied"),
        Verdict(
            503, body: #"[{"error":{"code":503,"message":"-","status":"UNAVAILABLE"}}]"#, .unavailable, "unavailable"),
    ].map { $0.at(.custom, host: "generativelanguage.googleapis.com") }

    static let openRouter = [
        Verdict(400, body: #"{"error":{"code":400,"message":"x is not a valid model ID"}}"#, .fatal, "model_not_found"),
        Verdict(400, body: #"{"error":{"code":400,"message":"Provider returned error"}}"#, .refused, "http_400"),
        Verdict(401, body: #"{"error":{"code":401,"message":"No auth credentials"}}"#, .unauthorized, "unauthorized"),
        Verdict(402, body: #"{"error":{"code":402,"message":"Insufficient credits"}}"#, .fatal, "http_402"),
        Verdict(
            402, body: #"{"error":{"code":402,"metadata":{"limit_source":"openrouter_in_flight_budget"}}}"#,
            .rateLimited, "in_flight_budget"),
        Verdict(403, body: #"{"error":{"code":403,"message":"Your input was flagged"}}"#, .refused, "moderation"),
        Verdict(408, body: #"{"error":{"code":408,"message":"Timed out"}}"#, .transient, "http_408"),
        Verdict(429, body: #"{"error":{"code":429,"message":"Rate limit"}}"#, .rateLimited, "rate_limited"),
        Verdict(502, body: #"{"error":{"code":502,"message":"Provider down"}}"#, .unavailable, "http_502"),
        Verdict(503, body: #"{"error":{"code":503,"message":"No provider"}}"#, .unavailable, "http_503"),
        Verdict(200, body: #"{"error":{"code":402,"message":"Insufficient credits"}}"#, .fatal, "http_402"),
        Verdict(200, body: #"{"error":{"code":429,"message":"Rate limit"}}"#, .rateLimited, "rate_limited"),
        Verdict(200, body: #"{"choices":[{"error":{"code":502,"message":"-"}}]}"#, .unavailable, "http_502"),
    ].map { $0.at(.openrouter, host: "openrouter.ai") }

    static let proxies = [
        Verdict(
            429, body: #"{"error":{"message":"-","type":"None","param":"None","code":"429"}}"#, .rateLimited,
            "rate_limited"),
        Verdict(400, body: #"{"error":{"message":"No connected db.","code":"400"}}"#, .unauthorized, "invalid_api_key"),
        Verdict(
            400, body: #"{"error":{"message":"Invalid model name passed in model=x","code":"400"}}"#, .fatal,
            "model_not_found"),
        Verdict(
            400, body: #"{"error":{"message":"-","type":"budget_exceeded","code":"400"}}"#, .fatal, "budget_exceeded"),
        Verdict(
            429, body: #"{"error":{"message":"x - Request rate increased too quickly.","code":"429"}}"#, .rateLimited,
            "limit_burst_rate", growth: true),
        Verdict(500, body: "Internal Server Error", .transient, "http_500", attempts: 3),
        Verdict(500, body: "<title>500 Internal Server Error</title>", .transient, "http_500"),
        Verdict(422, body: #"{"detail":"Unexpected fields in the request: {'x'}"}"#, .fatal, "http_422"),
        Verdict(400, body: #"{"detail":"-"}"#, .refused, "http_400"),
        Verdict(502, body: "<html><title>502 Bad Gateway</title></html>", .unavailable, "http_502"),
        Verdict(408, body: "", .transient, "http_408"), Verdict(425, body: "", .transient, "http_425"),
        Verdict(429, body: "<html>", .rateLimited, "rate_limited"),
        Verdict(500, body: #"{"error":{"mess"#, .transient, "http_500"),
        Verdict(503, body: "", .unavailable, "http_503"), Verdict(504, body: "", .unavailable, "http_504"),
        Verdict(400, body: "<html>", .refused, "http_400"), Verdict(415, body: "", .refused, "http_415"),
        Verdict(200, body: #"{"choices":[{"message":{"content":""}}]}"#, .transient, "empty_answer", attempts: 2),
        Verdict(
            200, body: #"{"choices":[{"message":{"content":"","reasoning":"x"}}]}"#, .transient, "empty_answer",
            attempts: 2),
        Verdict(
            200, body: #"{"choices":[{"message":{"content":"x"},"finish_reason":"length"}]}"#, .truncated, "truncated"),
    ]

    @Test(arguments: openAI)
    func `OpenAI's rows have their verdicts, at Azure too`(row: Verdict) {
        row.at(.openai, host: "api.openai.com").check()
        row.at(.custom, host: "mine.openai.azure.com").check()
        row.at(.custom, host: "localhost").check()
    }

    @Test(arguments: azure + vLLM + sglang + ollama + llamaCPP + lmStudio + gemini + openRouter + proxies)
    func `each row has its verdict, by preset and as a custom server`(row: Verdict) {
        row.check()
        row.at(.custom, host: row.host).check()
    }

    @Test(arguments: [
        (429, "rate_limit_exceeded", "false", Failure.Kind.refused), (500, "server_error", "false", .refused),
        (503, "server_error", "False ", .refused), (429, "insufficient_quota", "false", .fatal),
        (401, "invalid_api_key", "false", .unauthorized), (400, "invalid_value", "false", .refused),
        (400, "invalid_value", "true", .transient), (429, "insufficient_quota", "true", .fatal),
        (401, "invalid_api_key", "true", .unauthorized), (429, "rate_limit_exceeded", "true", .rateLimited),
        (500, "server_error", "maybe", .transient),
    ])
    func `the server's own word on trying again counts`(
        status: Int, code: String, word: String, kind: Failure.Kind
    ) throws {
        let reader = ResponseReader(dialect: .dialect(for: .openai, host: "api.openai.com"))
        func failure(_ word: String?) throws -> Failure {
            let headers = [("Retry-After", "7"), ("X-Should-Retry", word)].compactMap { name, value in
                value.map { (name: name, value: $0) }
            }
            let reply = HTTPReply(
                status: status, headers: headers, body: Data(#"{"error":{"message":"M.","code":"\#(code)"}}"#.utf8))
            return try #require(reader.reading(of: reply, now: .distantPast).outcome.failure)
        }
        let without = try failure(nil)
        let with = try failure(word)
        #expect(with.kind == kind)
        #expect(with.label == without.label)
        let isChanged = with.kind != without.kind
        #expect(with.detail.contains("server says") == isChanged)
        if with.kind == .refused { #expect(with.retryAfter == nil) }
        if with.kind == .transient { #expect(with.retryAfter == .seconds(7)) }
    }

    @Test func `a verdict that the server reverses loses its limits`() {
        let body = Data(#"{"error":{"message":"Request rate increased too quickly."}}"#.utf8)
        let reply = HTTPReply(status: 429, headers: [("x-should-retry", "false")], body: body)
        let reader = ResponseReader(dialect: .dialect(for: .custom, host: ""))
        #expect(reader.reading(of: reply, now: .distantPast).outcome.failure?.isThrottlingGrowth == false)
    }
}
