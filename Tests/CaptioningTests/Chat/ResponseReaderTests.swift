import Foundation
import Testing

@testable import Captioning

struct ResponseReaderTests {
    typealias Answer = (path: String, caption: String, reasoning: String?)

    static let answers: [Answer] = [
        ("dashscope/200-one-image.json", "A woman and her dog sit on a beach at sunset and touch palm to paw.", nil),
        ("dashscope/200-two-images.json", "The first image shows a woman with a dog, the second a tiger.", nil),
        (
            "dashscope/200-thinking.json", "A woman and a dog on a beach.",
            "The picture shows sand and water, so this is a beach."
        ),
        ("gateway/200-nul.json", "A sign that says \u{FFFD}OK.", nil),
        ("gateway/200-parts.json", "A small bird.", "It is small."),
        ("ollama/200-no-finish.json", "A grey cat.", "It has whiskers."),
        ("openai/200-caption.json", "A red bicycle leans against a wall.", nil),
        ("sglang/200-top-level-reasoning.json", "A boat.", nil),
        ("vllm/200-nan.json", "A bowl.", nil),
        ("vllm/200-null-details.json", "A bowl of fruit.", nil),
        ("vllm/200-think.json", "A bowl of apples.", "The bowl holds apples."),
        ("vllm/200-think-unopened.json", "A bowl of apples.", "The bowl holds apples."),
    ]

    typealias Row = (path: String, kind: Failure.Kind, label: String, caption: String?)

    static let failures: [Row] = [
        ("azure/200-content-filter.json", .filtered, "content_filter", ""),
        ("dashscope/200-length.json", .truncated, "truncated", "A long street with"),
        ("dashscope/200-length-thinking.json", .truncated, "truncated", ""),
        ("dashscope/200-only-reasoning.json", .transient, "empty_answer", ""),
        ("gateway/200-login.html", .transient, "unreadable_reply", nil),
        ("gateway/200-no-choices.json", .transient, "no_choices", ""),
        ("gateway/200-null-content.json", .transient, "empty_answer", ""),
        ("gateway/200-stream.txt", .transient, "unreadable_reply", nil),
        ("gateway/200-tool-calls.json", .transient, "empty_answer", ""),
        ("lmstudio/200-error.json", .transient, "error_in_reply", nil),
        ("ollama/200-empty.json", .transient, "empty_answer", ""),
        ("openai/200-refusal.json", .filtered, "model_refusal", ""),
        ("openrouter/200-choice-error.json", .unavailable, "http_502", "A bo"),
        ("openrouter/200-rate-limit.json", .rateLimited, "rate_limited", nil),
        ("sglang/200-abort.json", .transient, "aborted", "A bo"),
        ("vllm/200-think-unclosed.json", .truncated, "truncated", ""),
    ]

    @Test(arguments: answers)
    func `an answer is read`(answer: Answer) throws {
        guard case .completed(let completion) = try ChatFixture(answer.path).reading().outcome else {
            Issue.record("not completed")
            return
        }
        #expect(completion.caption == answer.caption)
        #expect(completion.reasoning == answer.reasoning)
    }

    @Test(arguments: failures)
    func `a success that is none fails and keeps what was paid for`(row: Row) throws {
        let outcome = try ChatFixture(row.path).reading().outcome
        #expect(outcome.failure?.kind == row.kind)
        #expect(outcome.failure?.label == row.label)
        #expect(outcome.completion?.caption == row.caption)
    }

    @Test func `every fixture is in a table`() throws {
        let named =
            Self.answers.map(\.path) + Self.failures.map(\.path) + DialectTests.dashScope.map(\.path)
            + DialectTests.others.map(\.path) + ["dashscope/200-partial.json"]
        #expect(Set(try ChatFixture.all().map(\.path)).subtracting(named).isEmpty)
    }

    @Test func `an answer cut by the server's time limit is kept as partial`() throws {
        let headers = [("X-DashScope-PartialResponse", "true")]
        let outcome = try ChatFixture("dashscope/200-partial.json", headers: headers).reading().outcome
        #expect(outcome.failure?.kind == .cutShort)
        #expect(outcome.failure?.label == "cut_short")
        #expect(outcome.completion?.caption == "A long street with")
        guard case .completed = try ChatFixture("dashscope/200-partial.json").reading().outcome else {
            Issue.record("complete without the header")
            return
        }
    }

    @Test func `a truncated answer tells how to go on`() throws {
        let cut = try #require(try ChatFixture("dashscope/200-length.json").reading().outcome.failure)
        #expect(cut.detail.contains("Raise max_tokens"))
        #expect(cut.detail.contains("caption retry SPEC --code truncated"))
        let thinking = try #require(try ChatFixture("dashscope/200-length-thinking.json").reading().outcome.failure)
        #expect(thinking.detail.contains("Thinking took all"))
    }

