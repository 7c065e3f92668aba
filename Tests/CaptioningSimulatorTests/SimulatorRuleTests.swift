import Foundation
import ServiceLifecycleTestKit
import Testing

@testable import Captioning
@testable import CaptioningSimulator

/// Rules that careless clients break, and what a test injects.
struct SimulatorRuleTests {
    private static func user(_ content: JSONValue) -> JSONValue {
        .array([.object(["role": .string("user"), "content": content])])
    }

    /// A data URL whose base64 ends without padding, so that more can follow.
    private static let wholeGroups: String = {
        let png = ChatBody.png(640, 480)
        return ChatBody.url(png + Data(count: (3 - png.count % 3) % 3))
    }()

    private func refusal(of body: Data) -> SimulatedError? {
        do throws(SimulatedError) {
            _ = try ChatRequest(body: body)
            return nil
        } catch {
            return error
        }
    }

    @Test(arguments: ["====", "QQ=A", "QQ==="])
    func `padding out of place is no base64`(tail: String) {
        let body = ChatBody.make([ChatBody.text, ChatBody.image(Self.wholeGroups + tail)])
        #expect(refusal(of: body)?.message.contains("Failed to decode the image") == true)
        #expect(refusal(of: ChatBody.make([ChatBody.text, ChatBody.image(Self.wholeGroups + "QQ==")])) == nil)
    }

    @Test(arguments: ["stream", "enable_thinking", "vl_high_resolution_images", "logprobs"])
    func `a switch is true, false or null`(key: String) {
        #expect(refusal(of: ChatBody.make(with: [key: .string("yes")]))?.message == "\(key) must be a boolean")
        #expect(refusal(of: ChatBody.make(with: [key: .int(1)])) != nil)
        #expect(refusal(of: ChatBody.make(with: [key: .bool(false)])) == nil)
        #expect(refusal(of: ChatBody.make(with: [key: .null])) == nil)
    }

    @Test func `an unknown response format and an empty question are refused`() {
        #expect(refusal(of: ChatBody.make(with: ["response_format": .string("json")]))?.status == 400)
        #expect(refusal(of: ChatBody.make(with: ["messages": Self.user(.string(""))]))?.status == 400)
        #expect(refusal(of: ChatBody.make(with: ["messages": Self.user(.string("Hi."))])) == nil)
    }

    @Test func `another vendor's spelling of a model is not known`() {
        #expect(refusal(of: ChatBody.make(model: "Qwen/Qwen3-VL-Plus"))?.code == "model_not_found")
    }

    @Test func `limits beside an image change what it costs`() throws {
        let part = JSONValue.object([
            "type": .string("image_url"), "max_pixels": .int(307_200),
            "image_url": .object(["url": .string(ChatBody.url(ChatBody.png(4032, 3024)))]),
        ])
        let answer = SimulatedAnswer(to: try ChatRequest(body: ChatBody.make([part])))
        #expect(answer.imageTokens == 20 * 15 + 2)
    }

    @Test(arguments: [("application/jsonx", 400), ("Application/JSON; charset=utf-8", 200)])
    func `the type of a body is read whole, in any case`(type: String, status: Int) async throws {
        try await withSimulator(SimulatorOptions()) { simulator in
            let reply = try await SimulatorClient.post(ChatBody.make(), to: simulator, type: type)
            #expect(reply.status == status)
        }
    }

    @Test(arguments: ["/v1", "/v1/chat", "/v1/chat/completions", "/v1/models/none", "/nowhere"])
    func `whatever is not there is answered in the vendor's shape`(path: String) async throws {
        try await withSimulator(SimulatorOptions()) { simulator in
            let reply = try await SimulatorClient.get(path, from: simulator)
            #expect(reply.status == 404)
            let id = try #require(reply.header("x-request-id"))
            #expect(try reply.json()["request_id"]?.string == id)
        }
    }

    @Test(arguments: [0, 1])
    func `a body that is too large is read to its end, refused and counted`(excess: Int) async throws {
        let body = ChatBody.make()
        var options = SimulatorOptions()
        options.maxBodyBytes = body.count - excess
        try await withSimulator(options) { simulator in
            let reply = try await SimulatorClient.post(body, to: simulator)
            #expect(reply.status == (excess > 0 ? 413 : 200))
            #expect(simulator.ledger.requests == 1)
        }
    }

    @Test func `an answer that was given before is a duplicate`() async throws {
        try await withSimulator(SimulatorOptions()) { simulator in
            for model in ["qwen3-vl-plus", "simulated", "qwen3-vl-plus"] {
                _ = try await SimulatorClient.post(ChatBody.make(model: model), to: simulator)
            }
            #expect(simulator.ledger.accepted == 3)
            #expect(simulator.ledger.distinctAccepted == 2)
            #expect(simulator.ledger.duplicates == 1)
        }
    }

    @Test func `time is injected: what answers carry, and what the rate limit counts by`() async throws {
        let time = SetTime()
        var options = SimulatorOptions()
        options.requestsPerMinute = 1
        options.now = { Date(timeIntervalSince1970: 1_724_729_556) }
        options.instant = time.instant
        try await withSimulator(options) { simulator in
            var statuses: [Int?] = []
            for seconds in [0, 59, 60, 61] {
                time.set(.seconds(seconds))
                let reply = try await SimulatorClient.post(ChatBody.make(), to: simulator)
                statuses.append(reply.status)
                if reply.status == 200 { #expect(try reply.json()["created"]?.int == 1_724_729_556) }
            }
            #expect(statuses == [200, 429, 200, 429])
        }
    }

    @Test func `graceful shutdown does not wait for a request that is held`() async throws {
        // The time is asked for first when a request arrives.
        let (times, time) = AsyncStream<Void>.makeStream()
        var options = SimulatorOptions()
        options.faults = [.timeout: 1]
        options.hold = .seconds(600)
        options.instant = {
            time.yield()
            return .now
        }
        let books = Books(options: options)
        let simulator = Simulator(options: options, books: books)
        let (ports, continuation) = AsyncStream<Int>.makeStream()
        let start = ContinuousClock.now
        let reply = try await testGracefulShutdown { trigger in
            async let served: Void = simulator.run { continuation.yield($0) }
            let port = try #require(await ports.first { _ in true })
            async let reply = SimulatorClient.post(
                ChatBody.make(), to: RunningSimulator(port: port, books: books))
            _ = await times.first { _ in true }
            trigger.triggerGracefulShutdown()
            try await served
            return try await reply
        }
        #expect(reply.bytes.isEmpty)
        #expect(start.duration(to: .now) < .seconds(300))
    }
}
