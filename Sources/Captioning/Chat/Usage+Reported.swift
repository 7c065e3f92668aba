import Foundation

extension Usage {
    /// Reads the `usage` of a reply, whatever a server puts there.
    ///
    /// | reported | read as |
    /// |---|---|
    /// | `12`, `12.0`, `"12"` | 12 |
    /// | `null`, `-1`, `12.5`, `"many"`, absent | not reported |
    /// | `9223372036854775807`, `1e300`, over `largestCount` | not reported, and implausible |
    ///
    /// OpenAI's newer API, Anthropic's and DashScope's own say `input_tokens` and `output_tokens`; SGLang puts
    /// `reasoning_tokens` and DashScope `image_tokens` beside the totals.
    init(reported usage: JSONValue?) {
        self.init()
        let input = [usage?["prompt_tokens_details"], usage?["input_tokens_details"]]
        let output = [usage?["completion_tokens_details"], usage?["output_tokens_details"]]
        promptTokens = count(usage?["prompt_tokens"], usage?["input_tokens"])
        completionTokens = count(usage?["completion_tokens"], usage?["output_tokens"])
        totalTokens = count(usage?["total_tokens"])
        imageTokens = count(input[0]?["image_tokens"], input[1]?["image_tokens"], usage?["image_tokens"])
        cachedTokens = count(
            input[0]?["cached_tokens"], input[1]?["cached_tokens"], usage?["cache_read_input_tokens"])
        reasoningTokens = count(
            output[0]?["reasoning_tokens"], output[1]?["reasoning_tokens"], usage?["reasoning_tokens"])
    }

    /// The first of the values that is a count.
    private mutating func count(_ values: JSONValue?...) -> Int? {
        for value in values {
            let number: Double? =
                switch value {
                case .int(let number): Double(number)
                case .double(let number): number
                case .string(let text): HeaderText.decimal(text)
                default: nil
                }
            // Some servers say -1 for what they do not know.
            guard let number, number >= 0 else { continue }
            guard number <= Double(Self.largestCount) else {
                isImplausible = true
                continue
            }
            if let count = Int(exactly: number) { return count }
        }
        return nil
    }
}
