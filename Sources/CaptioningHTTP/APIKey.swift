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
}
