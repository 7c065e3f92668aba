/// The most tokens that an answer may have, by the request's parameters: what cuts answers that are longer.
struct OutputLimit: Hashable, Sendable {
    /// The parameters by which servers know it, the newer first.
    ///
    /// <https://platform.openai.com/docs/api-reference/chat/create>
    static let names = ["max_completion_tokens", "max_tokens"]

    /// The parameter.
    let name: String
    /// Its value.
    let tokens: Int

    /// The limit of a request with such parameters; nil leaves it to the server.
    init?(_ parameters: [String: JSONValue]) {
        let found = Self.names.lazy.compactMap { name in parameters[name]?.int.map { (name, $0) } }.first
        guard let (name, tokens) = found else { return nil }
        self.name = name
        self.tokens = tokens
    }
}
