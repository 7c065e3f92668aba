import Foundation
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// A real HTTP server on loopback that answers, or misbehaves, as it is told, and remembers what it was sent.
final class StubEndpoint: Sendable {
    /// A request as it came over the wire.
    struct Request: Sendable {
        let line: String
        let headers: [(name: String, value: String)]
        let body: Data
        /// The number of the connection, from 1.
        let connection: Int

        func values(_ name: String) -> [String] {
            headers.filter { $0.name.lowercased() == name.lowercased() }.map(\.value)
        }
    }

    /// What happens after a request.
    enum Answer: Sendable {
        /// These bytes; the connection stays open.
        case send(Data)
        /// These bytes, and then the end of the connection.
        case sendAndClose(Data)
        /// These replies, as soon as so many requests wait for theirs.
        case meet(Int, Data)

        static let silence = Answer.send(Data())
        static let close = Answer.sendAndClose(Data())

        static func reply(_ status: Int = 200, headers: [String] = [], body: Data = Data("{}".utf8)) -> Answer {
            .send(StubEndpoint.reply(status, headers: headers, body: body))
        }
    }

    struct Options: Sendable {
        /// Answers a request whose body has not come yet; nil waits for the body.
        var early: @Sendable (Request) -> Answer? = { _ in nil }
        /// Ends the connection when a second request begins on it.
        var closesAtSecondRequest = false
        /// Speaks TLS with this certificate.
        var tls: NIOSSLContext?
        /// What a whole request is answered with.
        var answer: @Sendable (Request) -> Answer
    }

    private struct State {
        var requests: [Request] = []
        var channels: [any Channel] = []
        var waiting: [any Channel] = []
    }

    private let state = Mutex(State())
    private let options: Options
    private let boundPort = Mutex(0)

    private init(options: Options) {
        self.options = options
    }

    /// Where it listens on 127.0.0.1.
    var port: Int { boundPort.withLock { $0 } }
    /// The URL that `/chat/completions` is appended to.
    var baseURL: String { "\(options.tls == nil ? "http" : "https")://127.0.0.1:\(port)/v1" }
    /// The requests that arrived whole, or were answered early.
    var requests: [Request] { state.withLock { $0.requests } }
    /// How many connections were opened.
    var connections: Int { state.withLock { $0.channels.count } }

    /// A whole reply with a known length.
    static func reply(_ status: Int, headers: [String] = [], body: Data, length: Int? = nil) -> Data {
        let lines = ["HTTP/1.1 \(status) Status", "Content-Length: \(length ?? body.count)"] + headers
        return Data((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8) + body
    }

    /// Runs a server while `body` runs.
    static func run<Result: Sendable>(
        answering answer: @escaping @Sendable (Request) -> Answer, _ body: (StubEndpoint) async throws -> Result
    ) async throws -> Result {
        try await run(Options(answer: answer), body)
    }

    /// Runs a server while `body` runs.
    static func run<Result: Sendable>(
        _ options: Options, _ body: (StubEndpoint) async throws -> Result
    ) async throws -> Result {
        let stub = StubEndpoint(options: options)
        let server = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let tls = options.tls { try pipeline.addHandler(NIOSSLServerHandler(context: tls)) }
                    try pipeline.addHandler(Connection(stub: stub))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        stub.boundPort.withLock { $0 = server.localAddress?.port ?? 0 }
        let result: Swift.Result<Result, any Error>
        do {
            result = .success(try await body(stub))
        } catch {
            result = .failure(error)
        }
        try await server.close()
        for channel in stub.state.withLock({ $0.channels }) { channel.close(promise: nil) }
        return try result.get()
    }

    fileprivate func opened(_ channel: any Channel) -> Int {
        state.withLock { state in
            state.channels.append(channel)
            return state.channels.count
        }
    }

    fileprivate func isEndedBy(requestNumber: Int) -> Bool {
        options.closesAtSecondRequest && requestNumber >= 2
    }

    fileprivate func early(_ request: Request) -> Answer? {
        guard let answer = options.early(request) else { return nil }
        state.withLock { $0.requests.append(request) }
        return answer
    }

    fileprivate func answer(_ request: Request) -> Answer {
        state.withLock { $0.requests.append(request) }
        return options.answer(request)
    }

    /// Adds one that waits; the result is all of them when there are enough.
    fileprivate func meeting(_ channel: any Channel, of count: Int) -> [any Channel] {
        state.withLock { state in
            state.waiting.append(channel)
            guard state.waiting.count >= count else { return [] }
            defer { state.waiting = [] }
            return state.waiting
        }
    }
}

/// One connection: collects bytes to requests and does what the stub says.
private final class Connection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let stub: StubEndpoint
    private var received = Data()
    private var head: (line: String, headers: [(name: String, value: String)])?
    private var number = 0
    private var requestNumber = 1
    /// After an early answer, the rest is read and thrown away.
    private var isDraining = false

    init(stub: StubEndpoint) {
        self.stub = stub
    }

    func channelActive(context: ChannelHandlerContext) {
        number = stub.opened(context.channel)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isDraining else { return }
        let buffer = unwrapInboundIn(data)
        received.append(contentsOf: buffer.readableBytesView)
        if stub.isEndedBy(requestNumber: requestNumber) { return context.close(promise: nil) }
        if head == nil, let end = received.range(of: Data("\r\n\r\n".utf8)) {
            readHead(received[..<end.lowerBound])
            received = Data(received[end.upperBound...])
            if let request = request(body: Data()), let answer = stub.early(request) {
                isDraining = true
                return perform(answer, context)
            }
        }
        let length = head?.headers.first { $0.name.lowercased() == "content-length" }.flatMap { Int($0.value) } ?? 0
        guard received.count >= length, let request = request(body: Data(received.prefix(length))) else { return }
        received = Data(received.dropFirst(length))
        head = nil
        requestNumber += 1
        perform(stub.answer(request), context)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed = event { context.close(promise: nil) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    private func readHead(_ bytes: Data) {
        let lines = String(decoding: bytes, as: UTF8.self).components(separatedBy: "\r\n")
        let headers = lines.dropFirst().map { line in
            let parts = line.split(separator: ":", maxSplits: 1).map(String.init)
            return (name: parts[0], value: (parts.last ?? "").trimmingCharacters(in: .whitespaces))
        }
        head = (lines[0], headers)
    }

    private func request(body: Data) -> StubEndpoint.Request? {
        head.map { StubEndpoint.Request(line: $0.line, headers: $0.headers, body: body, connection: number) }
    }

    private func perform(_ answer: StubEndpoint.Answer, _ context: ChannelHandlerContext) {
        switch answer {
        case .send(let data):
            guard !data.isEmpty else { return }
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: data)), promise: nil)
        case .sendAndClose(let data):
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: data)), promise: nil)
            // With bytes still coming in, closing both ways would reset the connection and take the reply with it.
            context.close(mode: isDraining ? .output : .all, promise: nil)
        case .meet(let count, let data):
            for channel in stub.meeting(context.channel, of: count) {
                channel.writeAndFlush(ByteBuffer(bytes: data), promise: nil)
            }
        }
    }
}
