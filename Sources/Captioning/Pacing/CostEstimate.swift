/// What a request will cost in model tokens: the estimate of its input, corrected by what such estimates came to, and the
/// mean of the answers so far with a margin for longer ones.
struct CostEstimate: Sendable {
    private var completion: Double
    private var deviation: Double
    private var inputRatio = 1.0
    private var samples = 0.0

    /// - Parameter firstCompletion: Output tokens that are assumed until there has been an answer.
    init(firstCompletion: Int) {
        completion = Double(firstCompletion)
        deviation = 0
    }

    /// Input and output of a typical request so far; 0 when there has been none.
    private(set) var typicalTokens = 0.0

    /// Tokens of a request with so many of input, by the estimate.
    func tokens(_ promptTokens: Int) -> Double {
        Double(promptTokens) * inputRatio + completion + deviation
    }

    /// Learns from a reply's usage.
    ///
    /// - `estimate`: What the input had been estimated at.
    ///
    /// Returns what the request came to; nil when the reply did not say.
    mutating func learn(from usage: Usage?, estimate: Int) -> Double? {
        guard let usage, let prompt = usage.promptTokens else { return nil }
        // As numbers that cannot overflow: the counts are another machine's.
        let input = Double(prompt)
        let output = usage.completionTokens.map(Double.init) ?? usage.totalTokens.map { max(Double($0) - input, 0) }
        samples += 1
        // A plain mean at first, then one that forgets after some fifty answers.
        let weight = max(1 / samples, 0.02)
        if estimate > 0 { inputRatio += (min(max(input / Double(estimate), 0.02), 50) - inputRatio) * weight }
        if let output {
            completion += (output - completion) * weight
            deviation += (abs(output - completion) * 2 - deviation) * weight
        }
        let total = input + (output ?? 0)
        typicalTokens += (total - typicalTokens) * weight
        return total
    }
}
