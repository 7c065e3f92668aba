/// A way in which the simulated provider can fail a request.
public enum Fault: String, Hashable, Sendable, CaseIterable {
    /// 429 in DashScope's words.
    case rateLimited = "429"
    /// 500 in DashScope's words.
    case serverError = "500"
    /// 503 in DashScope's words.
    case unavailable = "503"
    /// No answer at all for `SimulatorOptions.hold`, then the connection closes.
    case timeout
    /// The connection closes without a byte of reply.
    case reset
    /// A reply that breaks off half-way.
    case truncated
    /// 502 with an HTML page, as gateways send it.
    case html
    /// 200 with bytes that are no JSON.
    case garbage
    /// 200 without choices.
    case empty
    /// A good answer after ten times the latency, and at least 200 ms more.
    case slow
    /// 200 with `finish_reason: content_filter` and no text.
    case filter
    /// 200 with half the caption and `x-dashscope-partialresponse: true`.
    case partial
    /// No answer at all until the client or the server goes away.
    case hang
    /// The head of a good answer and 20 bytes of its body at once, then one byte every `SimulatorOptions.trickle` for
    /// ever; after the last byte, spaces.
    case trickle
    /// A good, whole answer that comes one byte every `SimulatorOptions.trickle`.
    case drip
    /// A good, whole answer whose token counts cannot be: 2^63-1, 2^62, 1e300, -1, text; which, the request decides.
    case usage
    /// A status of 000, which is none.
    case zeroStatus = "000"
    /// Replies of status 100 without end, and no other.
    case interim
    /// A head of a million fields.
    case headers
    /// A good, whole answer with a second one behind it that nobody asked for.
    case twice
    /// A good, whole answer with what a terminal obeys in its caption, ids, model and headers.
    case controls
    /// 400 with what a terminal obeys in its message, code and ids.
    case controlsError = "controls-error"
    /// A good, whole answer that repeats the client's key, as it is and escaped, in its caption, ids, model and headers.
    case echo
    /// 400 that repeats the client's key in its message, code, ids and headers.
    case echoError = "echo-error"

    /// Why a fault's text cannot be read.
    public struct ParseError: Error, Hashable, Sendable, CustomStringConvertible {
        /// What is wrong and what is known.
        public let description: String
    }

    /// Reads `KIND=PROBABILITY` texts.
    ///
    /// - Throws: `ParseError` for an unknown kind, for a probability outside 0 to 1, and when they add up to over 1.
    public static func parse(_ texts: [String]) throws(ParseError) -> [Fault: Double] {
        var faults: [Fault: Double] = [:]
        for text in texts {
            let parts = text.split(separator: "=", omittingEmptySubsequences: false)
            guard parts.count == 2, let fault = Fault(rawValue: String(parts[0])) else {
                let known = allCases.map(\.rawValue).joined(separator: ", ")
                throw ParseError(description: "'\(text)' is no KIND=PROBABILITY; known kinds: \(known)")
            }
            guard let probability = Double(parts[1]), (0...1).contains(probability) else {
                throw ParseError(description: "'\(text)': the probability must be from 0 to 1")
            }
            faults[fault, default: 0] += probability
        }
        guard faults.values.reduce(0, +) <= 1 + 1e-9 else {
            throw ParseError(description: "the probabilities add up to more than 1")
        }
        return faults
    }
}
