import Foundation
import Testing

@testable import Captioning

/// No key gets past, however it is written.
struct SecretsTests {
    static let key = "sk-Se/cret+Key42"
    private let secrets = Secrets([Self.key])

    /// The key as a server might write it, by name.
    static let forms: [(name: String, text: String)] = {
        let bytes = Array(key.utf8)
        func each(_ write: (UInt8) -> String) -> String { bytes.map(write).joined() }
        func hex(_ byte: UInt8) -> String { (byte < 16 ? "0" : "") + String(byte, radix: 16) }
        func base64(_ text: String) -> String { Data(text.utf8).base64EncodedString() }
        let wide: [UInt8] = bytes.flatMap { [$0, 0] }
        return [
            ("as it is", key), ("header", "Bearer \(key)"), ("JSON", each { "\\u00" + hex($0) }),
            ("JSON, upper case", each { "\\u00" + hex($0).uppercased() }),
            ("JSON in JSON", each { "\\\\u00" + hex($0) }), ("slash escaped", key.replacing("/", with: "\\/")),
            ("slash escaped twice", key.replacing("/", with: "\\\\\\/")),
            ("one character escaped", key.replacing("-", with: "\\u002d")), ("hex escapes", each { "\\x" + hex($0) }),
            ("percent", each { "%" + hex($0) }), ("percent, twice", each { "%25" + hex($0) }),
            ("percent where needed", key.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""),
            ("HTML, decimal", each { "&#\($0);" }), ("HTML, hexadecimal", each { "&#x\(hex($0));" }),
            ("percent of JSON", each { "%5Cu00" + hex($0) }), ("hexadecimal", each(hex)),
            ("hexadecimal, upper case", each(hex).uppercased()), ("base64", base64(key)),
            ("base64 after one", base64("." + key + "..")), ("base64 after two", base64("ab" + key + ".")),
            ("base64 of the header", base64("Authorization: Bearer \(key)\r\n")),
            ("basic login", base64("user:\(key)")),
            ("base64url", base64("?>" + key + "?").replacing("+", with: "-").replacing("/", with: "_")),
            ("base64 of UTF-16", Data(wide).base64EncodedString()),
            ("base64 of UTF-16, big end first", Data([0] + Array(wide.dropLast())).base64EncodedString()),
            (
                "base64 in lines",
                base64("xyz" + key).enumerated().map { ($0 % 9 == 8 ? "\r\n" : "") + "\($1)" }.joined()
            ),
            ("UTF-16", String(decoding: wide, as: UTF8.self)),
            ("UTF-16, replaced", each { "\u{FFFD}\(UnicodeScalar($0))" }),
            ("zero width", each { "\(UnicodeScalar($0))\u{200B}" }), ("bidi", each { "\u{202E}\(UnicodeScalar($0))" }),
            ("soft hyphens", each { "\(UnicodeScalar($0))\u{AD}" }), ("colors", each { "\(UnicodeScalar($0))\u{7}" }),
        ]
    }()

    @Test(arguments: forms)
    func `a key is masked in every form, and what is around it stays`(form: (name: String, text: String)) {
        let scrubbed = secrets.scrubbed("a dög \(form.text), a cät")
        #expect(scrubbed.hasPrefix("a dög "))
        #expect(scrubbed.contains("***"))
        #expect(scrubbed.hasSuffix(", a cät"))
        // At most the few characters of base64 that the bytes beside the key decide as well.
        #expect(scrubbed.utf8.count <= "a dög ***, a cät".utf8.count + 48)
        // A text that was scrubbed once holds nothing more.
        #expect(secrets.scrubbed(scrubbed) == scrubbed)
        #expect(secrets.scrubbed(Data(form.text.utf8)) != Data(form.text.utf8))
    }

    @Test(arguments: [
        "a dog on a beach", "sk-Se/cret+Ke", "", "50% \\ & # \u{0} é", "%zz \\u12 &#; &#x; &#99999999999999999999; \\",
        "\u{1F600}\u{FFFD}", "k-Se/cret+Key42",
    ])
    func `other texts stay as they are`(text: String) {
        #expect(secrets.scrubbed(text) == text)
        #expect(secrets.scrubbed(Data(text.utf8)) == Data(text.utf8))
    }

