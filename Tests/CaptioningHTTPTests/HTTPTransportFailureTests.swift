import Foundation
import NIOCore
import NIOSSL
import Testing

@testable import Captioning
@testable import CaptioningHTTP

/// How a broken wire shows.
struct HTTPTransportFailureTests {
    private static let half = StubEndpoint.reply(200, body: Data("{\"choices\":".utf8), length: 500)

    @Test(arguments: [StubEndpoint.Answer.silence, .send(half), .send(Data("HTTP/1.1 200 OK\r\nContent-".utf8))])
    func `the time-out holds for the head and for the rest of the body`(answer: StubEndpoint.Answer) async throws {
        try await StubEndpoint.run(answering: { _ in answer }) { stub in
            let outcome = try await HTTPFixture.outcome(stub.baseURL, timeout: .milliseconds(80))
            #expect(outcome == .failure(.timedOut(after: .milliseconds(80))))
        }
    }

    @Test func `a refused connection is unreachable`() async throws {
        let port = try await StubEndpoint.run(answering: { _ in .reply() }) { $0.port }
        let start = ContinuousClock.now
        for host in ["127.0.0.1", "localhost"] {
            let outcome = try await HTTPFixture.outcome("http://\(host):\(port)/v1")
            #expect(outcome.errorName == "unreachable")
        }
        // Far below the connect time-out: nothing is tried again in here.
        #expect(start.duration(to: .now) < .seconds(300))
    }

    @Test func `an unknown host is unreachable`() async throws {
        let outcome = try await HTTPFixture.outcome("http://name.invalid/v1")
        #expect(outcome.errorName == "unreachable")
    }

    @Test(arguments: [30, 300_000])
    func `a connection that closes without a byte is lost`(imageBytes: Int) async throws {
        try await StubEndpoint.run(answering: { _ in .close }) { stub in
            let outcome = try await HTTPFixture.outcome(stub.baseURL, imageBytes: imageBytes)
            #expect(outcome.errorName == "connectionLost")
            #expect(stub.requests.count == 1)
        }
    }

    @Test func `a connection that closes at the first byte of the second request is lost, and not tried again`()
        async throws
    {
        let options = StubEndpoint.Options(closesAtSecondRequest: true, answer: { _ in .reply() })
        try await StubEndpoint.run(options) { stub in
            try await HTTPTransport.withTransport(for: HTTPFixture.job(stub.baseURL), key: nil, environment: [:]) {
                #expect(await HTTPFixture.outcome($0).errorName == nil)
                #expect(await HTTPFixture.outcome($0).errorName == "connectionLost")
                #expect(stub.connections == 1)
                #expect(await HTTPFixture.outcome($0).errorName == nil)
            }
        }
    }

    @Test func `a connection that closes when idle costs one lost request at most`() async throws {
        let reply = StubEndpoint.reply(200, body: Data("{}".utf8))
        try await StubEndpoint.run(answering: { _ in .sendAndClose(reply) }) { stub in
            try await HTTPTransport.withTransport(for: HTTPFixture.job(stub.baseURL), key: nil, environment: [:]) {
                for _ in 0..<20 {
                    let outcome = await HTTPFixture.outcome($0)
                    #expect([nil, "connectionLost"].contains(outcome.errorName))
                }
            }
            #expect(stub.connections > 1)
        }
    }

    @Test func `half a body is a broken reply`() async throws {
        try await StubEndpoint.run(answering: { _ in .sendAndClose(Self.half) }) { stub in
            let outcome = try await HTTPFixture.outcome(stub.baseURL)
            #expect(outcome.errorName == "brokenReply")
        }
    }

    @Test(arguments: ["SSH-2.0-OpenSSH_9.6\r\n", "\u{0}\u{1}\u{2}garbage\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-"])
    func `what is no HTTP is a broken reply`(text: String) async throws {
        try await StubEndpoint.run(answering: { _ in .sendAndClose(Data(text.utf8)) }) { stub in
            let outcome = try await HTTPFixture.outcome(stub.baseURL)
            #expect(["brokenReply", "connectionLost"].contains(outcome.errorName))
        }
    }

    @Test func `a reply above the limit is too large`() async throws {
        let chunk = Data("100000\r\n".utf8) + Data(count: 1 << 20) + Data("\r\n".utf8)
        var reply = Data("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".utf8)
        for _ in 0..<17 { reply += chunk }
        let whole = reply + Data("0\r\n\r\n".utf8)
        try await StubEndpoint.run(answering: { _ in .send(whole) }) { stub in
            let outcome = try await HTTPFixture.outcome(stub.baseURL)
            #expect(outcome == .failure(.replyTooLarge(limit: 16 << 20)))
        }
    }

    @Test func `a compressed reply is too large by what it becomes`() async throws {
        // Stored blocks: gzip's frame without a compressor, and the decoder's limit counts the same.
        var zipped = Data([0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3])
        for _ in 0..<260 { zipped += Data([0, 0xFF, 0xFF, 0, 0]) + Data(count: 0xFFFF) }
        let answer = StubEndpoint.Answer.reply(headers: ["Content-Encoding: gzip"], body: zipped)
        try await StubEndpoint.run(answering: { _ in answer }) { stub in
            let outcome = try await HTTPFixture.outcome(stub.baseURL)
            #expect(outcome == .failure(.replyTooLarge(limit: 16 << 20)))
        }
    }

    @Test(arguments: [StubEndpoint.Answer.silence, .send(half)])
    func `a cancelled request ends at once`(answer: StubEndpoint.Answer) async throws {
        let (arrivals, continuation) = AsyncStream<Void>.makeStream()
        try await StubEndpoint.run(
            answering: { _ in
                continuation.yield()
                return answer
            }
        ) { stub in
            let baseURL = stub.baseURL
            let start = ContinuousClock.now
            let outcome = try await withThrowingTaskGroup(of: Result<HTTPReply, TransportError>.self) { group in
                group.addTask { try await HTTPFixture.outcome(baseURL, timeout: .seconds(60)) }
                _ = await arrivals.first { _ in true }
                group.cancelAll()
                return try #require(try await group.next())
            }
            #expect(outcome == .failure(.cancelled))
            #expect(start.duration(to: .now) < .seconds(300))
        }
    }

    /// Unreachable promises that nothing was sent, so what can also happen later must not be called that.
    @Test(
        arguments: [
            (IOError(errnoCode: ECONNREFUSED, reason: "connect"), "unreachable"),
            (IOError(errnoCode: EHOSTUNREACH, reason: "connect"), "unreachable"),
            (IOError(errnoCode: ECONNRESET, reason: "read"), "connectionLost"),
            (IOError(errnoCode: EPIPE, reason: "write"), "connectionLost"),
            (IOError(errnoCode: ETIMEDOUT, reason: "read"), "connectionLost"),
            (NIOSSLError.handshakeFailed(.sslError([])), "unreachable"),
            (NIOSSLError.uncleanShutdown, "connectionLost"),
            (BoringSSLError.sslError([]), "connectionLost"),
            (CancellationError(), "cancelled"),
        ] as [(any Error, String)])
    func `an error before the reply says whether anything can have been sent`(error: any Error, name: String) {
        let outcome = Result<HTTPReply, TransportError>.failure(HTTPTransport.errorBeforeReply(error))
        #expect(outcome.errorName == name)
    }
}
