import Foundation

/// Finds a key that somebody wrote into a URL: it would land in the store, in logs and in messages.
enum KeyInURL {
    /// Words that names of keys hold; `api-version` has none of them.
    private static let words: Set<String> = [
        "apikey", "auth", "authorization", "bearer", "credential", "credentials", "jwt", "key", "passwd", "password",
        "pwd", "secret", "sig", "signature", "token",
    ]

    /// What gives the key away, for a message: the name of a part of the query or of the fragment, or that some part looks
    /// like a key.
    ///
    /// Nil when there is none. The key itself is never in it.
    static func name(in url: String) -> String? {
        let parts = url.split(separator: /[?#]/, maxSplits: 1, omittingEmptySubsequences: false)
        let names = parts.dropFirst().first?.split(separator: /[&;#?]/).map { pair in
            let name = pair.prefix { $0 != "=" }
            return name.removingPercentEncoding ?? String(name)
        }
        if let name = names?.first(where: isKeyName) { return "'\(name)=…' in its query" }
        return ReplyText.redacted(url) == url ? nil : "a part that looks like a key"
    }

    private static func isKeyName(_ name: String) -> Bool {
        let letters = name.lowercased()
        let parts = letters.split { !$0.isLetter }.map(String.init)
        return parts.contains(where: words.contains)
            || ["key", "token", "secret", "password"].contains { parts.joined().hasSuffix($0) }
    }
}
