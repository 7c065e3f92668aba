import Foundation
import Testing

@testable import Captioning

/// DashScope's error page, row by row.
struct DashScopeVerdictTests {
    private static let inner = "<400> InternalError.Algo.InvalidParameter: "
    private static let invalid = "invalid_parameter_error"

    static let configuration = [
        Verdict(400, invalid, inner + "Range of max_tokens should be [1, 8192]", .fatal, "invalid_parameter"),
        Verdict(400, "invalid_value", "'temperature' must be Float", .fatal, "invalid_parameter"),
        Verdict(400, "InvalidParameter", "Temperature should be in [0.0, 2.0)", .fatal, "invalid_parameter"),
        Verdict(400, "InvalidParameter", "Range of top_p should be (0.0, 1.0]", .fatal, "invalid_parameter"),
        Verdict(400, "InvalidParameter", "Parameter top_k be greater than or equal to 0", .fatal, "invalid_parameter"),
        Verdict(400, "InvalidParameter", "Presence_penalty should be in [-2.0, 2.0]", .fatal, "invalid_parameter"),
        Verdict(400, "InvalidParameter", "Repetition_penalty should be greater than 0.0", .fatal, "invalid_parameter"),
        Verdict(400, "InvalidParameter", "Range of n should be [1, 4]", .fatal, "invalid_parameter"),
        Verdict(400, "invalid_value", "'seed' must be Integer", .fatal, "invalid_parameter"),
        Verdict(400, "invalid_request_error", "you must provide a model parameter", .fatal, "model_not_found"),
        Verdict(
            400, invalid, inner + "'messages' must contain the word 'json' in some form", .fatal, "invalid_parameter"),
        Verdict(
            400, "InvalidParameter", "Json mode response is not supported when enable_thinking is true", .fatal,
            "invalid_parameter"),
        Verdict(
            400, "InvalidParameter.NotSupportEnableThinking", "The model does not support it.", .fatal,
            "invalid_parameter.not_support_enable_thinking"),
        Verdict(
            400, "InvalidParameter", "The value of the enable_thinking parameter is restricted to True.", .fatal,
            "invalid_parameter"),
        Verdict(400, "InvalidParameter", "thinking_budget must be a positive integer", .fatal, "invalid_parameter"),
        Verdict(400, invalid, "This model only support stream mode, please enable it", .fatal, "streaming_only"),
        Verdict(400, invalid, "current user api does not support http call.", .fatal, "streaming_only"),
        Verdict(
            400, invalid, "parameter.enable_thinking must be set to false for non-streaming calls", .fatal,
            "streaming_only"),
        Verdict(400, invalid, "parameter.enable_thinking only support stream call", .fatal, "streaming_only"),
        Verdict(400, "InvalidParameter", "Model not exist.", .fatal, "model_not_found"),
        Verdict(400, invalid, "The input content must be a string.", .fatal, "no_image_input"),
        Verdict(400, "BadRequest.EmptyInput", "-", .fatal, "bad_request.empty_input"),
        Verdict(400, "BadRequest.EmptyModel", "-", .fatal, "bad_request.empty_model"),
        Verdict(400, "BadRequest.IllegalInput", "-", .fatal, "bad_request.illegal_input"),
        Verdict(400, "BadRequest.UnsupportedOperation", "-", .fatal, "bad_request.unsupported_operation"),
        Verdict(
            404, "model_not_found", "The model x does not exist or you do not have access to it.", .fatal,
            "model_not_found"),
        Verdict(404, "model_not_supported", "-", .fatal, "model_not_supported"),
        Verdict(404, "WorkSpaceNotFound", "-", .fatal, "work_space_not_found"),
        Verdict(404, "NotFound", "-", .fatal, "not_found"),
    ]

