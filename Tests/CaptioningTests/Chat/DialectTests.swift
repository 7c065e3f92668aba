import Foundation
import Testing

@testable import Captioning

struct DialectTests {
    typealias Row = (path: String, kind: Failure.Kind, label: String)

    static let dashScope: [Row] = [
        ("dashscope/400-arrearage.json", .fatal, "arrearage"),
        ("dashscope/400-arrearage-words.json", .fatal, "quota_exhausted"),
        ("dashscope/400-client-disconnect.json", .transient, "client_disconnect"),
        ("dashscope/400-data-uri-too-large.json", .refused, "image_too_large"),
        ("dashscope/400-download-failed.json", .refused, "download_failed"),
        ("dashscope/400-download-timed-out.json", .transient, "download_timed_out"),
        ("dashscope/400-format.json", .refused, "unreadable_by_provider"),
        ("dashscope/400-image-too-small.json", .refused, "image_dimensions"),
        ("dashscope/400-input-length.json", .refused, "context_length"),
        ("dashscope/400-inspection-timed-out.json", .transient, "download_timed_out"),
        ("dashscope/400-json-word.json", .fatal, "invalid_parameter"),
        ("dashscope/400-max-tokens.json", .fatal, "invalid_parameter"),
        ("dashscope/400-model-not-exist.json", .fatal, "model_not_found"),
        ("dashscope/400-moderation.json", .refused, "data_inspection_failed"),
        ("dashscope/400-moderation-in-message.json", .refused, "data_inspection_failed"),
        ("dashscope/400-moderation-behind-proxy.json", .refused, "data_inspection_failed"),
        ("dashscope/400-no-model.json", .fatal, "model_not_found"),
        ("dashscope/400-not-support-thinking.json", .fatal, "invalid_parameter.not_support_enable_thinking"),
        ("dashscope/400-streaming-only-1.json", .fatal, "streaming_only"),
        ("dashscope/400-streaming-only-2.json", .fatal, "streaming_only"),
        ("dashscope/400-streaming-only-3.json", .fatal, "streaming_only"),
        ("dashscope/400-streaming-only-4.json", .fatal, "streaming_only"),
        ("dashscope/400-streaming-only-5.json", .fatal, "streaming_only"),
        ("dashscope/400-temperature.json", .fatal, "invalid_parameter"),
        ("dashscope/400-text-only-model.json", .fatal, "no_image_input"),
        ("dashscope/400-too-large.json", .refused, "bad_request.too_large"),
        ("dashscope/400-undecodable.json", .refused, "invalid_parameter.data_inspection"),
        ("dashscope/400-unsupported-file.json", .refused, "bad_request.unsupported_file_format"),
        ("dashscope/400-url-invalid.json", .refused, "invalid_url"),
        ("dashscope/400-url-refused.json", .refused, "invalid_url.connection_refused"),
        ("dashscope/400-url-timeout.json", .transient, "download_timed_out"),
        ("dashscope/401-native.json", .unauthorized, "invalid_api_key"),
        ("dashscope/401-wrong-key.json", .unauthorized, "invalid_api_key"),
        ("dashscope/403-free-tier.json", .fatal, "allocation_quota.free_tier_only"),
        ("dashscope/403-insufficient-quota.json", .fatal, "insufficient_quota"),
        ("dashscope/403-unpurchased.json", .fatal, "access_denied.unpurchased"),
        ("dashscope/404-model.json", .fatal, "model_not_found"),
        ("dashscope/429-allocation-quota.json", .rateLimited, "throttling.allocation_quota"),
        ("dashscope/429-batch.json", .rateLimited, "rate_limited"),
        ("dashscope/429-bill-overdue.json", .fatal, "postpaid_bill_overdue"),
        ("dashscope/429-burst.json", .rateLimited, "limit_burst_rate"),
        ("dashscope/429-free-quota.json", .fatal, "throttling.allocation_quota"),
        ("dashscope/429-free-words.json", .fatal, "quota_exhausted"),
        ("dashscope/429-insufficient-quota.json", .rateLimited, "insufficient_quota"),
        ("dashscope/429-limit-requests.json", .rateLimited, "limit_requests"),
        ("dashscope/429-throttling.json", .rateLimited, "throttling"),
        ("dashscope/500-content-length.json", .refused, "download_failed"),
        ("dashscope/500-engine.json", .transient, "internal_error.algo"),
        ("dashscope/500-internal.json", .transient, "internal_error"),
        ("dashscope/500-request-timeout.json", .transient, "request_time_out"),
        ("dashscope/503-capacity.json", .rateLimited, "overloaded"),
        ("dashscope/503-unavailable.json", .unavailable, "model_unavailable"),
    ]

