import NIOCore
import NIOEmbedded
import NIOHTTP1
import Testing

@testable import Captioning
@testable import CaptioningHTTP

/// The time of an exchange, by a loop whose clock the test sets.
struct ReplyGuardTests {
    /// A connection on which a request has just been sent.
    private func connection(timeout: Duration) throws -> EmbeddedChannel {
        let channel = EmbeddedChannel(handler: ByteToMessageHandler(HTTPResponseDecoder()))
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        try ReplyGuard.initializer(timeout: timeout)(channel).wait()
        try send(channel)
        return channel
    }

    private func send(_ channel: EmbeddedChannel) throws {
        let head = HTTPRequestHead(version: .http1_1, method: .POST, uri: "/", headers: ["content-length": "0"])
        try channel.writeOutbound(HTTPClientRequestPart.head(head))
        try channel.writeOutbound(HTTPClientRequestPart.end(nil))
    }

    /// Bytes from the server; the client goes on reading unless it is told not to.
    private func receive(_ text: String, _ channel: EmbeddedChannel, isReading: Bool = true) throws {
        try channel.writeInbound(ByteBuffer(string: text))
        if isReading { channel.read() }
    }

    /// Whether the reply's end came through.
    private func isWhole(_ channel: EmbeddedChannel) throws -> Bool {
        while let part = try channel.readInbound(as: HTTPClientResponsePart.self) {
            if case .end = part { return true }
        }
        return false
    }

    private let head = "HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n"

    @Test func `a reply that moves for longer than half a minute is taken, as long as the time-out lasts`() throws {
        let channel = try connection(timeout: .seconds(120))
        try receive(head, channel)
        for _ in 0..<40 {
            channel.embeddedEventLoop.advanceTime(by: .seconds(2))
            try receive("x", channel)
        }
        #expect(try isWhole(channel))
        channel.embeddedEventLoop.advanceTime(by: .seconds(600))
        try channel.throwIfErrorCaught()
    }

    @Test func `a reply that is not whole in time is given up soon after`() throws {
        for text in ["", "HTTP/1.1 200 OK\r\nConte", head, head + "half"] {
            let channel = try connection(timeout: .seconds(10))
            if !text.isEmpty { try receive(text, channel) }
            channel.embeddedEventLoop.advanceTime(by: .milliseconds(10_100))
            try channel.throwIfErrorCaught()
            channel.embeddedEventLoop.advanceTime(by: .milliseconds(300))
            #expect(throws: TransportError.timedOut(after: .seconds(10))) { try channel.throwIfErrorCaught() }
            // What comes later goes nowhere.
            try receive(text.isEmpty ? head : "", channel)
            #expect(try !isWhole(channel))
        }
    }

    @Test func `a reply that drips on for ever is given up all the same`() throws {
        let channel = try connection(timeout: .seconds(10))
        try receive("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", channel)
        #expect(throws: TransportError.timedOut(after: .seconds(10))) {
            for _ in 0..<150 {
                channel.embeddedEventLoop.advanceTime(by: .milliseconds(100))
                try channel.throwIfErrorCaught()
                try receive("1\r\nx\r\n", channel)
            }
        }
    }

    @Test func `a reply that lies in the socket when the time is over is read`() throws {
        let channel = try connection(timeout: .seconds(1))
        // The loop wakes from a stop, and what is due runs first.
        channel.embeddedEventLoop.advanceTime(by: .milliseconds(1_040))
        try receive(head, channel)
        channel.embeddedEventLoop.advanceTime(by: .milliseconds(150))
        try receive(String(repeating: "x", count: 40), channel)
        #expect(try isWhole(channel))
        channel.embeddedEventLoop.advanceTime(by: .seconds(60))
        try channel.throwIfErrorCaught()
    }

    @Test func `while the client takes no more, the server is not to blame`() throws {
        let channel = try connection(timeout: .seconds(1))
        try receive(head, channel, isReading: false)
        channel.embeddedEventLoop.advanceTime(by: .seconds(60))
        try channel.throwIfErrorCaught()
        channel.read()
        try receive(String(repeating: "x", count: 40), channel)
        #expect(try isWhole(channel))
    }

    @Test func `every request has a time of its own`() throws {
        let channel = try connection(timeout: .seconds(10))
        for _ in 0..<5 {
            channel.embeddedEventLoop.advanceTime(by: .seconds(9))
            try receive("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", channel)
            #expect(try isWhole(channel))
            // Idle connections have no time-out.
            channel.embeddedEventLoop.advanceTime(by: .seconds(40))
            try channel.throwIfErrorCaught()
            try send(channel)
        }
    }
}