    static let items = [
        Verdict(400, invalid, inner + "Range of input length should be [1, 129024]", .refused, "context_length"),
        Verdict(400, invalid, inner + "The provided URL does not appear to be valid.", .refused, "invalid_url"),
        Verdict(
            400, invalid, inner + "Exceeded limit on max bytes per data-uri item : 10485760'.", .refused,
            "image_too_large"),
        Verdict(400, invalid, "Multimodal file size is too large", .refused, "image_too_large"),
        Verdict(
            400, invalid, inner + "The image length and width do not meet the model restrictions. [height:1]", .refused,
            "image_dimensions"),
        Verdict(
            400, "InvalidParameter.DataInspection", "Failed to decode the image during the data inspection.", .refused,
            "invalid_parameter.data_inspection"),
        Verdict(
            400, "InvalidParameter", "Failed to decode the image during the data inspection.", .refused,
            "unreadable_by_provider"),
        Verdict(
            400, "InvalidParameter", "The file format is illegal and cannot be opened", .refused,
            "unreadable_by_provider"),
        Verdict(
            400, "InvalidParameter", "The media format is not supported or incorrect", .refused,
            "unreadable_by_provider"),
        Verdict(400, invalid, inner + "Failed to download multimodal content", .refused, "download_failed"),
        Verdict(400, "InvalidParameter", "Unable to download the media resource.", .refused, "download_failed"),
        Verdict(400, "InvalidParameter", "url error, check url!", .refused, "download_failed"),
        Verdict(
            400, "InvalidParameter", "Don't have authorization to access the media resource", .refused,
            "download_failed"),
        Verdict(400, "InvalidURL", "-", .refused, "invalid_url"),
        Verdict(400, "InvalidURL.ConnectionRefused", "-", .refused, "invalid_url.connection_refused"),
        Verdict(
            400, "data_inspection_failed", "Input data may contain inappropriate content.", .refused,
            "data_inspection_failed"),
        Verdict(
            400, "DataInspectionFailed", "Output data may contain inappropriate content.", .refused,
            "data_inspection_failed"),
        Verdict(
            400, invalid, "<400> InternalError.Algo.DataInspectionFailed: Input text data may…", .refused,
            "data_inspection_failed"),
        Verdict(400, "IPInfringementSuspect", "-", .refused, "ip_infringement_suspect"),
        Verdict(400, "CustomRoleBlocked", "-", .refused, "custom_role_blocked"),
        Verdict(400, "FaqRuleBlocked", "-", .refused, "faq_rule_blocked"),
        Verdict(400, "BadRequest.InputDownloadFailed", "-", .refused, "bad_request.input_download_failed"),
        Verdict(400, "BadRequest.UnsupportedFileFormat", "-", .refused, "bad_request.unsupported_file_format"),
        Verdict(400, "BadRequest.TooLarge", "-", .refused, "bad_request.too_large"),
        Verdict(413, "BadRequest.TooLarge", "-", .refused, "bad_request.too_large"),
        Verdict(413, body: "<html><h1>413</h1></html>", .refused, "too_large"),
        Verdict(500, "InternalError.Algo", "Missing Content-Length of multimodal url", .refused, "download_failed"),
        Verdict(
            500, "internal_error", inner + "Missing Content-Length of multimodal url", .refused, "download_failed"),
        Verdict(400, invalid, "Nobody knows this message.", .refused, "invalid_parameter_error"),
    ]

    static let account = [
        Verdict(
            400, "Arrearage", "Access denied, please make sure your account is in good standing.", .fatal, "arrearage"),
        Verdict(401, "invalid_api_key", "Incorrect API key provided. ", .unauthorized, "invalid_api_key"),
        Verdict(401, nil, "NOT AUTHORIZED", .unauthorized, "invalid_request_error"),
        Verdict(401, nil, "invalid access token or token expired", .unauthorized, "invalid_request_error"),
        Verdict(403, "AccessDenied", "-", .fatal, "access_denied"),
        Verdict(403, "access_denied", "-", .fatal, "access_denied"),
        Verdict(403, "AccessDenied.Unpurchased", "-", .fatal, "access_denied.unpurchased"),
        Verdict(403, "Model.AccessDenied", "-", .fatal, "model.access_denied"),
        Verdict(403, "App.AccessDenied", "-", .fatal, "app.access_denied"),
        Verdict(403, "Workspace.AccessDenied", "-", .fatal, "workspace.access_denied"),
        Verdict(403, "AllocationQuota.FreeTierOnly", "-", .fatal, "allocation_quota.free_tier_only"),
        Verdict(403, "insufficient_quota", "The quota is exhausted.", .fatal, "insufficient_quota"),
        Verdict(
            429, "Throttling.AllocationQuota", "Free allocated quota exceeded.", .fatal, "throttling.allocation_quota"),
        Verdict(429, "CommodityNotPurchased", "-", .fatal, "commodity_not_purchased"),
        Verdict(429, "PrepaidBillOverdue", "-", .fatal, "prepaid_bill_overdue"),
        Verdict(429, "PostpaidBillOverdue", "-", .fatal, "postpaid_bill_overdue"),
    ]

