/// The parts of a chat completion that this program uses; every one may be missing.
struct ChatReply {
    /// Whether there was a first choice at all.
    var hasChoice: Bool
    /// What the first choice says, and the usage; nil when the reply has neither.
    var completion: Completion?
    /// Why the model declined, in its words.
    var refusal: String?
    /// Whether the model wants a tool called.
    var callsTools: Bool
    /// The body's `request_id`.
    var requestID: String?
    /// The body's `id`.
    var id: String?

    /// Reads a reply; never fails.
    init(_ json: JSONValue) {
        requestID = ReplyText.nonEmpty(json["request_id"]?.string)
        id = ReplyText.nonEmpty(json["id"]?.string)
        let choice: JSONValue? =
            if case .array(let choices) = json["choices"], case .object = choices.first { choices.first } else { nil }
        hasChoice = choice != nil
        let message = choice?["message"]
        refusal = ReplyText.nonEmpty(message?["refusal"]?.string)
        callsTools = [message?["tool_calls"], message?["function_call"]].contains { $0 != nil && $0 != .null }
        let usage = Usage(reported: json["usage"])
        guard choice != nil || usage != Usage() else { return }

        var thoughts = [message?["reasoning_content"], message?["reasoning"]].map { Self.text($0) }
        let (thought, answer) = Reasoning.split(Self.text(message?["content"] ?? choice?["text"]) ?? "")
        thoughts += [Self.text(message?["content"], thoughts: true), thought]
        // Some servers send the same thought under both names.
        let distinct = thoughts.compactMap(ReplyText.nonEmpty).reduce(into: [String]()) { known, thought in
            if !known.contains(thought) { known.append(thought) }
        }
        let finish = ReplyText.nonEmpty(choice?["finish_reason"]?.string)
        completion = Completion(
            caption: answer,
            reasoning: distinct.isEmpty ? nil : distinct.joined(separator: "\n\n"),
            finishReason: finish == "null" ? nil : finish.map { ReplyText.clipped($0, bytes: 100) },
            model: ReplyText.nonEmpty(json["model"]?.string).map { ReplyText.clipped($0, bytes: 200) },
            usage: usage)
    }

    /// The text of a string, of a part, or of an array of parts in a row.
    ///
    /// `thoughts` takes the parts that are thinking in place of the others.
    private static func text(_ content: JSONValue?, thoughts: Bool = false) -> String? {
        switch content {
        case .string(let text): return thoughts ? nil : text
        case .array(let parts):
            let texts = parts.compactMap { text($0, thoughts: thoughts) }
            return texts.isEmpty ? nil : texts.joined()
        case .object(let part):
            let isThought = ["thinking", "reasoning"].contains(part["type"]?.string ?? "")
            guard isThought == thoughts else { return nil }
            return text(part["text"] ?? part["thinking"] ?? part["reasoning"])
        default: return nil
        }
    }
}
