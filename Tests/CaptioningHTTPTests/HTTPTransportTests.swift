import Foundation
import Synchronization
import Testing

@testable import Captioning
@testable import CaptioningHTTP

/// What goes out, and how replies come in.
struct HTTPTransportTests {
    @Test(arguments: [30, 300_000])
    func `a request has its line, its headers once, a known length and the exact bytes`(imageBytes: Int) async throws {
        try await StubEndpoint.run(answering: { _ in .reply() }) { stub in
            let outcome = try await HTTPFixture.outcome(stub.baseURL, key: " sk-secret-key \n", imageBytes: imageBytes)
            #expect(try outcome.get().status == 200)
            let request = try #require(stub.requests.first)
            let expected = HTTPFixture.body(imageBytes: imageBytes).expected
            #expect(request.line == "POST /v1/chat/completions HTTP/1.1")
            #expect(request.values("Authorization") == ["Bearer sk-secret-key"])
            #expect(request.values("Content-Type") == ["application/json"])
            #expect(request.values("Accept") == ["application/json"])
            #expect(request.values("Content-Length") == ["\(expected.count)"])
            #expect(request.values("Transfer-Encoding").isEmpty)
            #expect(request.body == expected)
            #expect(stub.requests.count == 1)
        }
    }

    @Test func `without a key there is no Authorization header`() async throws {
        try await StubEndpoint.run(answering: { _ in .reply() }) { stub in
            _ = try await HTTPFixture.outcome(stub.baseURL).get()
            let request = try #require(stub.requests.first)
            #expect(request.values("Authorization").isEmpty)
        }
    }

    @Test(arguments: [30, 300_000, 1_000_000])
    func `images are let go once, as soon as all bytes are handed over and before the reply`(
        imageBytes: Int
    ) async throws {
        let log = Mutex<[String]>([])
        let (body, image, _) = HTTPFixture.body(imageBytes: imageBytes)
        try await StubEndpoint.run(
            answering: { _ in
                log.withLock { $0.append(image.data == nil ? "arrived, image gone" : "arrived, image held") }
                return .reply()
            }
        ) { stub in
            try await HTTPTransport.withTransport(for: HTTPFixture.job(stub.baseURL), key: nil, environment: [:]) {
                _ = try await $0.send(body) {
                    log.withLock { $0.append("uploaded") }
                    body.discard()
                }
            }
        }
        #expect(log.withLock { $0 } == ["uploaded", "arrived, image gone"])
    }

    @Test(arguments: [30, 300_000])
    func `many requests in a row share one connection`(imageBytes: Int) async throws {
        try await StubEndpoint.run(answering: { _ in .reply() }) { stub in
            try await HTTPTransport.withTransport(for: HTTPFixture.job(stub.baseURL), key: nil, environment: [:]) {
                for _ in 0..<12 { _ = try await HTTPFixture.outcome($0, imageBytes: imageBytes).get() }
            }
            #expect(stub.requests.count == 12)
            #expect(stub.connections == 1)
        }
    }

    @Test func `as many requests are in flight as the job's concurrency, each on its own connection`() async throws {
        let width = 24
        let reply = StubEndpoint.reply(200, body: Data("{}".utf8))
        try await StubEndpoint.run(answering: { _ in .meet(width, reply) }) { stub in
            let job = HTTPFixture.job(stub.baseURL, concurrency: width)
            let statuses = try await HTTPTransport.withTransport(for: job, key: nil, environment: [:]) { transport in
                try await withThrowingTaskGroup(of: Int.self) { group in
                    for _ in 0..<width {
                        group.addTask { try await HTTPFixture.outcome(transport).get().status }
                    }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
            }
            #expect(statuses == Array(repeating: 200, count: width))
            #expect(stub.connections == width)
        }
    }

    @Test func `a 429 is a reply with its headers`() async throws {
        let answer = StubEndpoint.Answer.reply(
            429, headers: ["Retry-After: 7", "X-Request-Id: abc"], body: Data("slow down".utf8))
        try await StubEndpoint.run(answering: { _ in answer }) { stub in
            let reply = try await HTTPFixture.outcome(stub.baseURL).get()
            #expect(reply.status == 429)
            #expect(reply.header("retry-after") == "7")
            #expect(reply.header("x-request-id") == "abc")
            #expect(reply.body == Data("slow down".utf8))
        }
    }

    @Test(arguments: [301, 302, 303, 307, 308])
    func `a redirect is a reply and the key goes nowhere else`(status: Int) async throws {
        try await StubEndpoint.run(answering: { _ in .reply() }) { other in
            let target = "Location: \(other.baseURL)/chat/completions"
            try await StubEndpoint.run(answering: { _ in .reply(status, headers: [target]) }) { stub in
                let reply = try await HTTPFixture.outcome(stub.baseURL, key: "sk-secret-key").get()
                #expect(reply.status == status)
                #expect(stub.requests.count == 1)
            }
            #expect(other.connections == 0)
        }
    }

    @Test func `a compressed reply is read`() async throws {
        let zipped = try #require(
            Data(base64Encoded: "H4sIAAAAAAAAA6tWSk4sKMnMz1OyUkpUSMlPV6oFAGhWiGkTAAAA"))
        let answer = StubEndpoint.Answer.reply(headers: ["Content-Encoding: gzip"], body: zipped)
        try await StubEndpoint.run(answering: { _ in answer }) { stub in
            let reply = try await HTTPFixture.outcome(stub.baseURL).get()
            #expect(String(decoding: reply.body, as: UTF8.self) == #"{"caption":"a dog"}"#)
        }
    }

