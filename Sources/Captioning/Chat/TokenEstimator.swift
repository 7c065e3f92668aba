struct TokenEstimator: Sendable {
    init(model: String, provider: Provider, parameters: [String: JSONValue]) {}
    func promptTokens(text: String, system: String?, images: [(width: Int, height: Int)?]) -> Int { 1000 }
    var completionTokens: Int { 256 }
}
