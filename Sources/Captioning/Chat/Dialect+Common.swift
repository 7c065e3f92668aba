extension Dialect {
    /// What every server may say, DashScope's wordings included: gateways repeat them under any host.
    ///
    /// Order matters. What is wrong with one item comes before what is wrong with the job, so that a message about an
    /// image is never read as one about a parameter.
    static let commonRules = moderation + account + passing + input + configuration + doubtful

    /// Statuses under which servers complain of a request.
    private static let complaints: Set<Int> = [400, 413, 415, 422]
    /// The same and 500, which some servers answer to an image that they cannot read.
    private static let faults: Set<Int> = complaints.union([500])

    private static let moderation = [
        Rule(
            .refused,
            codes: [
                "data_inspection_failed", "IPInfringementSuspect", "CustomRoleBlocked", "FaqRuleBlocked",
                "content_filter", "ResponsibleAIPolicyViolation", "content_policy_violation",
                "image_content_policy_violation", "moderation_blocked",
            ],
            hint: "Moderation refused the image or the prompt."),
        Rule(
            .refused,
            messageContains: [
                "may contain inappropriate content", "InternalError.Algo.DataInspectionFailed",
                "content management policy", "rejected as a result of our safety system",
            ],
            label: "data_inspection_failed", hint: "Moderation refused the image or the prompt."),
        Rule(
            .refused, statuses: [403], messageContains: ["moderation", "flagged"], label: "moderation",
            hint: "Moderation refused the image or the prompt."),
    ]

    private static let account = [
        Rule(
            .fatal,
            codes: [
                "Arrearage", "CommodityNotPurchased", "PrepaidBillOverdue", "PostpaidBillOverdue",
                "AllocationQuota.FreeTierOnly", "insufficient_quota", "credit_balance_exhausted",
                "billing_hard_limit_reached", "billing_not_active", "budget_exceeded",
            ],
            hint: Hint.money),
        Rule(
            .fatal,
            messageContains: [
                "free allocated quota", "free quota", "free tier of the model", "account is in good standing",
            ],
            label: "quota_exhausted", hint: Hint.money),
        Rule(.unauthorized, statuses: [400, 403], codes: ["invalid_api_key"], hint: Hint.key),
        Rule(
            .unauthorized, statuses: [400, 403],
            messageContains: [
                "API key not valid", "API key expired", "Incorrect API key", "No connected db", "invalid access token",
            ],
            label: "invalid_api_key", hint: Hint.key),
        Rule(
            .fatal,
            codes: [
                "access_denied", "AccessDenied.Unpurchased", "Model.AccessDenied", "App.AccessDenied",
                "Workspace.AccessDenied", "unsupported_country_region_territory",
            ],
            hint: "The key may not use this model; open it in the provider's console or choose another."),
        Rule(
            .fatal, messageContains: ["location is not supported"], label: "unsupported_location",
            hint: "The provider does not serve this place."),
    ]

    private static let throttles: Set<Int> = [429, 500, 503]

    private static let passing = [
        Rule(
            .refused, statuses: [429], messageContains: ["request too large for"], label: "request_too_large",
            hint:
                "This one request needs more tokens than the account may use in a minute; use a smaller image or a "
                + "higher limit."),
        Rule(
            .rateLimited, statuses: throttles, codes: ["limit_burst_rate", "Throttling.BurstRate"], hint: Hint.growth,
            isThrottlingGrowth: true),
        Rule(
            .rateLimited, statuses: throttles, messageContains: ["request rate increased too quickly"],
            label: "limit_burst_rate", hint: Hint.growth, isThrottlingGrowth: true),
        Rule(.rateLimited, statuses: throttles, codes: ["limit_requests", "Throttling*"]),
        Rule(.rateLimited, statuses: [429], codes: ["rate_limit*", "RESOURCE_EXHAUSTED", "too_many_requests"]),
        Rule(
            .rateLimited, statuses: [500, 503, 529],
            codes: ["server_is_overloaded", "slow_down", "overloaded_error"]),
        Rule(
            .rateLimited, statuses: [500, 503, 529],
            messageContains: [
                "throttled due to system capacity", "server busy", "maximum pending requests", "overloaded",
            ],
            label: "overloaded"),
        Rule(
            .transient, statuses: [400], codes: ["ClientDisconnect", "ServiceUnavailableError", "APIConnectionError"]),
        Rule(
            .transient, statuses: faults, codes: ["InvalidURL.Timeout"], label: "download_timed_out",
            hint: Hint.download, attempts: 3),
        Rule(
            .transient, statuses: faults,
            messageContains: [
                "download multimodal file timed out", "download the media resource timed out",
                "timeout while downloading",
            ],
            label: "download_timed_out", hint: Hint.download, attempts: 3),
    ]

    private static let input = [
        Rule(
            .refused, statuses: faults.union([404]),
            codes: [
                "InvalidURL", "InvalidURL.ConnectionRefused", "BadRequest.InputDownloadFailed", "invalid_image_url",
                "failed_to_download_image",
            ],
            hint: "The server could not download the image; check that its URL is public."),
        Rule(
            .refused, statuses: faults,
            messageContains: [
                "failed to download multimodal content", "unable to download the media resource",
                "failed to download image", "url error, check url", "url error, please check url",
                "authorization to access the media resource", "missing content-length of multimodal url",
                "error while downloading",
            ],
            label: "download_failed",
            hint: "The server could not download the image; its URL must be public and answer with Content-Length."),
        Rule(.refused, messageContains: ["provided URL does not appear to be valid"], label: "invalid_url"),
        Rule(
            .refused, statuses: complaints, codes: ["BadRequest.TooLarge"], hint: Hint.size),
        Rule(
            .refused, statuses: complaints,
            messageContains: ["max bytes per data-uri", "multimodal file size is too large"],
            label: "image_too_large", hint: Hint.size),
        Rule(
            .refused, statuses: faults, messageContains: ["image length and width do not meet"],
            label: "image_dimensions",
            hint: "Sides must be over 10 pixels and no longer than 200 times each other."),
        Rule(
            .refused, statuses: complaints,
            codes: [
                "BadRequest.UnsupportedFileFormat", "InvalidParameter.DataInspection", "invalid_image*",
                "invalid_base64*", "image_*", "unsupported_image*", "empty_image_file",
            ],
            hint: "The provider cannot read this image; convert it to JPEG or PNG."),
        Rule(
            .refused, statuses: faults,
            messageContains: [
                "failed to decode the image", "file format is illegal", "media format is not supported",
                "invalid image input", "failed to load image", "cannot identify image file",
            ],
            label: "unreadable_by_provider", hint: "The provider cannot read this image; convert it to JPEG or PNG."),
        Rule(
            .refused, codes: ["context_length_exceeded", "exceed_context_size_error"],
            hint:
                "Image and prompt need more context than the server gives one request; use a smaller image or a larger "
                + "context."),
        Rule(
            .refused, statuses: faults,
            messageContains: [
                "range of input length", "maximum context length", "longer than the maximum model length",
                "exceeds the available context size", "context size has been exceeded",
            ],
            label: "context_length",
            hint:
                "Image and prompt need more context than the server gives one request; use a smaller image or a larger "
                + "context."),
    ]

    private static let configuration = [
        Rule(
            .fatal, statuses: complaints,
            messageContains: [
                "only support stream mode", "does not support http call",
                "must be set to false for non-streaming", "enable_thinking only support stream",
                "enable thinking can not be support when",
            ],
            label: "streaming_only", hint: Hint.streaming),
        Rule(
            .fatal, statuses: faults.union([404]),
            messageContains: [
                "image input is not supported", "mmproj", "unsupported content part type",
                "missing data required for image input", "is not a multimodal model", "does not support images",
                "support image input", "input content must be a string",
                "image_url is only supported by certain models", "at most 0 image",
            ],
            label: "no_image_input", hint: Hint.vision),
        Rule(
            .refused, statuses: complaints, messageContains: ["image(s) may be provided"], label: "too_many_images",
            hint: "Start the server with a larger --limit-mm-per-prompt, or put fewer images into one group."),
        Rule(
            .fatal, statuses: [400, 403, 404],
            codes: ["model_not_found", "model_not_supported", "WorkSpaceNotFound", "BadRequest.EmptyModel"],
            hint: Hint.model),
        Rule(
            .fatal, statuses: complaints,
            messageContains: [
                "model not exist", "you must provide a model parameter", "is not a valid model id",
                "invalid model name",
                "does not exist or you do not have access", "no models loaded",
            ],
            label: "model_not_found", hint: Hint.model),
        Rule(
            .fatal, statuses: complaints,
            codes: [
                "BadRequest.EmptyInput", "BadRequest.IllegalInput", "BadRequest.UnsupportedOperation",
                "InvalidParameter.NotSupportEnableThinking", "unsupported_parameter", "unsupported_value",
                "unknown_parameter",
            ],
            hint: Hint.parameters),
        Rule(
            .fatal, statuses: complaints,
            params: [
                "model", "temperature", "top_p", "top_k", "max_tokens", "max_completion_tokens", "n", "seed", "stop",
                "presence_penalty", "frequency_penalty", "repetition_penalty", "response_format", "reasoning_effort",
                "enable_thinking", "thinking_budget", "stream", "tools", "tool_choice", "logprobs", "top_logprobs",
                "logit_bias",
            ],
            label: "invalid_parameter", hint: Hint.parameters),
        Rule(
            .fatal, statuses: complaints,
            messageContains: [
                "range of max_tokens", "range of n ", "temperature", "top_p", "top_k", "presence_penalty",
                "repetition_penalty", "thinking_budget", "enable_thinking", "restricted to true",
                "must contain the word 'json'", "json mode response is not supported", "'seed'", "seed must",
                "seed should", "unrecognized request argument", "reasoning is mandatory",
            ],
            label: "invalid_parameter", hint: Hint.parameters),
    ]

    /// Faults that can pass and often do not: a few attempts and no more.
    private static let doubtful = [
        Rule(.transient, statuses: [500], codes: ["InternalError.Algo"], attempts: 4),
        Rule(
            .transient, statuses: [500],
            messageContains: ["InternalError.Algo", "rejected by inference engine", "list index out of range"],
            attempts: 4),
        Rule(
            .transient, statuses: [500], codes: ["RequestTimeOut"],
            hint: "The server stopped at its own time limit; lower max_tokens or turn thinking off.", attempts: 3),
        Rule(
            .transient, statuses: [500], messageIs: ["Internal Server Error"],
            hint: "Some servers answer so to an image that they cannot read.", attempts: 3),
    ]
}
