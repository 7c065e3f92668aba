import Crypto
import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Synchronization

/// A provider that costs nothing: an OpenAI-compatible server on loopback, as strict as DashScope.
///
/// `POST /v1/chat/completions`, `GET /v1/models`, and `GET /ledger` for what it saw.
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
            case (.get, "/v1/models"): return completions.models(request, id)
            case (.get, "/ledger"):
                let encoder = JSONEncoder()
                encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
                return Self.reply(200, try encoder.encode(books.ledger), headers: [("x-request-id", id)])
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
    }
}

/// What all requests share: the ledger, the window of the rate limit, and a counter for ids.
final class Books: Sendable {
    private struct State {
        var ledger = LedgerState()
        var window: RequestWindow?
        var lastID = 0
    }

    private let state: Mutex<State>
    private let instant: @Sendable () -> ContinuousClock.Instant
    private let start: ContinuousClock.Instant
    private let seed: UInt64

    init(options: SimulatorOptions) {
        state = Mutex(State(window: options.requestsPerMinute.map(RequestWindow.init(limit:))))
        instant = options.instant
        start = options.instant()
        seed = options.seed
    }

    var ledger: SimulatorLedger {
        state.withLock { $0.ledger.ledger }
    }

    /// Changes the ledger.
    func note<Result: Sendable>(_ body: (inout LedgerState) -> Result) -> Result {
        state.withLock { body(&$0.ledger) }
    }

    /// Whether the rate limit lets one more request in.
    func isWithinLimit() -> Bool {
        let time = start.duration(to: instant())
        return state.withLock { $0.window?.accepts(at: time) ?? true }
    }

    /// A new id in the shape of the vendor's.
    func nextID() -> String {
        let number = state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
        let hash = SHA256.hash(data: Data("\(seed)/\(number)".utf8)).prefix(16).map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }
        let groups = [hash[0..<4], hash[4..<6], hash[6..<8], hash[8..<10], hash[10..<16]]
        return groups.map { $0.joined() }.joined(separator: "-")
    }
}
