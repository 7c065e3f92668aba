import Foundation

/// Turns text that came over the wire into text that can be stored and shown.
enum ReplyText {
    /// The text without surrounding white space, and with every NUL replaced, which SQLite and CSV readers cut at.
    static func cleaned(_ text: String) -> String {
        let text = text.utf8.contains(0) ? text.replacing("\0", with: "\u{FFFD}") : text
        let scalars = text.unicodeScalars
        guard let first = scalars.first, let last = scalars.last else { return text }
        guard first.properties.isWhitespace || last.properties.isWhitespace else { return text }
        return text.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// The text cleaned, or nil when nothing is left of it.
    static func nonEmpty(_ text: String?) -> String? {
        guard let text else { return nil }
        let cleaned = cleaned(text)
        return cleaned.isEmpty ? nil : cleaned
    }

    /// At most `bytes` bytes of UTF-8, cut between characters and marked with an ellipsis.
    static func clipped(_ text: String, bytes: Int) -> String {
        guard text.utf8.count > bytes else { return text }
        var result = ""
        var room = bytes - "…".utf8.count
        for character in text {
            room -= character.utf8.count
            if room < 0 { break }
            result.append(character)
        }
        return result + "…"
    }

    /// The text without anything that looks like an API key; some servers repeat the key they refuse.
    static func redacted(_ text: String) -> String {
        guard ["sk-", "sess-", "AIza", "Bearer"].contains(where: text.contains) else { return text }
        return text.replacing(#/(sk-|sess-|AIza|Bearer\s+)[A-Za-z0-9_\-.*]{6,}/#) { "\($0.output.1)***" }
    }

    /// One readable line from a body that is no JSON of ours: the title or heading of a page, else its bare text.
    ///
    /// Nil when nothing readable is left.
    static func snippet(of body: Data) -> String? {
        let text = String(decoding: body.prefix(16_384), as: UTF8.self)
        let trimmed = text.trimmingCharacters(in: .whitespacesAndNewlines)
        guard trimmed.hasPrefix("<") else { return line(text) }
        return line(element("title", in: text)) ?? line(element("h1", in: text)) ?? line(withoutTags(text))
    }

    private static func line(_ text: String?) -> String? {
        guard let text else { return nil }
        let words = text.unicodeScalars.split { $0.properties.isWhitespace || $0.value < 32 || $0.value == 127 }.map(
            String.init)
        guard !words.isEmpty else { return nil }
        return clipped(words.joined(separator: " "), bytes: 300)
    }

    private static func element(_ name: String, in html: String) -> String? {
        guard let open = html.range(of: "<\(name)", options: .caseInsensitive),
            let start = html[open.upperBound...].firstIndex(of: ">"),
            let end = html[start...].range(of: "</\(name)", options: .caseInsensitive)
        else { return nil }
        return withoutTags(String(html[html.index(after: start)..<end.lowerBound]))
    }

    private static func withoutTags(_ html: String) -> String {
        let bare = html.replacing(#/(?is)<(script|style)\b.*?(?:</\1>|$)/#, with: " ").replacing(#/<[^>]*>/#, with: " ")
        let entities = [
            ("&nbsp;", " "), ("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&"),
        ]
        return entities.reduce(bare) { text, entity in text.replacing(entity.0, with: entity.1) }
    }
}
