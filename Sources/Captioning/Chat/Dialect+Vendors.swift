extension Dialect {
    /// DashScope: keys that belong to one region, and the `insufficient_quota` that means tokens per minute.
    ///
    /// <https://www.alibabacloud.com/help/en/model-studio/error-code>
    static let dashScopeRules = [
        Rule(
            .unauthorized, statuses: [401],
            hint:
                "Check the key in the environment variable that the job names; a key belongs to one region and is "
                + "refused in every other."),
        Rule(
            .fatal, statuses: [403, 429],
            codes: ["Throttling.AllocationQuota", "insufficient_quota", "AllocationQuota*"],
            messageContains: ["free"],
            hint: "The free quota is used up; allow paid use in the provider's console, then run again."),
        Rule(
            .rateLimited, statuses: [429], codes: ["insufficient_quota"],
            hint: "Here this means that the tokens of this minute are used up."),
    ]

    /// OpenAI: parameters that newer models no longer take.
    ///
    /// <https://platform.openai.com/docs/guides/error-codes>
    static let openAIRules = [
        Rule(
            .fatal, statuses: [400], codes: ["unsupported_parameter"], messageContains: ["max_completion_tokens"],
            hint: "Write max_completion_tokens in place of max_tokens in `parameters`."),
        Rule(
            .fatal, statuses: [400], codes: ["unsupported_value"], params: ["temperature"],
            hint: "Leave temperature out of `parameters`; this model takes only its default."),
    ]

    /// Ollama, which downloads nothing and pulls no model by itself.
    static let ollamaRules = [
        Rule(
            .fatal, messageContains: ["image URLs are not currently supported"], label: "remote_url",
            hint: Hint.inline),
        Rule(
            .fatal, statuses: [404], messageContains: ["try pulling it"], label: "model_not_found",
            hint: "Fetch the model first with `ollama pull`, and give its full name with the tag."),
    ]

    /// vLLM, and SGLang which answers like an older one.
    static let vLLMRules = [
        Rule(.fatal, statuses: [404], codes: ["NotFoundError"], label: "model_not_found", hint: Hint.model)
    ]

    /// LM Studio, which takes JPEG and PNG as base64 and nothing else.
    static let lmStudioRules = [
        Rule(
            .refused, messageContains: ["must be a base64 encoded image"], label: "unreadable_by_provider",
            hint: "LM Studio takes local JPEG and PNG files, no other format and no URL.")
    ]

    /// OpenRouter, whose 402 can also mean that requests under way reserve the credit.
    ///
    /// <https://openrouter.ai/docs/api-reference/errors>
    static let openRouterRules = [
        Rule(
            .rateLimited, statuses: [402], codes: ["openrouter_in_flight_budget"], label: "in_flight_budget",
            hint: "Requests under way already reserve the account's credit.")
    ]
}