    @Test(arguments: [401, 413])
    func `a refusal before the body is read is that refusal, or a broken connection, and never hangs`(status: Int)
        async throws
    {
        let reply = StubEndpoint.reply(status, headers: ["Connection: close"], body: Data("no".utf8))
        let options = StubEndpoint.Options(early: { _ in .sendAndClose(reply) }, answer: { _ in .silence })
        try await StubEndpoint.run(options) { stub in
            let outcome = try await HTTPFixture.outcome(stub.baseURL, imageBytes: 6_000_000)
            switch outcome {
            case .success(let reply): #expect(reply.status == status && reply.body == Data("no".utf8))
            // The upload may meet the closed connection before the reply is read.
            case .failure(.brokenReply), .failure(.connectionLost): break
            case .failure(let error): Issue.record("unexpected: \(error)")
            }
        }
    }

    @Test func `a transport knows the keys of all endpoints, so that none tells another's`() async throws {
        var job = HTTPFixture.job("http://127.0.0.1:1/v1")
        job.endpoints += [job.endpoint, job.endpoint]
        let keys = [APIKey("sk-first-key"), nil, APIKey("sk-third-key")]
        try await HTTPTransport.withTransports(for: job, keys: keys, environment: [:]) { transports in
            for transport in transports {
                #expect(transport.secrets.scrubbed("sk-first-key, sk-third-key") == "***, ***")
                #expect("\(transport.secrets)" == "***")
            }
        }
    }

    @Test func `the path of completions stands before the query of a base URL`() {
        let base = "https://me.openai.azure.com/openai/deployments/vision"
        #expect(HTTPTransport.completionsURL(base) == base + "/chat/completions")
        #expect(HTTPTransport.completionsURL(base + "?api-version=1") == base + "/chat/completions?api-version=1")
    }

    @Test func `an http request goes through the proxy that the environment names`() async throws {
        let tunnel = StubEndpoint.Answer.send(Data("HTTP/1.1 200 OK\r\n\r\n".utf8))
        try await StubEndpoint.run(answering: { $0.line.hasPrefix("CONNECT") ? tunnel : .reply() }) { proxy in
            let outcome = try await HTTPFixture.outcome(
                "http://example.invalid/v1", key: "sk-secret-key",
                environment: ["http_proxy": "http://me:pass%21@127.0.0.1:\(proxy.port)"])
            #expect(try outcome.get().status == 200)
            let lines = proxy.requests.map(\.line)
            #expect(lines == ["CONNECT example.invalid:80 HTTP/1.1", "POST /v1/chat/completions HTTP/1.1"])
            let credentials = Data("me:pass!".utf8).base64EncodedString()
            #expect(proxy.requests.first?.values("Proxy-Authorization") == ["Basic \(credentials)"])
            #expect(proxy.requests.first?.values("Authorization") == [])
            #expect(proxy.requests.last?.values("Host") == ["example.invalid"])
            #expect(proxy.requests.last?.values("Proxy-Authorization") == [])
        }
    }

    @Test func `a proxy for https sees the host and never the key`() async throws {
        try await StubEndpoint.run(answering: { _ in .reply(407) }) { proxy in
            let outcome = try await HTTPFixture.outcome(
                "https://example.invalid/v1", key: "sk-secret-key",
                environment: ["https_proxy": "127.0.0.1:\(proxy.port)"])
            #expect(outcome.errorName == "unreachable")
            let request = try #require(proxy.requests.first)
            #expect(request.line == "CONNECT example.invalid:443 HTTP/1.1")
            #expect(request.values("Authorization").isEmpty)
        }
    }
}
