import Foundation
import Testing

@testable import Captioning
@testable import CaptioningSimulator

/// The running server: keys, answers, limits and books.
struct SimulatorTests {
    @Test(arguments: [nil, "sk-wrong-key-1234", "sk-simulated-and-more", ""])
    func `a missing or wrong key is refused in the vendor's words, without the key`(key: String?) async throws {
        try await withSimulator(SimulatorOptions()) { simulator in
            for reply in [
                try await SimulatorClient.post(ChatBody.make(), to: simulator, key: key),
                try await SimulatorClient.get("/v1/models", from: simulator, key: key),
            ] {
                #expect(reply.status == 401)
                let error = try reply.json()["error"]
                #expect(error?["code"]?.string == "invalid_api_key")
                #expect(error?["type"]?.string == "invalid_request_error")
                #expect(error?["message"]?.string == "Incorrect API key provided. ")
                #expect(error?["param"] == .null)
                #expect(!String(decoding: reply.bytes, as: UTF8.self).contains("sk-"))
            }
            #expect(simulator.ledger.statuses == ["401": 1])
            #expect(simulator.ledger.malformed == 0)
        }
    }

    @Test func `a good request is answered, with one id everywhere`() async throws {
        try await withSimulator(SimulatorOptions()) { simulator in
            let reply = try await SimulatorClient.post(
                ChatBody.make(), to: simulator, type: "application/json; charset=utf-8")
            #expect(reply.status == 200)
            #expect(reply.header("Content-Type") == "application/json")
            let json = try reply.json()
            let id = try #require(reply.header("x-request-id"))
            #expect(json["id"]?.string == "chatcmpl-\(id)")
            #expect(UUID(uuidString: id) != nil)
            #expect(ChatReply(json).completion?.caption.contains("640×480 PNG") == true)
            let ledger = simulator.ledger
            #expect(ledger.requests == 1)
            #expect(ledger.statuses == ["200": 1])
            #expect(ledger.accepted == 1)
            #expect(ledger.promptTokens == 314)
        }
    }

    @Test func `a refusal carries its id and stands in the books`() async throws {
        try await withSimulator(SimulatorOptions()) { simulator in
            let reply = try await SimulatorClient.post(ChatBody.make(with: ["stream": .bool(true)]), to: simulator)
            #expect(reply.status == 400)
            #expect(try reply.json()["request_id"]?.string == reply.header("x-request-id"))
            let unknown = try await SimulatorClient.post(ChatBody.make(model: "gpt-9"), to: simulator)
            #expect(unknown.status == 404)
            let type = try await SimulatorClient.post(ChatBody.make(), to: simulator, type: "text/plain")
            #expect(type.status == 400)
            let ledger = simulator.ledger
            #expect(ledger.statuses == ["400": 2, "404": 1])
            #expect(ledger.malformed == 2)
            #expect(ledger.refusals.count == 2)
            #expect(ledger.accepted == 0)
            #expect(ledger.promptTokens == 0)
        }
    }

    @Test func `the same request twice is one distinct answer`() async throws {
        try await withSimulator(SimulatorOptions()) { simulator in
            for width in [64, 64, 65] {
                let body = ChatBody.make([ChatBody.text, ChatBody.image(width, 64)])
                let reply = try await SimulatorClient.post(body, to: simulator)
                #expect(reply.status == 200)
            }
            #expect(simulator.ledger.requests == 3)
            #expect(simulator.ledger.accepted == 3)
            #expect(simulator.ledger.distinctAccepted == 2)
            #expect(simulator.ledger.largestInFlight == 1)
        }
    }

    @Test func `the ledger is served, and other paths are not`() async throws {
        try await withSimulator(SimulatorOptions()) { simulator in
            _ = try await SimulatorClient.post(ChatBody.make(), to: simulator)
            let ledger = try await SimulatorClient.get("/ledger", from: simulator, key: nil)
            let served = try JSONDecoder().decode(SimulatorLedger.self, from: ledger.body)
            #expect(served == simulator.ledger)
            let models = try await SimulatorClient.get("/v1/models", from: simulator)
            #expect(models.status == 200)
            for path in ["/", "/v1", "/v1/completions", "/v1/chat/other", "/v2/chat/completions", "/ledger/all"] {
                let other = try await SimulatorClient.get(path, from: simulator)
                #expect(other.status == 404)
                #expect(String(decoding: other.body, as: UTF8.self).contains("NotFound"), "\(path)")
            }
        }
    }

    @Test func `more requests than the limit are told to slow down and cost nothing`() async throws {
        var options = SimulatorOptions()
        options.requestsPerMinute = 2
        try await withSimulator(options) { simulator in
            var statuses: [Int?] = []
            for _ in 0..<4 { statuses.append(try await SimulatorClient.post(ChatBody.make(), to: simulator).status) }
            #expect(statuses == [200, 200, 429, 429])
            #expect(simulator.ledger.statuses == ["200": 2, "429": 2])
            #expect(simulator.ledger.promptTokens == 2 * 314)
        }
    }

    @Test func `requests at work at one time are counted`() async throws {
        var options = SimulatorOptions()
        options.latency = .milliseconds(100)
        try await withSimulator(options) { simulator in
            try await withThrowingTaskGroup(of: Int?.self) { group in
                for _ in 0..<5 {
                    group.addTask { try await SimulatorClient.post(ChatBody.make(), to: simulator).status }
                }
                for try await status in group { #expect(status == 200) }
            }
            #expect((2...5).contains(simulator.ledger.largestInFlight))
        }
    }

    @Test func `two simulators with the same seed answer the same`() async throws {
        var options = SimulatorOptions()
        options.seed = 7
        options.faults = [.rateLimited: 0.3, .html: 0.2, .empty: 0.2]
        let bodies = (20..<40).map { ChatBody.make([ChatBody.text, ChatBody.image($0, 64)]) }
        let settings = options
        func statuses(_ bodies: [Data]) async throws -> [Data: Int] {
            try await withSimulator(settings) { simulator in
                var statuses: [Data: Int] = [:]
                for body in bodies { statuses[body] = try await SimulatorClient.post(body, to: simulator).status }
                return statuses
            }
        }
        let first = try await statuses(bodies)
        let second = try await statuses(bodies.reversed())
        #expect(second == first)
        #expect(Set(first.values) == [200, 429, 502])
    }

    @Test func `it stops when its user throws`() async {
        struct Mishap: Error {}
        await #expect(throws: Mishap.self) {
            try await withSimulator(SimulatorOptions()) { _ in throw Mishap() }
        }
    }

    @Test func `a port that is taken is an error`() async throws {
        try await withSimulator(SimulatorOptions()) { simulator in
            var options = SimulatorOptions()
            options.port = try #require(URL(string: simulator.baseURL)?.port)
            let taken = options
            await #expect(throws: (any Error).self) {
                try await withSimulator(taken) { _ in }
            }
        }
    }
}
