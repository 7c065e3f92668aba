import Foundation
import Testing

@testable import Captioning
@testable import CaptioningSimulator

/// What the simulator says, and what it bills.
struct SimulatedAnswerTests {
    private func answer(_ body: Data) throws -> SimulatedAnswer {
        SimulatedAnswer(to: try ChatRequest(body: body))
    }

    @Test(
        arguments: [
            ("qwen3-vl-plus", 640, 480, 302), ("qwen3-vl-plus", 1920, 1080, 2042), ("qwen3-vl-plus", 32, 32, 6),
            ("qwen3-vl-plus", 4032, 3024, 2496), ("qwen2.5-vl-7b-instruct", 640, 480, 393),
            ("simulated", 640, 480, 302),
        ])
    func `an image is billed by the vendor's formula`(
        model: String, width: Int, height: Int, tokens: Int
    ) throws {
        let answer = try answer(ChatBody.make([ChatBody.text, ChatBody.image(width, height)], model: model))
        #expect(answer.imageTokens == tokens)
        // "Describe this." has 14 bytes, which are 4 tokens; the chat format adds 8.
        #expect(answer.promptTokens == tokens + 4 + 8)
    }

    @Test func `high resolution lifts the limit of an image's tokens`() throws {
        let body = ChatBody.make(
            [ChatBody.text, ChatBody.image(4032, 3024)], with: ["vl_high_resolution_images": .bool(true)])
        #expect(try answer(body).imageTokens == 11846)
    }

    @Test func `a system message is billed with 5 tokens around it`() throws {
        let body = ChatBody.make(
            with: [
                "messages": .array([
                    .object(["role": "system", "content": "Be brief."]),
                    .object(["role": "user", "content": .array([ChatBody.text, ChatBody.image()])]),
                ])
            ])
        #expect(try answer(body).promptTokens == 302 + 4 + 8 + 5 + 3)
    }

    @Test func `the caption tells what the request showed`() throws {
        let parts = [
            ChatBody.text, ChatBody.image(640, 480), ChatBody.image(64, 32),
            ChatBody.image("https://example.com/a.jpg"),
        ]
        let answer = try answer(ChatBody.make(parts))
        #expect(
            answer.caption == "[simulated] This is a 640×480 PNG image and a 64×32 PNG image and "
                + "a remote image at https://example.com/a.jpg. Asked: Describe this.")
        #expect(answer.finishReason == "stop")
        #expect(answer.imageTokens == 302 + 8 + 1026)
        #expect(answer.completionTokens == (answer.caption.utf8.count + 3) / 4)
    }

    @Test(arguments: 1...40)
    func `max_tokens cuts the caption between characters`(limit: Int) throws {
        let parts: [JSONValue] = [.object(["type": "text", "text": "这是什么？请描述图片。"]), ChatBody.image()]
        let whole = try answer(ChatBody.make(parts))
        let cut = try answer(ChatBody.make(parts, with: ["max_tokens": .int(limit)]))
        guard whole.completionTokens > limit else {
            #expect(cut.finishReason == "stop")
            return #expect(cut.caption == whole.caption)
        }
        #expect(cut.finishReason == "length")
        #expect(whole.caption.hasPrefix(cut.caption))
        #expect((limit * 4 - 2...limit * 4).contains(cut.caption.utf8.count))
        #expect(cut.completionTokens == limit)
    }

    @Test func `the body has the vendor's shape`() throws {
        let answer = try answer(ChatBody.make())
        let json = try JSONValue(parsing: answer.body(id: "chatcmpl-1", created: 7))
        #expect(json["object"]?.string == "chat.completion")
        #expect(json["id"]?.string == "chatcmpl-1")
        #expect(json["created"]?.int == 7)
        #expect(json["model"]?.string == "qwen3-vl-plus")
        let usage = Usage(reported: json["usage"])
        #expect(usage.promptTokens == 314)
        #expect(usage.imageTokens == 302)
        #expect(usage.totalTokens == 314 + answer.completionTokens)
        #expect(json["usage"]?["prompt_tokens_details"]?["text_tokens"]?.int == 12)
        #expect(usage.cachedTokens == nil)
        let reply = ChatReply(json)
        #expect(reply.completion?.caption == answer.caption)
        #expect(reply.completion?.finishReason == "stop")
    }
}
