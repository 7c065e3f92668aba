import CaptioningTesting
import DequeModule
import Foundation
import Synchronization

@testable import Captioning

/// A provider in virtual time, reached over a network with delays: limits, latencies, faults, outages and skewed clocks.
final class ModelProvider: Transport {
    /// What the provider is like.
    struct Traits {
        /// Requests in any 60 seconds; nil means any number.
        var requestsPerMinute: Int?
        /// Input and output tokens in any 60 seconds.
        var tokensPerMinute: Int?
        /// Requests at work at one time; more are refused.
        var mostAtWork: Int?
        var latency = 0.05...0.5
        /// The chance of each fault.
        var faults: [Fault: Double] = [:]
        /// Times, in seconds, in which no request gets through.
        var outages: [ClosedRange<Double>] = []
        /// Times in which everything is refused.
        var bursts: [ClosedRange<Double>] = []
        /// Pieces of bodies that are always answered with the same error.
        var poison: [String] = []
        /// Whether refusals say how long to wait, and by how many seconds the server's clock is wrong.
        var retryAfterSkew: Double?
        /// Whether replies carry `x-ratelimit-*`.
        var hasHeaders = false
    }

    enum Fault: CaseIterable {
        case error500, unavailable503, reset, unreachable, timeout, brokenReply, garbage, empty
    }

    /// What the provider saw.
    struct Books {
        var requests = 0
        var answers: [Data: Int] = [:]
        var refusedByLimit = 0
        var atWork = 0
        var mostAtWork = 0
        /// When replies were handed over, to tell what a crash may have lost.
        var open = 0
        fileprivate var taken: Deque<(time: Double, tokens: Int)> = []
        fileprivate var generator: SplitMix64
    }

    /// Near what the estimate says for the scene's small images.
    static let promptTokens = 20
    static let completionTokens = 40

    private let clock: FakeClock
    private let start: Date
    private let traits: Traits
    private let state: Mutex<Books>

    init(_ traits: Traits, clock: FakeClock, start: Date, seed: UInt64) {
        self.traits = traits
        self.clock = clock
        self.start = start
        state = Mutex(Books(generator: SplitMix64(seed: seed)))
    }

    var books: Books { state.withLock { $0 } }

    func send(
        _ body: RequestBody, onUploaded: @escaping @Sendable () -> Void
    ) async throws(TransportError) -> HTTPReply {
        let data = body.wireBytes
        onUploaded()
        if isIn(traits.outages) {
            try await sleep(draw(0.001...0.05))
            throw .unreachable("no route")
        }
        let fault = drawFault()
        if fault == .unreachable { throw .unreachable("refused") }
        try await sleep(draw(0.001...0.1))
        if isIn(traits.outages) {
            state.withLock { $0.requests += 1 }
            throw .connectionLost("gone")
        }
        state.withLock { $0.open += 1 }
        defer { state.withLock { $0.open -= 1 } }
        guard admit() else {
            try await sleep(0.005)
            return refusal()
        }
        defer { state.withLock { $0.atWork -= 1 } }
        if let poison = traits.poison.first(where: { data.contains($0.utf8) }) {
            try await sleep(draw(traits.latency))
            return ScriptedTransport.refusal(500, code: "internal_error", message: "cannot work on \(poison)")
        }
        try await sleep(draw(traits.latency))
        switch fault {
        case nil, .unreachable: break
        case .error500: return ScriptedTransport.refusal(500, code: "internal_error")
        case .unavailable503: return ScriptedTransport.refusal(503, code: "unavailable")
        case .reset: throw .connectionLost("reset")
        case .timeout:
            try await sleep(20)
            throw .timedOut(after: .seconds(20))
        case .brokenReply: throw .brokenReply("half")
        case .garbage: return HTTPReply(status: 200, body: Data("{\"choi".utf8))
        case .empty: return HTTPReply(status: 200, body: Data("{\"choices\":[]}".utf8))
        }
        state.withLock { $0.answers[data, default: 0] += 1 }
        return answer()
    }

    private func answer() -> HTTPReply {
        let json = JSONValue.object([
            "choices": .array([
                .object(["message": .object(["content": .string("a caption")]), "finish_reason": .string("stop")])
            ]),
            "usage": .object([
                "prompt_tokens": .int(Self.promptTokens), "completion_tokens": .int(Self.completionTokens),
                "total_tokens": .int(Self.promptTokens + Self.completionTokens),
            ]),
        ])
        return HTTPReply(status: 200, headers: headers(), body: json.canonicalData)
    }

    private func refusal() -> HTTPReply {
        var headers = headers()
        if let skew = traits.retryAfterSkew {
            let date = start.addingTimeInterval(time + 2 + skew)
            let seconds = Int(date.timeIntervalSince1970)
            // As a number half of the time, as a date of a clock that is wrong otherwise.
            headers.append(("retry-after", seconds % 2 == 0 ? "2" : Self.httpDate(seconds)))
            headers.append(("date", Self.httpDate(seconds - 2)))
        }
        return ScriptedTransport.refusal(429, code: "limit_requests", headers: headers)
    }

    private func headers() -> [(name: String, value: String)] {
        guard traits.hasHeaders, let limit = traits.requestsPerMinute else { return [] }
        let (count, reset) = state.withLock { books in
            (books.taken.count, books.taken.first.map { max($0.time + 60 - time, 0.001) } ?? 0.001)
        }
        return [
            ("x-ratelimit-limit-requests", "\(limit)"), ("x-ratelimit-remaining-requests", "\(max(limit - count, 0))"),
            ("x-ratelimit-reset-requests", "\(Int(reset * 1000))ms"),
        ]
    }

    /// Whether the limits let one more request in; counts it if so.
    private func admit() -> Bool {
        let now = time
        let isBurst = isIn(traits.bursts)
        return state.withLock { books in
            books.requests += 1
            while let first = books.taken.first, first.time <= now - 60 { books.taken.removeFirst() }
            let cost = Self.promptTokens + Self.completionTokens
            let tokens = books.taken.reduce(0) { $0 + $1.tokens }
            let isOverLimit =
                books.taken.count >= traits.requestsPerMinute ?? .max
                || tokens + cost > traits.tokensPerMinute ?? .max
                || books.atWork >= traits.mostAtWork ?? .max
            if isOverLimit { books.refusedByLimit += 1 }
            guard !isOverLimit, !isBurst else { return false }
            books.taken.append((now, cost))
            books.atWork += 1
            books.mostAtWork = max(books.mostAtWork, books.atWork)
            return true
        }
    }

    private var time: Double { clock.now.offset.seconds }

    private func isIn(_ ranges: [ClosedRange<Double>]) -> Bool {
        let time = time
        return ranges.contains { $0.contains(time) }
    }

    private func draw(_ range: ClosedRange<Double>) -> Double {
        state.withLock { Double.random(in: range, using: &$0.generator) }
    }

    private func drawFault() -> Fault? {
        var share = draw(0...1)
        for fault in Fault.allCases {
            let chance = traits.faults[fault] ?? 0
            if share < chance { return fault }
            share -= chance
        }
        return nil
    }

    private func sleep(_ seconds: Double) async throws(TransportError) {
        do {
            try await clock.sleep(
                until: clock.now.advanced(by: .nanoseconds(Int64(seconds * 1e9))), tolerance: nil)
        } catch {
            throw .cancelled
        }
    }

    private static func httpDate(_ seconds: Int) -> String {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(identifier: "GMT")
        formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
        return formatter.string(from: Date(timeIntervalSince1970: Double(seconds)))
    }
}
