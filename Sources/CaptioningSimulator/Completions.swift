import Captioning
import Crypto
import Foundation
import Hummingbird
import NIOCore
import NIOFoundationCompat

/// Answers requests for completions: counts, checks, limits, faults, and only then a caption.
struct Completions: Sendable {
    private static let largestBody = 64 << 20

    let options: SimulatorOptions
    let books: Books

    /// The models that the simulator knows.
    func models(_ request: Request) -> Response {
        guard isAuthorized(request) else {
            return Simulator.reply(401, SimulatedError.wrongKey.body(requestID: books.nextID(seed: options.seed)))
        }
        let models = ["qwen3-vl-plus", "qwen3-vl-flash", "simulated"].map { id in
            JSONValue.object(["id": .string(id), "object": .string("model"), "owned_by": .string("simulator")])
        }
        return Simulator.reply(
            200, JSONValue.object(["object": .string("list"), "data": .array(models)]).canonicalData)
    }

    /// One request.
    func answer(_ request: Request, _ context: ConnectionContext) async throws -> Response {
        let id = books.nextID(seed: options.seed)
        let body: Data
        do {
            body = Data(buffer: try await request.body.collect(upTo: Self.largestBody))
        } catch is NIOTooManyBytesError {
            return refuse(.tooLarge, id)
        }
        let digest = Data(SHA256.hash(data: body))
        let occurrence = books.note { $0.arrive(digest) }
        defer { books.note { $0.leave() } }
        guard isAuthorized(request) else { return refuse(.wrongKey, id) }
        guard request.headers[.contentType]?.hasPrefix("application/json") == true else {
            return refuse(.invalidParameter("Content-Type must be application/json."), id)
        }
        let answer: SimulatedAnswer
        do throws(SimulatedError) {
            answer = SimulatedAnswer(to: try ChatRequest(body: body))
        } catch {
            return refuse(error, id)
        }
        guard books.isWithinLimit() else { return refuse(.rateLimited, id) }
        let draw = FaultDraw(faults: options.faults, seed: options.seed)
        guard let fault = draw.fault(for: digest, occurrence: occurrence) else {
            try await Task.sleep(for: options.latency)
            return reply(with: answer, digest, id)
        }
        books.note { $0.note(fault) }
        return try await fail(with: fault, answer, digest, id, context.channel)
    }

    private func fail(
        with fault: Fault, _ answer: SimulatedAnswer, _ digest: Data, _ id: String, _ channel: any Channel
    ) async throws -> Response {
        switch fault {
        case .rateLimited: return refuse(.rateLimited, id)
        case .serverError: return refuse(.serverError, id)
        case .unavailable: return refuse(.unavailable, id)
        case .timeout:
            try await Task.sleep(for: options.hold)
            try await channel.close()
            return Response(status: .internalServerError)
        case .reset:
            try await channel.close()
            return Response(status: .internalServerError)
        case .truncated:
            books.note { $0.note(status: 200) }
            let whole = answer.body(id: "chatcmpl-\(id)", created: created)
            let half = ByteBuffer(bytes: whole.prefix(whole.count / 2))
            return Response(
                status: .ok, headers: [.contentType: "application/json"],
                body: ResponseBody(contentLength: whole.count) { writer in
                    try await writer.write(half)
                    try await channel.close()
                })
        case .html:
            books.note { $0.note(status: 502) }
            let page = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
            return Simulator.reply(502, Data(page.utf8), type: "text/html")
        case .garbage:
            books.note { $0.note(status: 200) }
            return Simulator.reply(200, Data("{\"choices\":[{\"mess\u{0}".utf8))
        case .empty:
            books.note { $0.note(status: 200) }
            let empty = JSONValue.object(["id": .string("chatcmpl-\(id)"), "choices": .array([])])
            return Simulator.reply(200, empty.canonicalData, headers: [("x-request-id", id)])
        case .slow:
            try await Task.sleep(for: options.latency * 10 + .milliseconds(200))
            return reply(with: answer, digest, id)
        case .filter:
            return reply(with: answer.filtered, digest, id, isWhole: false)
        case .partial:
            return reply(
                with: answer.half, digest, id, isWhole: false, headers: [("x-dashscope-partialresponse", "true")])
        }
    }

    private func reply(
        with answer: SimulatedAnswer, _ digest: Data, _ id: String, isWhole: Bool = true,
        headers: [(String, String)] = []
    ) -> Response {
        books.note { books in
            books.note(status: 200)
            books.note(answer, for: digest, isWhole: isWhole && answer.finishReason == "stop")
        }
        return Simulator.reply(
            200, answer.body(id: "chatcmpl-\(id)", created: created), headers: headers + [("x-request-id", id)])
    }

    private func refuse(_ error: SimulatedError, _ id: String) -> Response {
        books.note { books in
            books.note(status: error.status)
            books.note(refusal: error)
        }
        return Simulator.reply(error.status, error.body(requestID: id), headers: [("x-request-id", id)])
    }

    private func isAuthorized(_ request: Request) -> Bool {
        request.headers[.authorization] == "Bearer \(options.apiKey)"
    }

    private var created: Int {
        Int(Date().timeIntervalSince1970)
    }
}