    static let throttling = [
        Verdict(429, "Throttling", "Requests throttling triggered.", .rateLimited, "throttling"),
        Verdict(429, "Throttling", "Too many requests in route", .rateLimited, "throttling"),
        Verdict(429, "Throttling.RateQuota", "-", .rateLimited, "throttling.rate_quota"),
        Verdict(429, "LimitRequests", "-", .rateLimited, "limit_requests"),
        Verdict(429, "limit_requests", "You exceeded your current requests list.", .rateLimited, "limit_requests"),
        Verdict(429, "Throttling.BurstRate", "-", .rateLimited, "throttling.burst_rate", growth: true),
        Verdict(429, "limit_burst_rate", "-", .rateLimited, "limit_burst_rate", growth: true),
        Verdict(
            429, nil, "Request rate increased too quickly. To ensure system stability, …", .rateLimited,
            "limit_burst_rate", growth: true),
        Verdict(
            429, "Throttling.AllocationQuota", "Allocated quota exceeded, please increase your quota limit.",
            .rateLimited, "throttling.allocation_quota"),
        Verdict(
            429, "insufficient_quota",
            "You exceeded your current quota, please check your plan and billing details.", .rateLimited,
            "insufficient_quota"),
        Verdict(
            429, nil, "Too many requests. Batch requests are being throttled due to system capacity limits.",
            .rateLimited, "invalid_request_error"),
        Verdict(
            500, "ModelServingError", "Your requests are being throttled due to system capacity limits.", .rateLimited,
            "overloaded"),
        Verdict(
            503, "ModelServingError", "Your requests are being throttled due to system capacity limits.", .rateLimited,
            "overloaded"),
    ]

    static let passing = [
        Verdict(
            400, invalid, inner + "Download multimodal file timed out", .transient, "download_timed_out", attempts: 3),
        Verdict(
            400, "InvalidParameter.DataInspection",
            "Download the media resource timed out during the data inspection process.", .transient,
            "download_timed_out", attempts: 3),
        Verdict(400, "InvalidURL.Timeout", "-", .transient, "download_timed_out", attempts: 3),
        Verdict(400, "ClientDisconnect", "-", .transient, "client_disconnect"),
        Verdict(400, "ServiceUnavailableError", "-", .transient, "service_unavailable_error"),
        Verdict(400, "APIConnectionError", "-", .transient, "api_connection_error"),
        Verdict(408, "RequestTimeOut", "-", .transient, "request_time_out"),
        Verdict(500, "InternalError", "-", .transient, "internal_error"),
        Verdict(500, "internal_error", "-", .transient, "internal_error"),
        Verdict(500, "SystemError", "-", .transient, "system_error"),
        Verdict(500, "ModelServiceFailed", "-", .transient, "model_service_failed"),
        Verdict(500, "InternalError.Timeout", "-", .transient, "internal_error.timeout"),
        Verdict(
            500, "InternalError.Algo", "Request rejected by inference engine!", .transient, "internal_error.algo",
            attempts: 4),
        Verdict(500, "InternalError.Algo", "list index out of range", .transient, "internal_error.algo", attempts: 4),
        Verdict(500, "InternalError.Algo", "-", .transient, "internal_error.algo", attempts: 4),
        Verdict(
            500, "internal_error", "<500> InternalError.Algo: An error occurred.", .transient, "internal_error",
            attempts: 4),
        Verdict(500, "RequestTimeOut", "-", .transient, "request_time_out", attempts: 3),
        Verdict(503, "ModelUnavailable", "-", .unavailable, "model_unavailable"),
        Verdict(503, "ServiceUnavailable", "-", .unavailable, "service_unavailable"),
    ]

    @Test(arguments: configuration + items + account + throttling + passing)
    func `each row has its verdict, by preset and by host`(row: Verdict) {
        row.at(.dashscope, host: "localhost").check()
        row.at(.custom, host: "dashscope-intl.aliyuncs.com").check()
        row.at(.openai, host: "ws.ap-southeast-1.maas.aliyuncs.com").check()
        row.at(.custom, host: "api-inference.modelscope.cn").check()
    }

    @Test(arguments: configuration + items + passing)
    func `a gateway that repeats the words under another host changes nothing`(row: Verdict) {
        row.at(.custom, host: "gateway.example.com").check()
        row.at(.openrouter, host: "openrouter.ai").check()
    }
}