    static let others: [Row] = [
        ("azure/400-content-filter.json", .refused, "content_filter"),
        ("azure/400-policy-words.json", .refused, "data_inspection_failed"),
        ("gateway/301.html", .fatal, "http_301"),
        ("gateway/400-nul.json", .refused, "bad_byte"),
        ("gateway/403-waf.html", .fatal, "http_403"),
        ("gateway/403-wrong-key.json", .unauthorized, "invalid_api_key"),
        ("gateway/404-page.txt", .fatal, "http_404"),
        ("gateway/413.html", .refused, "too_large"),
        ("gateway/502.html", .unavailable, "http_502"),
        ("gateway/504-no-title.html", .unavailable, "http_504"),
        ("gateway/empty.txt", .refused, "http_400"),
        ("gateway/truncated.json", .refused, "image_dimensions"),
        ("gemini/400-key.json", .unauthorized, "invalid_api_key"),
        ("gemini/400-place.json", .fatal, "unsupported_location"),
        ("gemini/429-array.json", .rateLimited, "resource_exhausted"),
        ("gemini/503-unavailable.json", .unavailable, "unavailable"),
        ("litellm/400-budget.json", .fatal, "budget_exceeded"),
        ("litellm/400-model.json", .fatal, "model_not_found"),
        ("litellm/400-no-db.json", .unauthorized, "invalid_api_key"),
        ("litellm/429-burst.json", .rateLimited, "limit_burst_rate"),
        ("litellm/429-rpm.json", .rateLimited, "rate_limited"),
        ("llamacpp/400-context-words.json", .refused, "context_length"),
        ("llamacpp/400-context.json", .refused, "exceed_context_size_error"),
        ("llamacpp/400-image.json", .refused, "unreadable_by_provider"),
        ("llamacpp/500-context.json", .refused, "context_length"),
        ("llamacpp/500-download.json", .refused, "download_failed"),
        ("llamacpp/500-no-mmproj.json", .fatal, "no_image_input"),
        ("llamacpp/503-loading.json", .unavailable, "unavailable_error"),
        ("lmstudio/200-error.json", .transient, "error_in_reply"),
        ("lmstudio/400-no-images.json", .fatal, "no_image_input"),
        ("lmstudio/400-string.json", .refused, "unreadable_by_provider"),
        ("ollama/400-image.json", .refused, "unreadable_by_provider"),
        ("ollama/400-url.json", .fatal, "remote_url"),
        ("ollama/404-model.json", .fatal, "model_not_found"),
        ("ollama/500-no-vision.json", .fatal, "no_image_input"),
        ("ollama/503-busy.json", .rateLimited, "overloaded"),
        ("openai/400-context.json", .refused, "context_length_exceeded"),
        ("openai/400-download-words.json", .refused, "download_failed"),
        ("openai/400-image-format.json", .refused, "invalid_image_format"),
        ("openai/400-image-timeout.json", .transient, "download_timed_out"),
        ("openai/400-image-url.json", .refused, "invalid_image_url"),
        ("openai/400-param-range.json", .fatal, "invalid_parameter"),
        ("openai/400-safety.json", .refused, "data_inspection_failed"),
        ("openai/400-text-model.json", .fatal, "no_image_input"),
        ("openai/400-unknown-parameter.json", .fatal, "unknown_parameter"),
        ("openai/400-unknown.json", .refused, "invalid_request_error"),
        ("openai/400-unsupported-parameter.json", .fatal, "unsupported_parameter"),
        ("openai/400-unsupported-value.json", .fatal, "unsupported_value"),
        ("openai/401-key-echo.json", .unauthorized, "invalid_api_key"),
        ("openai/403-country.json", .fatal, "unsupported_country_region_territory"),
        ("openai/404-model.json", .fatal, "model_not_found"),
        ("openai/429-insufficient-quota.json", .fatal, "insufficient_quota"),
        ("openai/429-rate-limit.json", .rateLimited, "rate_limit_exceeded"),
        ("openai/429-too-large.json", .refused, "request_too_large"),
        ("openai/500-server-error.json", .transient, "server_error"),
        ("openai/503-overloaded.json", .rateLimited, "overloaded"),
        ("openai/503-slow-down.json", .rateLimited, "slow_down"),
        ("openrouter/200-choice-error.json", .unavailable, "http_502"),
        ("openrouter/200-rate-limit.json", .rateLimited, "rate_limited"),
        ("openrouter/400-model.json", .fatal, "model_not_found"),
        ("openrouter/400-upstream.json", .refused, "data_inspection_failed"),
        ("openrouter/402-credits.json", .fatal, "http_402"),
        ("openrouter/402-in-flight.json", .rateLimited, "in_flight_budget"),
        ("openrouter/403-moderation.json", .refused, "moderation"),
        ("sglang/500-internal.json", .transient, "internal_server_error"),
        ("transformers/404-detail.json", .fatal, "http_404"),
        ("transformers/422-list.json", .fatal, "http_422"),
        ("transformers/422-string.json", .fatal, "http_422"),
        ("transformers/500-plain.txt", .transient, "http_500"),
        ("vllm/400-context.json", .refused, "context_length"),
        ("vllm/400-flat.json", .refused, "unreadable_by_provider"),
        ("vllm/400-no-images.json", .fatal, "no_image_input"),
        ("vllm/400-param-object.json", .refused, "bad_request_error"),
        ("vllm/400-too-many-images.json", .refused, "too_many_images"),
        ("vllm/404-model.json", .fatal, "model_not_found"),
    ]

