import Captioning
import Crypto
import Foundation
import Hummingbird
import NIOCore
import ServiceLifecycle

/// Answers requests for completions: counts, checks, limits, faults, and only then a caption.
struct Completions: Sendable {
    let options: SimulatorOptions
    let books: Books

    /// The models that the simulator knows.
    func models(_ request: Request, _ id: String) -> Response {
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
        let occurrence = books.note { $0.arrive(digest) }
        defer { books.note { $0.leave() } }
        guard isAuthorized(request) else { return refuse(.wrongKey, id) }
        guard let body else { return refuse(.tooLarge, id) }
        guard isJSON(request) else { return refuse(.invalidParameter("Content-Type must be application/json."), id) }
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

    private func fail(
        with fault: Fault, _ answer: SimulatedAnswer, _ digest: Data, _ id: String, _ channel: any Channel
    ) async throws -> Response {
        switch fault {
        case .rateLimited: return refuse(.rateLimited, id)
        case .serverError: return refuse(.serverError, id)
        case .unavailable: return refuse(.unavailable, id)
        case .timeout:
            try? await cancelWhenGracefulShutdown { try await Task.sleep(for: options.hold) }
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
                status: .ok, headers: Simulator.fields([("x-request-id", id)]),
                body: ResponseBody(contentLength: whole.count) { writer in
                    try await writer.write(half)
                    try await channel.close()
                })
        case .html:
            books.note { $0.note(status: 502) }
            let page = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
            return Simulator.reply(502, Data(page.utf8), type: "text/html", headers: [("x-request-id", id)])
        case .garbage:
            books.note { $0.note(status: 200) }
            let bytes = Data("{\"choices\":[{\"mess\u{0}".utf8)
            return Simulator.reply(200, bytes, headers: [("x-request-id", id)])
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

    private func isJSON(_ request: Request) -> Bool {
        let type = request.headers[.contentType]?.prefix { $0 != ";" } ?? ""
        return type.trimmingCharacters(in: .whitespaces).lowercased() == "application/json"
    }

    private var created: Int {
        Int(options.now().timeIntervalSince1970)
    }
}
