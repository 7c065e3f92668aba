import Foundation
import Testing

@testable import Captioning
@testable import CaptioningHTTP

/// Servers that do not keep to HTTP, or keep to it and mean harm: no reply of theirs ends the process, holds it up, or
/// answers a request that is not its own.
struct HostileReplyTests {
    struct Case: CustomTestStringConvertible, Sendable {
        var testDescription: String
        let bytes: Data
        /// What may become of the request: a status, or the name of an error.
        let outcomes: [String]

        init(_ name: String, _ text: String, _ outcomes: String...) {
            testDescription = name
            bytes = Data(text.utf8)
            self.outcomes = outcomes
        }
    }

    private static let good = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"

    static let cases =
        ["000", "001", "099"].map {
            Case("status \($0)", "HTTP/1.1 \($0) X\r\nContent-Length: 2\r\n\r\n{}", "brokenReply")
        }
        + [600, 799, 999].map {
            Case("status \($0)", "HTTP/1.1 \($0) X\r\nContent-Length: 2\r\n\r\n{}", "brokenReply")
        } + [
            Case("status 99", "HTTP/1.1 99 X\r\nContent-Length: 2\r\n\r\n{}", "brokenReply"),
            Case("status 1000", "HTTP/1.1 1000 X\r\nContent-Length: 2\r\n\r\n{}", "brokenReply"),
            Case("status -1", "HTTP/1.1 -1 X\r\nContent-Length: 2\r\n\r\n{}", "brokenReply"),
            Case("status without number", "HTTP/1.1 OK\r\n\r\n", "brokenReply"),
            Case("status 000 without a length", "HTTP/1.1 000 X\r\n\r\n{}", "brokenReply"),
            Case(
                "status 000 in chunks", "HTTP/1.1 000 X\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "brokenReply"),
            Case("status 000, compressed", "HTTP/1.1 000 X\r\nContent-Encoding: gzip\r\n\r\n{}", "brokenReply"),
            Case("100, then the answer", "HTTP/1.1 100 Continue\r\n\r\n" + good, "200"),
            Case("103, then the answer", "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + good, "200"),
            Case(
                "a compressed 103, then the answer", "HTTP/1.1 103 X\r\nContent-Encoding: gzip\r\n\r\n" + good, "200"),
            Case(
                "100 for ever", String(repeating: "HTTP/1.1 100 Continue\r\n\r\n", count: 5_000) + good,
                "brokenReply"),
            Case("199 with a length", "HTTP/1.1 199 X\r\nContent-Length: 2\r\n\r\n" + good, "200"),
            Case("101", "HTTP/1.1 101 X\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\nabc", "brokenReply"),
            Case("101 without upgrade", "HTTP/1.1 101 X\r\n\r\n" + good, "brokenReply"),
            Case("204 with a body", "HTTP/1.1 204 X\r\nContent-Length: 2\r\n\r\n{}", "204"),
            Case("304 with a body", "HTTP/1.1 304 X\r\nContent-Length: 2\r\n\r\n{}", "304"),
            Case("a negative length", "HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\n{}", "brokenReply"),
            Case(
                "a length of 2^64", "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551616\r\n\r\n{}",
                "brokenReply"),
            Case(
                "two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{} ", "brokenReply"),
            Case(
                "chunks and a length",
                "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
                "brokenReply", "200"),
            Case(
                "a chunk of 2^64",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000000\r\n{}\r\n", "brokenReply"),
            Case(
                "a chunk that is no number", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
                "brokenReply"),
            Case(
                "a header of a megabyte", "HTTP/1.1 200 OK\r\nX: \(String(repeating: "x", count: 1 << 20))\r\n\r\n",
                "brokenReply"),
            Case(
                "a million headers", "HTTP/1.1 200 OK\r\n" + String(repeating: "A: b\r\n", count: 1_000_000),
                "brokenReply"),
            Case(
                "trailers without end",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n"
                    + String(repeating: "A: b\r\n", count: 100_000), "brokenReply"),
            Case("a header with NUL", "HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 2\r\n\r\n{}", "brokenReply"),
            Case("a header without a name", "HTTP/1.1 200 OK\r\n: b\r\nContent-Length: 2\r\n\r\n{}", "brokenReply"),
            Case("HTTP/0.9", "<html>hello</html>", "brokenReply"),
            Case("HTTP/2.0", "HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\n{}", "brokenReply"),
            Case("HTTP/9.9", "HTTP/9.9 200 OK\r\nContent-Length: 2\r\n\r\n{}", "brokenReply"),
            Case("a preface of HTTP/2", "\0\0\u{12}\u{4}\0\0\0\0\0\0\u{3}\0\0\0\u{64}", "brokenReply"),
            Case("a request", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "brokenReply"),
            Case(
                "gzip that is none", "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
                "brokenReply", "connectionLost"),
        ]

    @Test(arguments: cases)
    func `whatever a server sends, the request ends as a reply or a broken one`(_ hostile: Case) async throws {
        try await StubEndpoint.run(answering: { _ in .send(hostile.bytes) }) { stub in
            try await HTTPTransport.withTransport(
                for: HTTPFixture.job(stub.baseURL, timeout: .seconds(20)), key: nil, environment: [:]
            ) { transport in
                for _ in 0..<2 {
                    let outcome = await HTTPFixture.outcome(transport)
                    let name = outcome.errorName ?? (try? outcome.get()).map { "\($0.status)" } ?? ""
                    #expect(hostile.outcomes.contains(name), "\(outcome)")
                }
            }
            #expect(stub.requests.count == 2)
        }
    }

    @Test func `a second reply that nobody asked for answers no other request`() async throws {
        let twice =
            StubEndpoint.reply(200, body: Data("first".utf8)) + StubEndpoint.reply(200, body: Data("stray".utf8))
        try await StubEndpoint.run(answering: { _ in .send(twice) }) { stub in
            let job = HTTPFixture.job(stub.baseURL, concurrency: 2)
            try await HTTPTransport.withTransport(for: job, key: nil, environment: [:]) { transport in
                try await withThrowingTaskGroup(of: Result<HTTPReply, TransportError>.self) { group in
                    // More than there are connections, so that one waits for the very connection that has the stray.
                    for _ in 0..<40 { group.addTask { await HTTPFixture.outcome(transport) } }
                    for try await outcome in group {
                        if case .success(let reply) = outcome { #expect(reply.body == Data("first".utf8)) }
                    }
                }
            }
        }
    }

    @Test func `an answer before the images are sent is another request's`() async throws {
        let options = StubEndpoint.Options(
            early: { _ in .send(StubEndpoint.reply(200, body: Data("{}".utf8))) }, answer: { _ in .silence })
        try await StubEndpoint.run(options) { stub in
            let outcome = try await HTTPFixture.outcome(stub.baseURL, imageBytes: 12_000_000)
            #expect(outcome.errorName == "brokenReply", "\(outcome)")
        }
    }

    @Test func `what follows a reply without a body is not the next reply`() async throws {
        let reply = Data("HTTP/1.1 204 X\r\nContent-Length: 2\r\n\r\n".utf8)
        try await StubEndpoint.run(answering: { _ in .send(reply) }) { stub in
            try await HTTPTransport.withTransport(for: HTTPFixture.job(stub.baseURL), key: nil, environment: [:]) {
                for _ in 0..<3 {
                    let reply = try await HTTPFixture.outcome($0).get()
                    #expect(reply.status == 204)
                }
            }
            #expect(stub.connections == 3)
        }
    }
}
