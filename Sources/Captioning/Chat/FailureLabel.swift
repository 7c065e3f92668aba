/// Makes the short stable word of a failure.
enum FailureLabel {
    /// The provider's own code, or its type when the code is a number; nil when there is no word that could be a label.
    static func label(of error: ErrorBody) -> String? {
        [error.code, error.type].lazy.compactMap { $0.flatMap(normalised) }.first
    }

    /// The word for a status that came without one.
    ///
    /// `status` is nil when an error came under a status of success and named none.
    static func label(ofStatus status: Int?) -> String {
        switch status {
        case 401: "unauthorized"
        case 413: "too_large"
        case 429: "rate_limited"
        case let status?: "http_\(status)"
        case nil: "error_in_reply"
        }
    }

    /// A code in lower snake case: `Throttling.RateQuota` and `limit_requests` give `throttling.rate_quota` and
    /// `limit_requests`; `InvalidURL.Timeout` gives `invalid_url.timeout`.
    ///
    /// Nil for numbers, and for what is too long to be a code.
    static func normalised(_ code: String) -> String? {
        guard code.count <= 64 else { return nil }
        let characters = Array(code)
        var label = ""
        for (index, character) in characters.enumerated() {
            guard character.isASCII, character.isLetter || character.isNumber || character == "." else {
                if !label.hasSuffix("_") { label.append("_") }
                continue
            }
            if character.isUppercase, index > 0 {
                let previous = characters[index - 1]
                let startsWord = index + 1 < characters.count && characters[index + 1].isLowercase
                if previous.isLowercase || previous.isNumber || (previous.isUppercase && startsWord) {
                    label.append("_")
                }
            }
            label.append(contentsOf: character.lowercased())
        }
        label = String(label.trimmingPrefix { $0 == "_" || $0 == "." })
        while label.hasSuffix("_") || label.hasSuffix(".") { label.removeLast() }
        return label.contains { $0.isLetter } ? label : nil
    }
}
