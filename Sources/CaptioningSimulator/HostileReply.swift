import Captioning
import Foundation

/// A reply as bytes, such as no server sends that means well.
struct HostileReply {
    /// Everything that goes out.
    let bytes: Data
    /// The status, as the books count it.
    let status: Int
    /// Whether it is a good, whole answer.
    let isAnswer: Bool

    /// What terminals obey: a cleared screen, a window's title, the clipboard (OSC 52), a bell, C1 controls, text that runs
    /// backwards, and line breaks that make a message look like two.
    static let controls =
        "\u{1B}[2J\u{1B}[31m\u{1B}]0;owned\u{7}\u{1B}]52;c;b3duZWQ=\u{7}\u{9B}1m\u{202E}desrever\u{202C}\u{2066}\r"
        + "\n24 of 24 done, 0 failed\u{8}\u{85}\u{2028}\u{200B}\u{7F}"
    /// The same, as far as HTTP lets it into a header.
    private static let headerControls = "\u{9B}1m\u{202E}desrever\u{85}\u{2028}"
    /// Where a text goes that is written as it is, escapes included.
    private static let blank = "@@@"
    private static let shortBlank = "@@key@@"

    init(to call: Completions.Call, fault: Fault, answer: SimulatedAnswer, key: String, created: Int) {
        var status = 200
        var headers = call.headers
        var texts: (long: String, short: String)?
        var usage: String?
        switch fault {
        case .usage: usage = Self.counts[Int(call.digest.first ?? 0) % Self.counts.count]
        case .controls, .controlsError:
            let text = Self.escaped(Self.controls)
            texts = (text, text)
            headers = [("x-request-id", call.id + Self.headerControls)]
        case .echo, .echoError:
            texts = (Self.echoes(of: key), Self.escaped(key))
            headers = [("x-request-id", key), ("x-echo", "Bearer \(key)")]
        default: break
        }
        let isAnswer = ![.zeroStatus, .interim, .headers, .controlsError, .echoError].contains(fault)
        var body: String
        if isAnswer {
            let id = "chatcmpl-\(call.id)"
            let isMarked = texts != nil
            let marked = isMarked ? answer.marked(Self.blank) : answer
            body = String(decoding: marked.body(id: isMarked ? id + Self.blank : id, created: created), as: UTF8.self)
            // The last member, by the order of the names.
            if let usage, let member = body.firstRange(of: "\"usage\":") {
                body = body[..<member.upperBound] + usage + "}"
            }
        } else {
            status = fault == .zeroStatus ? 0 : fault == .interim ? 100 : fault == .headers ? 200 : 400
            let error = SimulatedError(
                status, code: Self.shortBlank, "Range of input length should be [1, 2] \(Self.blank)")
            body = String(decoding: error.body(requestID: call.id + Self.blank), as: UTF8.self)
        }
        body = body.replacing(Self.blank, with: texts?.long ?? "").replacing(Self.shortBlank, with: texts?.short ?? "")
        let reply = Self.reply(status: status, headers: headers, body: body)
        self.status = status
        self.isAnswer = isAnswer
        bytes =
            switch fault {
            case .interim: Data(String(repeating: "HTTP/1.1 100 Continue\r\n\r\n", count: 10_000).utf8)
            case .headers: Data(("HTTP/1.1 200 OK\r\n" + String(repeating: "x-a: b\r\n", count: 1_000_000)).utf8)
            case .twice: reply + reply
            default: reply
            }
    }

    /// Token counts that cannot be, as JSON.
    private static let counts = [
        #"{"prompt_tokens":9223372036854775807,"completion_tokens":9223372036854775807,"total_tokens":9223372036854775807}"#,
        #"{"prompt_tokens":4611686018427387904,"completion_tokens":4611686018427387904}"#,
        #"{"prompt_tokens":9223372036854775808,"completion_tokens":1e300,"total_tokens":-9223372036854775808}"#,
        #"{"prompt_tokens":-1,"completion_tokens":-5,"total_tokens":9007199254740993}"#,
        #"{"prompt_tokens":"9223372036854775807","completion_tokens":"many","total_tokens":1.5}"#,
        #"{"input_tokens":9223372036854775807,"output_tokens":"7"}"#,
        #"{"prompt_tokens":NaN,"completion_tokens":1e999,"total_tokens":[1]}"#,
        "9223372036854775807",
    ]

    /// The key in many forms, as the text between the quotes of a JSON string.
    private static func echoes(of key: String) -> String {
        let bytes = Array(key.utf8)
        func digits(_ byte: UInt8) -> String { (byte < 16 ? "0" : "") + String(byte, radix: 16) }
        func each(_ write: (UInt8) -> String) -> String { bytes.map(write).joined() }
        let base64 = (0..<3).map { (Data(count: $0) + bytes).base64EncodedString() }
        return
            ([
                key, each { "\\u00" + digits($0) }, each { "\\\\u00" + digits($0) }, each { "%" + digits($0) },
                each { "&#\($0);" }, each(digits), each { "\\u00" + digits($0) + "\\u0000" },
                each { "\\u00" + digits($0) + "\\u200b" },
            ] + base64).joined(separator: " ")
    }

    private static func escaped(_ text: String) -> String {
        String(String(decoding: JSONValue.string(text).canonicalData, as: UTF8.self).dropFirst().dropLast())
    }

    private static func reply(status: Int, headers: [(String, String)], body: String) -> Data {
        let number = String(String(1000 + status).dropFirst())
        let lines =
            ["HTTP/1.1 \(number) Status", "content-type: application/json", "content-length: \(body.utf8.count)"]
            + headers.map { "\($0.0): \($0.1)" } + ["connection: close"]
        return Data((lines.joined(separator: "\r\n") + "\r\n\r\n" + body).utf8)
    }
}
