import Foundation

/// A provider's key.
///
/// It shows itself as `***`; only the transport reads it.
public struct APIKey: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    let secret: String

    /// Takes a key as it stands in the environment; surrounding white space is dropped.
    ///
    /// - Returns: nil for a key that is empty or cannot stand in a header.
    public init?(_ text: String) {
        let trimmed = text.trimmingCharacters(in: .whitespacesAndNewlines)
        let isHeaderSafe = trimmed.utf8.allSatisfy { (0x21...0x7E).contains($0) }
        guard !trimmed.isEmpty, isHeaderSafe else { return nil }
        secret = trimmed
    }

    /// `***`.
    public var description: String { "***" }

    /// `***`.
    public var debugDescription: String { "***" }

    /// Shows nothing of the key.
    public var customMirror: Mirror { Mirror(self, children: []) }

    /// A reply's body without the key, should the server have echoed it.
    func scrubbed(_ body: Data) -> Data {
        var body = body
        let key = Data(secret.utf8)
        // Shorter keys would blank out ordinary words; no provider issues one.
        guard key.count >= 8 else { return body }
        while let range = body.range(of: key) { body.replaceSubrange(range, with: Data("***".utf8)) }
        return body
    }
}
