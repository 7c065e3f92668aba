import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore

/// A provider that costs nothing: an OpenAI-compatible server on loopback, as strict as DashScope.
///
/// `POST /v1/chat/completions`, `GET /v1/models`, and for what it saw `GET /ledger` (in all) and `GET /timeline` (in each
/// second), which no outage reaches.
public struct Simulator: Sendable {
    private let options: SimulatorOptions
    private let books: Books

    /// A simulator that is not running yet.
    public init(options: SimulatorOptions) {
        self.init(options: options, books: Books(options: options))
    }

    init(options: SimulatorOptions, books: Books) {
        self.options = options
        self.books = books
    }

    /// Serves until the task is cancelled or graceful shutdown begins.
    ///
    /// - Parameter onReady: Called once with the port.
    /// - Throws: When the port cannot be bound.
    public func run(onReady: @escaping @Sendable (Int) async -> Void) async throws {
        let quiet = Logger(label: "simulator") { _ in SwiftLogNoOpLogHandler() }
        let application = Application(
            responder: makeResponder(),
            configuration: .init(address: .hostname("127.0.0.1", port: options.port)),
            onServerRunning: { channel in await onReady(channel.localAddress?.port ?? 0) },
            logger: quiet)
        try await application.run()
    }

    private func makeResponder() -> CallbackResponder<ConnectionContext> {
        let completions = Completions(options: options, books: books)
        return CallbackResponder { request, context in
            let id = books.nextID()
            switch (request.method, request.uri.path) {
            case (.post, "/v1/chat/completions"): return try await completions.answer(request, context, id)
            case (.get, "/v1/models"): return try await completions.models(request, context, id)
            case (.get, "/ledger"):
                let encoder = JSONEncoder()
                encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
                return Self.reply(200, try encoder.encode(books.ledger), headers: [("x-request-id", id)])
            case (.get, "/timeline"):
                return Self.reply(200, try JSONEncoder().encode(books.timeline), headers: [("x-request-id", id)])
            default:
                let error = SimulatedError.notFound
                return Self.reply(error.status, error.body(requestID: id), headers: [("x-request-id", id)])
            }
        }
    }

    static func reply(
        _ status: Int, _ body: Data, type: String = "application/json", headers: [(String, String)] = []
    ) -> Response {
        Response(
            status: .init(code: status), headers: fields(headers, type: type),
            body: .init(byteBuffer: ByteBuffer(bytes: body)))
    }

    static func fields(_ headers: [(String, String)], type: String = "application/json") -> HTTPFields {
        var fields: HTTPFields = [.contentType: type]
        for (name, value) in headers {
            if let name = HTTPField.Name(name) { fields[name] = value }
        }
        return fields
    }
}

/// A request's context that keeps its connection, so that a fault can cut it.
struct ConnectionContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        channel = source.channel
        // A client that closed its side is gone; a request that hangs must see that.
        _ = channel.setOption(.allowRemoteHalfClosure, value: false)
    }
}