    @Test func `usage is read as far as it goes`() throws {
        func usage(_ path: String) throws -> Usage? { try ChatFixture(path).reading().outcome.completion?.usage }
        #expect(
            try usage("dashscope/200-one-image.json")
                == Usage(promptTokens: 1259, completionTokens: 21, totalTokens: 1280))
        #expect(
            try usage("dashscope/200-two-images.json")
                == Usage(promptTokens: 2509, completionTokens: 34, totalTokens: 2543))
        #expect(
            try usage("dashscope/200-thinking.json")
                == Usage(
                    promptTokens: 2520, completionTokens: 777, totalTokens: 3297, imageTokens: 2503,
                    reasoningTokens: 539))
        #expect(try usage("openai/200-caption.json")?.cachedTokens == 1024)
        #expect(try usage("openai/200-caption.json")?.reasoningTokens == 0)
        #expect(
            try usage("sglang/200-top-level-reasoning.json")
                == Usage(promptTokens: 12, completionTokens: 30, reasoningTokens: 25))
        #expect(try usage("sglang/200-abort.json") == Usage(promptTokens: 12, totalTokens: 12, reasoningTokens: 3))
        #expect(
            try usage("openrouter/200-choice-error.json")
                == Usage(promptTokens: 100, completionTokens: 2, totalTokens: 102))
    }

    /// What a reply's usage is read as; nil counts are not reported.
    static let usages: [(json: String, usage: Usage, isImplausible: Bool)] = [
        (#"{"prompt_tokens": 12.0, "completion_tokens": "3"}"#, Usage(promptTokens: 12, completionTokens: 3), false),
        (
            #"{"input_tokens": 12, "output_tokens": 3, "output_tokens_details": {"reasoning_tokens": 1}}"#,
            Usage(promptTokens: 12, completionTokens: 3, reasoningTokens: 1), false
        ),
        (#"{"input_tokens": 12, "image_tokens": 9}"#, Usage(promptTokens: 12, imageTokens: 9), false),
        (#"{"prompt_tokens": null, "completion_tokens": 1.5, "total_tokens": "many"}"#, Usage(), false),
        (#"{"prompt_tokens": [1], "completion_tokens": {"a": 1}, "total_tokens": true}"#, Usage(), false),
        (#"[1, 2]"#, Usage(), false),
        (#"{"prompt_tokens": 1000000000}"#, Usage(promptTokens: 1_000_000_000), false),
        (#"{"prompt_tokens": 1000000001, "completion_tokens": 3}"#, Usage(completionTokens: 3), true),
        (#"{"prompt_tokens": 9223372036854775807}"#, Usage(), true),
        (#"{"prompt_tokens": 9223372036854775808}"#, Usage(), true),
        (#"{"prompt_tokens": 4611686018427387904, "total_tokens": 5}"#, Usage(totalTokens: 5), true),
        (#"{"prompt_tokens": "9223372036854775807"}"#, Usage(), true),
        (#"{"prompt_tokens": -1, "completion_tokens": -9223372036854775808}"#, Usage(), false),
        (#"{"prompt_tokens": 1e300, "completion_tokens": -1e300}"#, Usage(), true),
        // What JSON itself does not know is mended to null.
        (#"{"prompt_tokens": NaN, "completion_tokens": 1e400}"#, Usage(), false),
    ]

    @Test(arguments: usages)
    func `a count that cannot be is not reported, and costs neither the caption nor the run`(
        row: (json: String, usage: Usage, isImplausible: Bool)
    ) {
        let body = #"{"choices": [{"message": {"content": "a dog"}}], "usage": \#(row.json)}"#
        let reading = ResponseReader(dialect: .dialect(for: .custom, host: "example.com")).reading(
            of: HTTPReply(status: 200, body: Data(body.utf8)), now: .now)
        var expected = row.usage
        expected.isImplausible = row.isImplausible
        #expect(reading.outcome == .completed(Completion(caption: "a dog", usage: expected)))
    }

    @Test func `model and finish reason are in the provider's word`() throws {
        let completion = try ChatFixture("dashscope/200-one-image.json").reading().outcome.completion
        #expect(completion?.model == "qwen-vl-plus")
        #expect(completion?.finishReason == "stop")
        #expect(try ChatFixture("ollama/200-no-finish.json").reading().outcome.completion?.finishReason == nil)
    }

    @Test(arguments: [
        (#"{"request_id":"b","id":"i"}"#, "h", "r", "b"), (#"{"id":"i"}"#, "h", "r", "h"),
        (#"{"id":"i"}"#, nil, "r", "r"),
        (#"{"id":"i"}"#, nil, nil, "i"), ("{}", nil, nil, nil), ("<html>", "h", nil, "h"),
    ])
    func `the request id is taken from the best place`(body: String, x: String?, plain: String?, id: String?) {
        let headers = [("X-Request-Id", x), ("request-id", plain)].compactMap { name, value in
            value.map { (name: name, value: $0) }
        }
        let reader = ResponseReader(dialect: .dialect(for: .custom, host: ""))
        for status in [200, 400, 500] {
            let reply = HTTPReply(status: status, headers: headers, body: Data(body.utf8))
            #expect(reader.reading(of: reply, now: .distantPast).requestID == id)
        }
    }

    @Test func `an error that asks to wait keeps the wait, even under a success`() throws {
        for path in ["openrouter/200-rate-limit.json", "litellm/429-rpm.json"] {
            let fixture = ChatFixture(path, headers: [("Retry-After", "7")])
            #expect(try fixture.reading().outcome.failure?.retryAfter == .seconds(7))
        }
    }

    @Test(arguments: [
        ("b", nil, "b"), ("<think>a</think>b", "a", "b"), (" \n<THINK>a</THINK>\n b ", "a", "b"), ("<think>a", "a", ""),
        ("a</think>b", "a", "b"), ("<think></think>b", nil, "b"), ("<think>a</think><think>c</think>b", "a\nc", "b"),
        ("A sign: <think>a</think>", nil, "A sign: <think>a</think>"), ("</think>b", nil, "b"), ("", nil, ""),
    ])
    func `a chain of thought never lands in the caption`(text: String, thought: String?, answer: String) {
        let split = Reasoning.split(text)
        #expect(split.thought == thought)
        #expect(split.answer == answer)
    }

    @Test(arguments: try ChatFixture.all())
    func `no prefix of a reply crashes the reader or becomes a caption`(fixture: ChatFixture) throws {
        let body = try fixture.body()
        let whole = try fixture.reading().outcome.completion?.caption
        let reader = ResponseReader(dialect: fixture.dialect)
        let letters = Set("abcdefghijklmnopqrstuvwxyz0123456789_.")
        for length in body.indices {
            let prefix = body.prefix(length)
            // A broken error takes the same way through the dialect at every length; parsing it is enough for most.
            guard fixture.status == 200 || length.isMultiple(of: 16) else {
                _ = ErrorBody(parsing: prefix)
                continue
            }
            for status in Set([200, fixture.status]) {
                let outcome = reader.reading(of: HTTPReply(status: status, body: prefix), now: .distantPast).outcome
                if let failure = outcome.failure {
                    // Plain conditions, because the macro is too slow for every byte.
                    if failure.label.isEmpty || !letters.isSuperset(of: failure.label) {
                        Issue.record("label \(failure.label) at \(length)")
                    }
                } else if outcome.completion?.caption != whole {
                    Issue.record("caption changed at \(length)")
                }
            }
        }
    }

    @Test(arguments: [
        #"{"choices":[{"message":{"content":"x"},"n":1e400}]}"#,
        #"{"choices":[{"message":{"content":"x"}}],"n":123456789012345678901234567890}"#,
        #"{"choices":[{"message":{"content":"x"}}],"usage":{"prompt_tokens":-1e30,"completion_tokens":"x"}}"#,
        #"{"choices":[{"message":{"content":"x"}}],"usage":7,"model":{},"id":[],"created":-0}"#,
        "\u{FEFF}{\"choices\":[{\"message\":{\"content\":\"x\"}}],\"s\":\"\\ud83d\",\"t\":\"a\tb\"}",
    ])
    func `odd numbers and texts beside the caption do not cost it`(body: String) {
        let reader = ResponseReader(dialect: .dialect(for: .custom, host: ""))
        let reading = reader.reading(of: HTTPReply(status: 200, body: Data(body.utf8)), now: .distantPast)
        #expect(reading.outcome == .completed(Completion(caption: "x")))
    }

    @Test func `bytes that are no UTF-8 and pairs of surrogates are survived`() {
        let body = Data(#"{"choices":[{"message":{"content":"a \ud83d\ude00 b "#.utf8) + [0xFF] + Data(#""}}]}"#.utf8)
        let reader = ResponseReader(dialect: .dialect(for: .custom, host: ""))
        let reading = reader.reading(of: HTTPReply(status: 200, body: body), now: .distantPast)
        #expect(reading.outcome.completion?.caption == "a 😀 b \u{FFFD}")
    }

    @Test func `nesting without end is unreadable and no crash`() {
        let reader = ResponseReader(dialect: .dialect(for: .custom, host: ""))
        for open in ["[", #"{"a":"#, #"{"choices":["#] {
            let body = Data(String(repeating: open, count: 100_000).utf8)
            let reading = reader.reading(of: HTTPReply(status: 200, body: body), now: .distantPast)
            #expect(reading.outcome.failure?.label == "unreadable_reply")
        }
    }
}
