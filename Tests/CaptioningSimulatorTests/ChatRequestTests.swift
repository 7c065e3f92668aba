import Foundation
import Testing

@testable import Captioning
@testable import CaptioningSimulator

/// What the simulator takes and what it refuses, in the vendor's words.
struct ChatRequestTests {
    /// A body and how it is refused.
    struct Refusal: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let body: Data
        let status: Int
        let code: String
        let words: String

        init(
            _ name: String, _ body: Data, _ words: String, status: Int = 400, code: String = "invalid_parameter_error"
        ) {
            testDescription = name
            self.body = body
            self.status = status
            self.code = code
            self.words = words
        }
    }

    private static func message(_ role: String, _ content: JSONValue) -> JSONValue {
        .object(["role": .string(role), "content": content])
    }

    private static func changed(_ name: String, _ value: JSONValue?) -> Data {
        ChatBody.make(with: [name: value])
    }

    private static let shape = [
        Refusal("no JSON", Data("{\"model\":".utf8), "Required body invalid", code: "invalid_request_error"),
        Refusal("empty", Data(), "Required body invalid", code: "invalid_request_error"),
        Refusal("an array", Data("[]".utf8), "Required body invalid", code: "invalid_request_error"),
        Refusal(
            "no model", changed("model", nil), "you must provide a model parameter", code: "invalid_request_error"),
        Refusal(
            "empty model", changed("model", ""), "you must provide a model parameter", code: "invalid_request_error"),
        Refusal(
            "unknown model", changed("model", "gpt-9"),
            "The model `gpt-9` does not exist or you do not have access to it.", status: 404, code: "model_not_found"),
        Refusal("QVQ", changed("model", "qvq-max"), "This model only support stream mode, please enable the stream"),
        Refusal("streaming", changed("stream", .bool(true)), "does not stream"),
        Refusal("no messages", changed("messages", nil), "[] is too short - 'messages'"),
        Refusal("empty messages", changed("messages", .array([])), "[] is too short - 'messages'"),
        Refusal("a strange role", changed("messages", .array([message("robot", "Hi")])), "'role' must be one of"),
        Refusal(
            "the assistant's last", changed("messages", .array([message("user", "Hi"), message("assistant", "Hi")])),
            "The last message must come from the user"),
        Refusal("no content", changed("messages", .array([message("user", .null)])), "'content' must be a string"),
        Refusal("no parts", ChatBody.make([]), "'content' must be a string or an array"),
        Refusal("a strange part", ChatBody.make([.object(["type": "video"])]), "Unknown content part"),
        Refusal("a text part without text", ChatBody.make([.object(["type": "text"])]), "no 'text'"),
        Refusal("an image part without URL", ChatBody.make([.object(["type": "image_url"])]), "no 'url'"),
        Refusal(
            "JSON mode without the word", changed("response_format", .object(["type": "json_object"])),
            "'messages' must contain the word 'json' in some form"),
        Refusal(
            "JSON mode while thinking",
            ChatBody.make(
                [.object(["type": "text", "text": "As JSON."])],
                with: ["response_format": .object(["type": "json_object"]), "enable_thinking": .bool(true)]),
            "Json mode response is not supported when enable_thinking is true"),
    ]

    private static let ranges: [Refusal] = [
        ("temperature", .double(2)), ("temperature", .double(-0.1)), ("temperature", "warm"), ("top_p", .int(0)),
        ("top_p", .double(1.1)), ("top_k", .int(-1)), ("presence_penalty", .double(2.1)),
        ("repetition_penalty", .int(0)), ("max_tokens", .int(0)), ("max_tokens", .int(32769)),
        ("max_tokens", .double(1.5)), ("n", .int(5)), ("seed", .int(-1)), ("seed", .int(2_147_483_648)),
        ("top_logprobs", .int(6)),
    ].map { name, value in
        Refusal("\(name) \(String(describing: value))", changed(name, value), "Range of \(name) should be ")
    }

    private static func refusal(_ name: String, url: String, _ words: String) -> Refusal {
        Refusal(
            name, ChatBody.make([ChatBody.text, ChatBody.image(url)]),
            "<400> InternalError.Algo.InvalidParameter: \(words)")
    }

    private static let images: [Refusal] = [
        refusal("a path", url: "/tmp/a.png", "The provided URL does not appear to be valid"),
        refusal("a file URL", url: "file:///tmp/a.png", "The provided URL does not appear to be valid"),
        refusal("no base64", url: "data:image/png,abc", "The provided URL does not appear to be valid"),
        refusal("strange characters", url: "data:image/png;base64,ab_-", "Failed to decode the image"),
        refusal("a line break", url: "data:image/png;base64,iVBO\nRw0K", "Failed to decode the image"),
        refusal("missing padding", url: "data:image/png;base64,iVBORw", "Failed to decode the image"),
        refusal("no bytes", url: "data:image/png;base64,", "Failed to decode the image"),
        refusal("no image", url: ChatBody.url(Data("hello world".utf8)), "The file format is illegal"),
        refusal(
            "another media type", url: ChatBody.url(ChatBody.png(64, 64), type: "image/jpeg"), "The image format does"),
        refusal(
            "10 pixels high", url: ChatBody.url(ChatBody.png(64, 10)),
            "\(restricted)height:10 or width:64 must be larger than 10]"),
        refusal("1 pixel wide", url: ChatBody.url(ChatBody.png(1, 64)), "\(restricted)height:64 or width:1"),
        refusal("too long a shape", url: ChatBody.url(ChatBody.png(2201, 11)), "\(restricted)height:11 or width:2201"),
        refusal(
            "a GIF", url: ChatBody.url(gif, type: "image/gif"), "The media format is not supported or incorrect"),
        refusal("too long a URL", url: tooLong, "Exceeded limit on max bytes per data-uri item : 10485760'."),
    ]

    private static let restricted = "The image length and width do not meet the model restrictions. ["
    private static let gif =
        Data("GIF89a".utf8) + Data([64, 0, 64, 0, 0, 0, 0, 0x2C, 0, 0, 0, 0, 64, 0, 64, 0, 0, 2, 2, 0x44, 1, 0, 0x3B])
    private static let tooLong =
        "data:image/png;base64," + String(repeating: "A", count: 10_485_760 - "data:image/png;base64,".count + 1)

    @Test(arguments: shape + ranges + images)
    func `a bad request is refused as the vendor refuses it`(refusal: Refusal) throws {
        let error = #expect(throws: SimulatedError.self) { try ChatRequest(body: refusal.body) }
        #expect(error?.status == refusal.status)
        #expect(error?.code == refusal.code)
        #expect(error?.type == "invalid_request_error")
        #expect(error?.message.contains(refusal.words) == true, "\(error?.message ?? "")")
    }

    @Test(
        arguments: [
            ("temperature", .double(1.99)), ("temperature", .int(0)), ("top_p", .int(1)), ("top_k", .int(0)),
            ("top_k", .null), ("presence_penalty", .int(-2)), ("max_tokens", .int(1)), ("max_tokens", .int(32768)),
            ("n", .int(4)), ("seed", .int(2_147_483_647)), ("stream", .bool(false)), ("unknown", "anything"),
            ("model", "simulated"), ("model", "qwen-vl-max"),
        ] as [(String, JSONValue)])
    func `what is just in range is taken`(name: String, value: JSONValue) throws {
        let request = try ChatRequest(body: Self.changed(name, value))
        #expect(request.images.count == 1)
    }

    @Test(arguments: [(11, 11), (2200, 11), (11, 2200), (4000, 3000)])
    func `sides above 10 and a ratio up to 200 are taken`(width: Int, height: Int) throws {
        let request = try ChatRequest(body: ChatBody.make([ChatBody.text, ChatBody.image(width, height)]))
        #expect(request.images.first?.width == width)
        #expect(request.images.first?.height == height)
    }

    @Test func `text, system message and images are told apart, and remote images are taken unseen`() throws {
        let body = ChatBody.make(
            with: [
                "messages": .array([
                    Self.message("system", "Be brief."),
                    Self.message("user", .array([ChatBody.text, ChatBody.image("https://example.com/a.jpg")])),
                ])
            ])
        let request = try ChatRequest(body: body)
        #expect(request.system == ["Be brief."])
        #expect(request.texts == ["Describe this."])
        #expect(request.images.map(\.url) == ["https://example.com/a.jpg"])
    }
}

extension JSONValue: ExpressibleByStringLiteral {
    init(stringLiteral value: String) { self = .string(value) }
}