    @Test(arguments: [
        "EMPTY", "ollama", "none", "sk-no-key-required", "lm-studio", "not-needed", "NOT_NEEDED", "no-key-required",
        "xxxxxxxxxxxx", "********", "your-api-key", "placeholder", "sk-1234", "token",
    ])
    func `a word that stands in place of a key is no secret`(word: String) {
        let text = "An \(word) box beside \(word)."
        #expect(Secrets([word]).scrubbed(text) == text)
    }

    @Test func `several keys are masked, also where they touch or begin alike`() {
        let secrets = Secrets(["sk-abcdefgh", "sk-abcdefghij", "token-12345"])
        #expect(secrets.scrubbed("sk-abcdefghijsk-abcdefghtoken-12345") == "***" + "***" + "***")
    }

    @Test func `it shows itself as a mask`() {
        var dumped = ""
        dump(secrets, to: &dumped)
        for text in ["\(secrets)", String(reflecting: secrets), dumped] {
            #expect(text.contains("***") && !text.contains("cret"))
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func `a reply that is nothing but keys takes a time that grows with its length alone`() {
        let text = String(repeating: Self.key, count: (1 << 20) / Self.key.utf8.count)
        #expect(secrets.scrubbed(text).allSatisfy { $0 == "*" })
        let almost = String(repeating: String(Self.key.dropLast()), count: (1 << 20) / Self.key.utf8.count)
        #expect(secrets.scrubbed(almost) == almost)
    }

    // MARK: - Replies

    private func reading(_ status: Int, headers: [(String, String)] = [], _ body: String) -> Reading {
        ResponseReader(dialect: .dialect(for: .custom, host: ""), secrets: secrets).reading(
            of: HTTPReply(status: status, headers: headers.map { (name: $0.0, value: $0.1) }, body: Data(body.utf8)),
            now: .distantPast)
    }

    @Test(arguments: forms)
    func `nothing that is read of a reply holds a key`(form: (name: String, text: String)) throws {
        let text = String(decoding: JSONValue.string(form.text).canonicalData, as: UTF8.self)
        let half = String(repeating: "x", count: 1_490)
        let readings = [
            reading(
                200,
                """
                {"id": \(text), "request_id": \(text), "model": \(text), "choices": [{"finish_reason": \(text),
                "message": {"content": \(text), "reasoning_content": \(text)}}]}
                """),
            reading(200, headers: [("X-Request-Id", form.text)], #"{"choices": [{"message": {"content": "ok"}}]}"#),
            reading(400, #"{"error": {"message": \#(text), "code": \#(text), "type": \#(text), "param": \#(text)}}"#),
            reading(400, #"{"error": {"message": "\#(half) \#(text.dropFirst())}}"#),
            reading(400, #"{"detail": [{"loc": ["body", \#(text)], "msg": \#(text)}]}"#),
            reading(401, form.text), reading(502, "<html><title>\(form.text)</title></html>"), reading(200, form.text),
        ]
        for reading in readings {
            let shown = String(describing: reading)
            #expect(shown == secrets.scrubbed(shown), "\(shown)")
            #expect(!shown.contains("cret"), "\(shown)")
        }
    }

    @Test func `a key that comes in pieces and is joined is masked`() {
        let reading = reading(
            200, #"{"choices": [{"message": {"content": [{"text": "a sk-Se/c"}, {"text": "ret+Key42 b"}]}}]}"#)
        #expect(reading.outcome.completion?.caption == "a *** b")
    }

    @Test func `a number that is the key costs no answer`() {
        let reading = ResponseReader(dialect: .dialect(for: .custom, host: ""), secrets: Secrets(["1234567890"]))
            .reading(
                of: HTTPReply(
                    status: 200,
                    body: Data(#"{"created": 1234567890, "choices": [{"message": {"content": "a dog"}}]}"#.utf8)),
                now: .distantPast)
        #expect(reading.outcome.completion?.caption == "a dog")
    }

    @Test func `a label that is made of a key is none`() {
        let reading = reading(400, #"{"error": {"code": "\#(Self.key)", "message": "no"}}"#)
        #expect(reading.outcome.failure?.label == "http_400")
    }
}
