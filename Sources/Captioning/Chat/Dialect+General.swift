extension Dialect {
    /// What a status means when no rule knows the reply.
    ///
    /// `status` is nil when an error came under a status of success and named none; that may pass.
    static func generalRule(status: Int?, error: ErrorBody) -> Rule {
        guard let status else { return Rule(.transient) }
        switch status {
        case 300...399:
            return Rule(.fatal, hint: "The server sends requests elsewhere; correct base_url.")
        case 401:
            return Rule(.unauthorized, hint: "Check the key in the environment variable that the job names.")
        case 402:
            return Rule(.fatal, hint: "The account has no credit; add some, then run again.")
        case 403:
            return Rule(.fatal, hint: "The key may not use this model or this service.")
        case 404:
            let knowsPath = error.message != nil && error.message != "Not Found"
            return Rule(
                .fatal,
                hint: knowsPath
                    ? "Check the model's name and that the key may use it."
                    : "Nothing answers at this address; base_url ends where /chat/completions begins, often in /v1."
            )
        case 405, 410, 501:
            return Rule(.fatal, hint: "This address does not take chat completions; correct base_url.")
        case 407, 422:
            return Rule(.fatal, hint: status == 407 ? "The proxy wants a login." : Hint.parameters)
        case 413:
            return Rule(.refused, hint: Hint.size)
        case 408, 409, 425:
            return Rule(.transient)
        case 429, 529:
            return Rule(.rateLimited)
        case 502, 503, 504, 521...524, 530:
            return Rule(.unavailable)
        case 400...499:
            return Rule(.refused)
        default:
            return Rule(.transient)
        }
    }

    /// Advice that more than one rule gives.
    enum Hint {
        static let size = "Make the image smaller; with base64, keep the file under 7 MB."
        static let parameters = "Correct `parameters` in the job; every item would fail the same way."
        static let model = "Check the model's name and that the key may use it."
        static let vision = "This model takes no images; choose a vision model."
        static let streaming =
            "This model answers only as a stream and this program asks for whole answers; choose qwen3-vl-plus or turn "
            + "thinking off."
        static let key = "Check the key in the environment variable that the job names."
        static let money = "The account cannot pay for this; settle it with the provider, then run again."
        static let growth = "The rate grew too quickly; it must rise more slowly."
        static let download = "The server could not download the image in time; a local file avoids that."
        static let inline = "This server downloads nothing; name local files in place of URLs."
    }
}
