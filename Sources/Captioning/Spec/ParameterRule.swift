/// What the program knows about a request parameter: the type and range that every provider refuses outside of.
///
/// Ranges are those of the vendor's chat reference (docs.qwencloud.com/api-reference/chat/openai-chat), widened where
/// another provider takes more. Parameters that are not listed pass through unchecked.
struct ParameterRule: Sendable {
    enum Shape: Sendable {
        case number(ClosedRange<Double>)
        case positiveNumber(upTo: Double)
        case whole(ClosedRange<Int>)
        case flag
        case object
        case textOrTexts
        /// The program sets this itself.
        case reserved
        /// Only this one value makes sense here.
        case only(JSONValue)
    }

    let shape: Shape
    let hint: String?

    init(_ shape: Shape, hint: String? = nil) {
        self.shape = shape
        self.hint = hint
    }

    static let rules: [String: ParameterRule] = [
        "temperature": ParameterRule(.number(0...2)),
        "top_p": ParameterRule(.positiveNumber(upTo: 1)),
        "top_k": ParameterRule(.whole(0...1_000_000_000)),
        "presence_penalty": ParameterRule(.number(-2...2)),
        "frequency_penalty": ParameterRule(.number(-2...2)),
        "repetition_penalty": ParameterRule(.positiveNumber(upTo: .greatestFiniteMagnitude)),
        "max_tokens": ParameterRule(.whole(1...1_000_000_000)),
        "max_completion_tokens": ParameterRule(.whole(1...1_000_000_000)),
        "thinking_budget": ParameterRule(.whole(1...1_000_000_000)),
        "seed": ParameterRule(.whole(0...Int(Int32.max))),
        "stop": ParameterRule(.textOrTexts),
        "logprobs": ParameterRule(.flag),
        "top_logprobs": ParameterRule(.whole(0...20)),
        "enable_thinking": ParameterRule(.flag),
        "vl_high_resolution_images": ParameterRule(.flag),
        "response_format": ParameterRule(.object),
        "n": ParameterRule(.only(.int(1)), hint: "further answers would be paid for and dropped; use several prompts"),
        "stream": ParameterRule(.only(.bool(false)), hint: "requests are never streamed; leave it out"),
        "stream_options": ParameterRule(.reserved, hint: "requests are never streamed; leave it out"),
        "model": ParameterRule(.reserved, hint: "set endpoint.model"),
        "messages": ParameterRule(.reserved, hint: "they are made from system, prompts and images"),
        "extra_body": ParameterRule(.reserved, hint: "write its keys straight under parameters"),
    ]

    /// What is wrong with a value; nil when it is fine.
    func complaint(about value: JSONValue) -> String? {
        switch shape {
        case .number(let range):
            guard let number = value.number else { return "expected a number" }
            return range.contains(number) ? nil : "must be from \(range.lowerBound) to \(range.upperBound)"
        case .positiveNumber(let most):
            guard let number = value.number else { return "expected a number" }
            if number > 0, number <= most { return nil }
            return most == 1 ? "must be above 0 and at most 1" : "must be above 0"
        case .whole(let range):
            guard let number = value.int else { return "expected a whole number" }
            if range.contains(number) { return nil }
            return "must be from \(range.lowerBound) to \(range.upperBound)"
        case .flag:
            if case .bool = value { return nil }
            return "expected true or false"
        case .object:
            if case .object = value { return nil }
            return "expected a mapping"
        case .textOrTexts:
            switch value {
            case .string: return nil
            case .array(let elements) where elements.allSatisfy({ $0.string != nil }): return nil
            default: return "expected text or a list of texts"
            }
        case .only(let allowed):
            return value == allowed ? nil : "can only be \(String(decoding: allowed.canonicalData, as: UTF8.self))"
        case .reserved:
            return "is set by the program"
        }
    }
}
