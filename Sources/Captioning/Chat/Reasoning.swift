import Foundation

/// Separates a chain of thought that a server left in the answer's text.
enum Reasoning {
    /// The thought, nil when there is none, and the answer that follows it.
    ///
    /// | text | thought | answer |
    /// |---|---|---|
    /// | `<think>a</think>b` | a | b |
    /// | `<think>a` (cut before the end) | a | |
    /// | `a</think>b` (the template swallowed the opening tag) | a | b |
    /// | `b` | nil | b |
    static func split(_ text: String) -> (thought: String?, answer: String) {
        // Most answers have no tag at all, and looking for one with care takes longer than all else of the reply.
        guard text.utf8.contains(UInt8(ascii: "<")) else { return (nil, ReplyText.cleaned(text)) }
        var thoughts: [Substring] = []
        var rest = text[...]
        while let open = rest.prefixMatch(of: #/(?i)\s*<think>/#) {
            rest = rest[open.range.upperBound...]
            if let close = rest.firstMatch(of: closingTag) {
                thoughts.append(rest[..<close.range.lowerBound])
                rest = rest[close.range.upperBound...]
            } else {
                thoughts.append(rest)
                rest = ""
            }
        }
        // A pair of tags in the middle of a text is part of what the image shows.
        if thoughts.isEmpty, let close = rest.firstMatch(of: closingTag),
            !rest[..<close.range.lowerBound].contains(#/(?i)<think>/#)
        {
            thoughts.append(rest[..<close.range.lowerBound])
            rest = rest[close.range.upperBound...]
        }
        let thought = ReplyText.nonEmpty(thoughts.joined(separator: "\n"))
        return (thought, ReplyText.cleaned(String(rest)))
    }

    private static var closingTag: Regex<Substring> { #/(?i)</think>/# }
}