    @Test(arguments: dashScope + others)
    func `a vendor's error gets its kind and label`(row: Row) throws {
        let failure = try #require(try ChatFixture(row.path).reading().outcome.failure)
        #expect(failure.kind == row.kind)
        #expect(failure.label == row.label)
        #expect(!failure.detail.isEmpty && failure.detail.utf8.count <= 2_048)
    }

    @Test(arguments: [
        ("InvalidParameter", 400, Failure.Kind.refused), ("BadRequest.EmptyInput", 400, .fatal),
        ("BadRequest.EmptyModel", 400, .fatal), ("BadRequest.IllegalInput", 400, .fatal),
        ("BadRequest.UnsupportedOperation", 400, .fatal), ("BadRequest.InputDownloadFailed", 400, .refused),
        ("IPInfringementSuspect", 400, .refused), ("CustomRoleBlocked", 400, .refused),
        ("FaqRuleBlocked", 400, .refused),
        ("ServiceUnavailableError", 400, .transient), ("APIConnectionError", 400, .transient),
        ("InvalidURL", 400, .refused), ("Model.AccessDenied", 403, .fatal), ("Workspace.AccessDenied", 403, .fatal),
        ("ModelNotFound", 404, .fatal), ("model_not_supported", 404, .fatal), ("WorkSpaceNotFound", 404, .fatal),
        ("NotFound", 404, .fatal), ("RequestTimeOut", 408, .transient), ("Throttling.RateQuota", 429, .rateLimited),
        ("LimitRequests", 429, .rateLimited), ("Throttling.BurstRate", 429, .rateLimited),
        ("CommodityNotPurchased", 429, .fatal), ("PrepaidBillOverdue", 429, .fatal), ("SystemError", 500, .transient),
        ("ModelServiceFailed", 500, .transient), ("InternalError.Timeout", 500, .transient),
        ("ModelServingError", 503, .unavailable), ("ServiceUnavailable", 503, .unavailable),
    ])
    func `a DashScope code is enough without a telling message`(code: String, status: Int, kind: Failure.Kind) {
        let body = Data(#"{"code":"\#(code)","message":"…","request_id":"r"}"#.utf8)
        let failure = Dialect.dialect(for: .dashscope, host: "").failure(
            status: status, error: ErrorBody(parsing: body))
        #expect(failure.kind == kind)
    }

    @Test(arguments: [
        (301, Failure.Kind.fatal), (400, .refused), (401, .unauthorized), (402, .fatal), (403, .fatal), (404, .fatal),
        (405, .fatal), (407, .fatal), (408, .transient), (409, .transient), (413, .refused), (415, .refused),
        (418, .refused),
        (422, .fatal), (425, .transient), (429, .rateLimited), (500, .transient), (501, .fatal), (502, .unavailable),
        (503, .unavailable), (504, .unavailable), (520, .transient), (524, .unavailable), (529, .rateLimited),
    ])
    func `an empty body is judged by its status`(status: Int, kind: Failure.Kind) {
        for provider in Provider.allCases {
            let dialect = Dialect.dialect(for: provider, host: "localhost")
            #expect(dialect.failure(status: status, error: ErrorBody(parsing: Data())).kind == kind)
        }
    }

    @Test(arguments: [
        (Provider.dashscope, "localhost", 429, "", Failure.Kind.rateLimited),
        (.dashscope, "localhost", 429, "Free quota is gone", .fatal), (.dashscope, "localhost", 403, "", .fatal),
        (.simulated, "localhost", 429, "", .rateLimited),
        (.custom, "dashscope-intl.aliyuncs.com", 429, "", .rateLimited),
        (.custom, "ws.ap-southeast-1.MAAS.aliyuncs.com", 429, "", .rateLimited),
        (.custom, "localhost", 429, "", .fatal),
        (.openai, "api.openai.com", 429, "", .fatal), (.openrouter, "openrouter.ai", 429, "", .fatal),
        (.openai, "dashscope.aliyuncs.com", 429, "", .rateLimited),
    ])
    func `insufficient_quota is throttling at DashScope and money elsewhere`(
        provider: Provider, host: String, status: Int, message: String, kind: Failure.Kind
    ) {
        let body = Data(#"{"error":{"code":"insufficient_quota","message":"\#(message)"}}"#.utf8)
        let dialect = Dialect.dialect(for: provider, host: host)
        #expect(dialect.failure(status: status, error: ErrorBody(parsing: body)).kind == kind)
    }

    @Test func `every rule of every dialect is the first to match some reply`() throws {
        let dialects = Set(Provider.allCases.map { Dialect.dialect(for: $0, host: "") })
        var seen: Set<Dialect.Rule> = []
        for fixture in try ChatFixture.all() {
            let words = Dialect.Words(ErrorBody(parsing: try fixture.body()))
            for dialect in dialects {
                if let rule = dialect.rules.first(where: { $0.matches(status: fixture.status, error: words) }) {
                    seen.insert(rule)
                }
            }
        }
        let unseen = Set(dialects.flatMap(\.rules)).subtracting(seen)
        #expect(unseen.isEmpty)
    }

    @Test func `hints say what to do`() throws {
        func detail(_ path: String) throws -> String {
            try #require(try ChatFixture(path).reading().outcome.failure).detail
        }
        #expect(try detail("dashscope/400-streaming-only-1.json").contains("qwen3-vl-plus"))
        #expect(try detail("dashscope/401-wrong-key.json").contains("one region"))
        #expect(try detail("openai/400-unsupported-parameter.json").contains("Write max_completion_tokens"))
        #expect(try detail("ollama/404-model.json").contains("ollama pull"))
        #expect(try detail("gateway/301.html").contains("base_url"))
        #expect(try detail("gateway/404-page.txt").contains("base_url"))
        #expect(try detail("gateway/502.html").hasPrefix("HTTP 502: 502 Bad Gateway"))
    }

    @Test func `a key that the server repeats is not kept`() throws {
        let failure = try #require(try ChatFixture("openai/401-key-echo.json").reading().outcome.failure)
        #expect(!failure.detail.contains("abcdef"))
        #expect(failure.detail.contains("sk-***"))
    }

    @Test func `only failures that waiting can help keep the wait`() {
        let dialect = Dialect.dialect(for: .openai, host: "")
        let error = ErrorBody(parsing: Data())
        #expect(dialect.failure(status: 429, error: error, retryAfter: .seconds(3)).retryAfter == .seconds(3))
        #expect(dialect.failure(status: 503, error: error, retryAfter: .seconds(3)).retryAfter == .seconds(3))
        #expect(dialect.failure(status: 400, error: error, retryAfter: .seconds(3)).retryAfter == nil)
    }

    @Test(arguments: [
        ("Throttling.RateQuota", "throttling.rate_quota"), ("limit_requests", "limit_requests"),
        ("InvalidURL.Timeout", "invalid_url.timeout"), ("IPInfringementSuspect", "ip_infringement_suspect"),
        ("RESOURCE_EXHAUSTED", "resource_exhausted"), ("429", nil), ("Ünïcode — über", "n_code_ber"), ("…", nil),
        (String(repeating: "a", count: 65), nil), (" .Bad Code!. ", "bad_code"),
    ])
    func `a code becomes a label`(code: String, label: String?) {
        #expect(FailureLabel.normalised(code) == label)
    }
}
