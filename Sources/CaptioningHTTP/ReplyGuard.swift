import Captioning
import NIOCore
import NIOHTTP1

/// Stands on every connection between the parser of HTTP and the client, and lets through only what is a reply to the
/// request at work, within its time.
///
/// The client's own states assume a server that keeps to HTTP and end the process when it does not (a status of 000).
/// So everything that a server can send within the grammar is judged here first.
///
/// The time-out is here too, as one timer of the connection's own event loop. When it fires, the loop may just have woken
/// from a stop of the whole process (SIGSTOP, a paused virtual machine): the time of the stop, by which the timer is late,
/// is given back. And a complete reply may lie in the socket's buffer: it first looks a few times whether more comes in.
final class ReplyGuard: ChannelDuplexHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias InboundOut = HTTPClientResponsePart
    typealias OutboundIn = HTTPClientRequestPart
    typealias OutboundOut = HTTPClientRequestPart

    /// More replies in between (100 Continue, 103 Early Hints) than this before the real one are a storm.
    static let mostInterimReplies = 100
    /// A timer that is so late fires after a stop.
    private static let stopLength = TimeAmount.milliseconds(500)
    /// How long between two looks at what came in after the time was over.
    private static let lookPause = TimeAmount.milliseconds(50)
    /// Looks in a row without anything new that end the wait, looks in all, and looks while the client takes no more.
    private static let (quietLooks, mostLooks, mostPausedLooks) = (4, 40, 6_000)

    private let timeout: Duration?
    private var exchange: Exchange?
    private var timer: Scheduled<Void>?
    /// Whether the client takes more at the moment.
    private var isReading = true
    /// Whether the reply was broken off; nothing more is let through.
    private var isBroken = false

    /// One request and its reply, as far as they are.
    private struct Exchange {
        /// Bytes of the request's body that have not been handed over.
        var unsent: Int
        var interimReplies = 0
        /// Parts of the reply so far.
        var parts = 0
    }

    private init(timeout: Duration?) {
        self.timeout = timeout
    }

    /// What sets a client's new connection up: `HTTPClient.Configuration.http1_1ConnectionDebugInitializer`.
    ///
    /// - `timeout`: The longest from a request's head to its reply's last byte; nil leaves that to the caller. A reply
    ///   fails with `TransportError.timedOut` then.
    static func initializer(timeout: Duration?) -> @Sendable (any Channel) -> EventLoopFuture<Void> {
        { channel in
            channel.eventLoop.makeCompletedFuture {
                let pipeline = channel.pipeline.syncOperations
                let parser = try pipeline.handler(type: ByteToMessageHandler<HTTPResponseDecoder>.self)
                try pipeline.addHandler(ReplyGuard(timeout: timeout), position: .after(parser))
            }
        }
    }

    // MARK: - Requests

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(let head):
            exchange = Exchange(unsent: head.headers.first(name: "content-length").flatMap { Int($0) } ?? 0)
            if let timeout {
                start(timeout, in: .nanoseconds(Int64(min(timeout.seconds, 1e9) * 1e9)), context)
            }
        case .body(let part): exchange?.unsent -= part.readableBytes
        case .end: break
        }
        context.write(data, promise: promise)
    }

    func read(context: ChannelHandlerContext) {
        isReading = true
        context.read()
    }

    // MARK: - Replies

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isBroken else { return }
        exchange?.parts += 1
        switch unwrapInboundIn(data) {
        case .head(let head): received(head, context)
        case .body: context.fireChannelRead(data)
        case .end:
            endExchange()
            context.fireChannelRead(data)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        isReading = false
        context.fireChannelReadComplete()
    }

    func channelInactive(context: ChannelHandlerContext) {
        endExchange()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        endExchange()
    }

    private func received(_ head: HTTPResponseHead, _ context: ChannelHandlerContext) {
        var head = head
        switch head.status.code {
        case 101: return fail(.brokenReply("the server switched to another protocol (status 101)"), context)
        case 100..<200:
            exchange?.interimReplies += 1
            if exchange?.interimReplies ?? 0 > Self.mostInterimReplies {
                fail(.brokenReply("over \(Self.mostInterimReplies) replies of status 1xx and no other"), context)
            }
            // Of no use to anyone behind this.
            return
        case 200..<300:
            // A refusal may come before the image has been read; an answer cannot, and belongs to another request.
            if let unsent = exchange?.unsent, unsent > 0 {
                return fail(.brokenReply("an answer came before the request had been sent"), context)
            }
        case 300..<600: break
        default:
            let digits = String(1000 + head.status.code % 1000).dropFirst()
            return fail(.brokenReply("no HTTP: status \(digits)"), context)
        }
        // Such a reply has no body; should bytes follow, they must not be taken for the next request's reply.
        if [204, 205, 304].contains(head.status.code) {
            head.headers.replaceOrAdd(name: "connection", value: "close")
        }
        context.fireChannelRead(wrapInboundOut(.head(head)))
    }

    private func fail(_ error: TransportError, _ context: ChannelHandlerContext) {
        isBroken = true
        endExchange()
        // The client fails the request with it and closes the connection.
        context.fireErrorCaught(error)
    }

    private func endExchange() {
        exchange = nil
        timer?.cancel()
        timer = nil
    }

    // MARK: - Time

    private func schedule(
        in time: TimeAmount, _ context: ChannelHandlerContext,
        _ work: @escaping (ReplyGuard, ChannelHandlerContext) -> Void
    ) {
        timer?.cancel()
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: time) { [self] in work(self, context) }
    }

    /// Waits until the time is over, and once more for as long as the process stood still meanwhile.
    private func start(_ timeout: Duration, in time: TimeAmount, _ context: ChannelHandlerContext) {
        let end = context.eventLoop.now + time
        schedule(in: time, context) { guarding, context in
            let late = context.eventLoop.now - end
            guard late < Self.stopLength else { return guarding.start(timeout, in: min(late, time), context) }
            guarding.expire(after: timeout, context)
        }
    }

    /// Looks that were taken after the time was over.
    private struct Looks {
        var quiet = 0
        var all = 0
        var paused = 0
        /// Parts at the last look.
        var seen: Int?
    }

    /// The time is over: looks whether something is still coming in, a few times.
    private func expire(after timeout: Duration, _ context: ChannelHandlerContext, _ before: Looks = Looks()) {
        guard let exchange, !isBroken else { return }
        var looks = before
        if isReading {
            looks.all += 1
            looks.quiet = exchange.parts == looks.seen ? looks.quiet + 1 : 0
        } else {
            // The client takes no more for now: the delay is this machine's and not the server's.
            looks.paused += 1
            looks.quiet = 0
        }
        looks.seen = exchange.parts
        guard looks.quiet < Self.quietLooks, looks.all < Self.mostLooks, looks.paused < Self.mostPausedLooks else {
            return fail(.timedOut(after: timeout), context)
        }
        schedule(in: Self.lookPause, context) { [looks] in $0.expire(after: timeout, $1, looks) }
    }
}

@available(*, unavailable)
extension ReplyGuard: Sendable {}
