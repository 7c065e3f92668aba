import Captioning
import Crypto
import Foundation
import Hummingbird
import NIOCore

/// Answers requests for completions: counts, checks, limits, faults, and only then a caption.
struct Completions: Sendable {
    /// One request on its way.
    struct Call: Sendable {
        let id: String
        let digest: Data
        let arrival: Books.Arrival
        let channel: any Channel
        /// Headers that its reply carries, whatever the reply is.
        var headers: [(String, String)]
    }

    let options: SimulatorOptions
    let books: Books

    /// The models that the simulator knows.
    func models(_ request: Request, _ context: ConnectionContext, _ id: String) async throws -> Response {
        if let time = books.time, downtime.covers(time) { return try await cut(context.channel) }
        guard isAuthorized(request) else {
            let error = SimulatedError.wrongKey
            return Simulator.reply(error.status, error.body(requestID: id), headers: [("x-request-id", id)])
        }
        let models = ["qwen3-vl-plus", "qwen3-vl-flash", "simulated"].map { model in
            JSONValue.object(["id": .string(model), "object": .string("model"), "owned_by": .string("simulator")])
        }
        return Simulator.reply(
            200, JSONValue.object(["object": .string("list"), "data": .array(models)]).canonicalData,
            headers: [("x-request-id", id)])
    }

    /// One request.
    func answer(_ request: Request, _ context: ConnectionContext, _ id: String) async throws -> Response {
        let (body, digest) = try await read(request.body)
        let arrival = books.arrive(digest)
        defer { books.leave() }
        var call = Call(
            id: id, digest: digest, arrival: arrival, channel: context.channel, headers: [("x-request-id", id)])
        guard !downtime.covers(arrival.time) else { return try await cutByOutage(call) }
        guard isAuthorized(request) else { return refuse(.wrongKey, call) }
        guard let body else { return refuse(.tooLarge, call) }
        guard isJSON(request) else { return refuse(.invalidParameter("Content-Type must be application/json."), call) }
        let answer: SimulatedAnswer
        do throws(SimulatedError) {
            answer = SimulatedAnswer(to: try ChatRequest(body: body))
        } catch {
            return refuse(error, call)
        }
        let (refusal, headers) = books.admit(
            cost: answer.promptTokens + answer.completionTokens,
            isUnlucky: Draw(seed: options.seed).isAmong(
                options.refusedShare, digest, occurrence: arrival.occurrence, purpose: "refusal"),
            at: arrival.time)
        if options.sendsRateLimitHeaders { call.headers += headers }
        if let refusal { return refuse(refusal, call) }
        defer { books.finish() }
        let draw = FaultDraw(faults: options.faults, seed: options.seed, poison: options.poison)
        guard let fault = draw.fault(for: digest, occurrence: arrival.occurrence) else {
            guard try await work(for: latency(of: call), on: call) else { return try await cutByOutage(call) }
            return reply(with: answer, call)
        }
        books.note { $0.note(fault) }
        return try await fail(with: fault, answer, call)
    }

    /// A body and its hash; the body is nil when it is too large.
    ///
    /// Such a body is read to its end, because a client that is still sending sees no answer.
    private func read(_ parts: RequestBody) async throws -> (body: Data?, digest: Data) {
        var hash = SHA256()
        var body: Data? = Data()
        for try await part in parts {
            part.withUnsafeReadableBytes { bytes in
                hash.update(bufferPointer: bytes)
                body?.append(contentsOf: bytes)
            }
            if let count = body?.count, count > options.maxBodyBytes { body = nil }
        }
        return (body, Data(hash.finalize()))
    }

    var downtime: Downtime {
        Downtime(outages: options.outages, diesAt: options.diesAt)
    }

    /// How long the work on a request takes.
    func latency(of call: Call) -> Duration {
        Draw(seed: options.seed).latency(
            from: options.latency, to: options.longestLatency ?? options.latency, for: call.digest,
            occurrence: call.arrival.occurrence)
    }

    /// Works on a request, after those before it; false when an outage began meanwhile.
    func work(for length: Duration, on call: Call) async throws -> Bool {
        let end = books.end(ofWork: length, arrivingAt: call.arrival.time)
        let outage = downtime.nextStart(after: call.arrival.time) ?? end
        try await Task.sleep(for: min(end, outage) - call.arrival.time)
        return outage >= end
    }

    func reply(
        with answer: SimulatedAnswer, _ call: Call, isWhole: Bool = true, headers: [(String, String)] = []
    ) -> Response {
        noteAnswer(answer, call, isWhole: isWhole)
        return Simulator.reply(
            200, answer.body(id: "chatcmpl-\(call.id)", created: created), headers: headers + call.headers)
    }

    /// Counts an answer in that goes out.
    func noteAnswer(_ answer: SimulatedAnswer, _ call: Call, isWhole: Bool = true) {
        let isGood = isWhole && answer.finishReason == "stop"
        books.note { books in
            books.note(status: 200)
            books.note(answer, for: call.digest, isWhole: isGood)
        }
        if isGood { books.note(\.answered) }
    }

    func refuse(_ error: SimulatedError, _ call: Call) -> Response {
        books.note { books in
            books.note(status: error.status)
            books.note(refusal: error)
        }
        var headers = call.headers
        if error.isThrottling {
            books.note(\.throttled)
            if error.canTellWait, let wait = options.retryAfter {
                headers.append(("retry-after", "\(Int(wait.seconds.rounded(.up)))"))
            }
        }
        return Simulator.reply(
            error.status, error.body(requestID: call.id), type: error.mediaType, headers: headers)
    }

    func cutByOutage(_ call: Call) async throws -> Response {
        books.note(\.cut)
        return try await cut(call.channel)
    }

    /// Closes the connection without a byte; the response that the caller needs goes nowhere.
    func cut(_ channel: any Channel) async throws -> Response {
        try await channel.close()
        return Response(status: .internalServerError)
    }

    private func isAuthorized(_ request: Request) -> Bool {
        request.headers[.authorization] == "Bearer \(options.apiKey)"
    }

    private func isJSON(_ request: Request) -> Bool {
        let type = request.headers[.contentType]?.prefix { $0 != ";" } ?? ""
        return type.trimmingCharacters(in: .whitespaces).lowercased() == "application/json"
    }

    var created: Int {
        Int(options.now().timeIntervalSince1970)
    }
}
