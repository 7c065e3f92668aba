public import Foundation

/// What the body of an error reply says, whatever its shape.
///
/// Reads a nested `error` object, `error` as a string, flat fields (`code`, `message`), FastAPI's `detail`, an array
/// around any of these (Gemini), and an error inside the first choice (OpenRouter). A body that is none of these gives
/// a `snippet` and nothing else.
public struct ErrorBody: Hashable, Sendable {
    /// The most telling code, in the provider's word, or the digits of a number; nil when there is none.
    public var code: String?
    /// The error's type, in the provider's word.
    public var type: String?
    /// The request parameter at fault; nil also when the server sent something other than a string.
    public var param: String?
    /// What the provider tells a person.
    public var message: String?
    /// The provider's name for the exchange: `request_id`, else `id`.
    public var requestID: String?
    /// More words for the fault: a code that a better one replaced, Azure's inner code, OpenRouter's limit source.
    public var otherCodes: [String] = []
    /// One readable line of a body in which no error could be found; nil when it was found or nothing is readable.
    public var snippet: String?

    /// Reads an error body; never fails, at worst every field is nil.
    public init(parsing body: Data) {
        self.init(JSONValue(reply: body), body: body)
    }

    /// Reads an error body that was parsed before; nil when it is no JSON.
    init(_ json: JSONValue?, body: Data) {
        self.init(json ?? .null)
        if message == nil && code == nil && type == nil { snippet = ReplyText.snippet(of: body) }
    }

    /// The error inside a reply whose status claims success; nil when there is none.
    init?(insideSuccess json: JSONValue) {
        let body = Self.unwrapped(json)
        let says = body["error"].map(Self.isMeaningful) ?? false
        let saysInChoice = Self.choiceError(in: body) != nil
        let isFlat = body["object"]?.string == "error"
        let isBare = body["choices"] == nil && (body["detail"] != nil || Self.isErrorCode(body["code"]))
        guard says || saysInChoice || isFlat || isBare else { return nil }
        self.init(body)
    }

    /// The status that the error itself names (`"code": 429`, `"code": "429"`); nil when the code is a word.
    var status: Int? {
        [code, type].compactMap { $0.flatMap { Int($0) } }.first { 300...599 ~= $0 }
    }

    private init(_ json: JSONValue) {
        let body = Self.unwrapped(json)
        requestID = ["request_id", "requestId", "id"].lazy.compactMap { ReplyText.nonEmpty(body[$0]?.string) }.first
        switch body["error"] ?? .null {
        case .object: read(body["error"] ?? .null)
        case .array(let errors): read(errors.first ?? .null)
        case .string(let text):
            read(body)
            if message == nil || message == text { message = ReplyText.nonEmpty(text) }
        default: read(Self.choiceError(in: body) ?? body)
        }
        promoteInnerCode()
    }

    private mutating func read(_ fields: JSONValue) {
        code = Self.word(fields["code"])
        type = Self.word(fields["type"]) ?? Self.word(fields["status"]).flatMap { Int($0) == nil ? $0 : nil }
        param = Self.word(fields["param"])
        message = ["message", "msg", "detail", "error_description"].lazy.compactMap { Self.text(fields[$0]) }.first
        if message == nil, let text = fields.string { message = ReplyText.nonEmpty(text) }
        otherCodes = [fields["innererror"]?["code"], fields["metadata"]?["limit_source"]].compactMap(Self.word)
        // OpenRouter tells what its upstream said only here.
        if let raw = ReplyText.nonEmpty(fields["metadata"]?["raw"]?.string) {
            let upstream = ReplyText.clipped(raw, bytes: 800)
            message = message.map { "\($0): \(upstream)" } ?? upstream
        }
    }

    /// DashScope wraps the code of the model service in the message: `<400> InternalError.Algo.InvalidParameter: …`.
    private mutating func promoteInnerCode() {
        guard let match = message?.prefixMatch(of: #/(?:<\d{3}>\s*)?InternalError\.Algo\.([A-Za-z.]+):/#) else {
            return
        }
        if let code { otherCodes.append(code) }
        code = String(match.output.1)
    }

    private static func unwrapped(_ json: JSONValue) -> JSONValue {
        if case .array(let elements) = json { elements.first ?? .null } else { json }
    }

    private static func choiceError(in body: JSONValue) -> JSONValue? {
        guard case .array(let choices) = body["choices"], let error = choices.first?["error"] else { return nil }
        return isMeaningful(error) ? error : nil
    }

    private static func isMeaningful(_ error: JSONValue) -> Bool {
        switch error {
        case .null, .bool(false), .string(""): false
        case .object(let members): !members.isEmpty
        case .array(let elements): !elements.isEmpty
        default: true
        }
    }

    private static func isErrorCode(_ code: JSONValue?) -> Bool {
        switch code {
        case .int(let number): number >= 300
        case .string(let word): !["", "200", "ok", "success"].contains(word.lowercased())
        default: false
        }
    }

    /// A short word; Python servers also print their `None`.
    private static func word(_ value: JSONValue?) -> String? {
        switch value {
        case .string(let text):
            ReplyText.nonEmpty(text).flatMap {
                ["none", "null"].contains($0.lowercased()) ? nil : ReplyText.clipped($0, bytes: 200)
            }
        case .int(let number): String(number)
        case .double(let number): Int(exactly: number).map { String($0) }
        default: nil
        }
    }

    private static func text(_ value: JSONValue?) -> String? {
        switch value {
        case .string(let text): return ReplyText.nonEmpty(text)
        case .array(let faults):
            let lines = faults.prefix(5).compactMap(fault)
            return lines.isEmpty ? nil : lines.joined(separator: "; ")
        case .object: return ["message", "msg", "error"].lazy.compactMap { text(value?[$0]) }.first
        default: return nil
        }
    }

    /// One validation fault of FastAPI: `body.seed: Input should be a valid integer`.
    private static func fault(_ value: JSONValue) -> String? {
        guard let message = ReplyText.nonEmpty(value["msg"]?.string ?? value["message"]?.string ?? value.string) else {
            return nil
        }
        guard case .array(let path) = value["loc"] else { return message }
        return path.compactMap(word).joined(separator: ".") + ": " + message
    }
}
