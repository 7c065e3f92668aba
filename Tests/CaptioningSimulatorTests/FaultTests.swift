import Foundation
import Testing

@testable import Captioning
@testable import CaptioningSimulator

/// Faults as a client meets them.
struct FaultTests {
    private func reply(to fault: Fault, _ body: Data = ChatBody.make()) async throws -> (WireReply, SimulatorLedger) {
        var options = SimulatorOptions()
        options.faults = [fault: 1]
        options.hold = .milliseconds(20)
        return try await withSimulator(options) { simulator in
            let reply = try await SimulatorClient.post(body, to: simulator)
            return (reply, simulator.ledger)
        }
    }

    @Test(
        arguments: [
            (.rateLimited, 429, "limit_requests", "You exceeded your current requests list."),
            (.serverError, 500, "internal_error", "An internal error has occured, please try again later."),
            (.unavailable, 503, "ServiceUnavailable", "The service is temporarily unavailable."),
        ] as [(Fault, Int, String, String)])
    func `an error is one in the vendor's words`(
        fault: Fault, status: Int, code: String, message: String
    ) async throws {
        let (reply, ledger) = try await reply(to: fault)
        #expect(reply.status == status)
        let error = try reply.json()["error"]
        #expect(error?["code"]?.string == code)
        #expect(error?["type"]?.string == code)
        #expect(error?["message"]?.string == message)
        #expect(ledger.faults == [fault.rawValue: 1])
        #expect(ledger.statuses == ["\(status)": 1])
        #expect(ledger.malformed == 0)
        #expect(ledger.promptTokens == 0)
    }

    @Test(arguments: [Fault.reset, .timeout])
    func `a connection closes without a byte`(fault: Fault) async throws {
        let (reply, ledger) = try await reply(to: fault)
        #expect(reply.bytes.isEmpty)
        #expect(ledger.faults == [fault.rawValue: 1])
        #expect(ledger.statuses.isEmpty)
        #expect(ledger.accepted == 0)
    }

    @Test func `a reply breaks off half-way`() async throws {
        let (reply, ledger) = try await reply(to: .truncated)
        #expect(reply.status == 200)
        let length = try #require(reply.header("Content-Length").flatMap { Int($0) })
        #expect(reply.body.count == length / 2)
        #expect(ledger.accepted == 0)
    }

    @Test func `a gateway sends a page`() async throws {
        let (reply, _) = try await reply(to: .html)
        #expect(reply.status == 502)
        #expect(reply.header("Content-Type") == "text/html")
        #expect(String(decoding: reply.body, as: UTF8.self).hasPrefix("<html>"))
    }

    @Test func `a 200 holds no JSON, or no choice`() async throws {
        let (garbage, ledger) = try await reply(to: .garbage)
        #expect(garbage.status == 200)
        #expect(throws: (any Error).self) { try garbage.json() }
        #expect(ledger.accepted == 0)
        let (empty, _) = try await reply(to: .empty)
        #expect(empty.status == 200)
        #expect(try empty.json()["choices"] == .array([]))
    }

    @Test func `moderation takes the text and bills the request`() async throws {
        let (reply, ledger) = try await reply(to: .filter)
        let completion = ChatReply(try reply.json()).completion
        #expect(completion?.finishReason == "content_filter")
        #expect(completion?.caption == "")
        #expect(ledger.accepted == 0)
        #expect(ledger.promptTokens == 314)
    }

    @Test func `a partial reply says so in its header`() async throws {
        let (reply, ledger) = try await reply(to: .partial)
        let whole = SimulatedAnswer(to: try ChatRequest(body: ChatBody.make()))
        let caption = try #require(ChatReply(try reply.json()).completion?.caption)
        #expect(reply.header("x-dashscope-partialresponse") == "true")
        #expect(whole.caption.hasPrefix(caption))
        #expect(caption.count == whole.caption.count / 2)
        #expect(ledger.accepted == 0)
        #expect(ledger.promptTokens == 314)
    }

    @Test func `a bad request is refused whatever fault was drawn`() async throws {
        let (reply, ledger) = try await reply(to: .reset, ChatBody.make(model: "gpt-9"))
        #expect(reply.status == 404)
        #expect(ledger.faults.isEmpty)
    }

    @Test func `kinds and probabilities are read`() throws {
        #expect(try Fault.parse([]) == [:])
        #expect(try Fault.parse(["429=0.1", "reset=1e-2", "429=0.2"])[.reset] == 0.01)
        #expect(try Fault.parse(["429=0.25", "429=0.5"]) == [.rateLimited: 0.75])
        #expect(try Fault.parse(["timeout=1"]) == [.timeout: 1])
        for fault in Fault.allCases { #expect(try Fault.parse(["\(fault.rawValue)=0"]) == [fault: 0]) }
    }

    @Test(
        arguments: [
            (["flood=0.1"], "known kinds: 429, 500"), (["429"], "no KIND=PROBABILITY"), ([""], "no KIND=PROBABILITY"),
            (["429=0.1=2"], "no KIND=PROBABILITY"), (["429="], "from 0 to 1"), (["429=1.1"], "from 0 to 1"),
            (["429=-0.1"], "from 0 to 1"), (["429=nan"], "from 0 to 1"), (["429=often"], "from 0 to 1"),
            (["429=0.6", "reset=0.6"], "more than 1"), (["429=0.6", "429=0.6"], "more than 1"),
        ])
    func `what is no fault is explained`(texts: [String], words: String) {
        let error = #expect(throws: Fault.ParseError.self) { try Fault.parse(texts) }
        #expect(error?.description.contains(words) == true)
    }
}
