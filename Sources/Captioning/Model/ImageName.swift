/// The name under which an image (a path, a URL or a group) is planned, stored and exported: bytes, not text.
///
/// Linux file names are bytes; most are UTF-8 and some are not. Two names are equal when their bytes are, so that a
/// composed and a decomposed `é` stay two files. Ordered by bytes.
public struct ImageName: Hashable, Comparable, Sendable {
    /// The exact bytes, as on disk.
    public let bytes: [UInt8]

    /// A name of the given bytes.
    public init(bytes: some Sequence<UInt8>) {
        self.bytes = Array(bytes)
    }

    /// A name of the text's UTF-8 bytes.
    public init(_ text: String) {
        self.bytes = Array(text.utf8)
    }

    /// The name as text; nil when the bytes are not valid UTF-8.
    public var text: String? {
        String(validating: bytes, as: UTF8.self)
    }

    /// The name for a person: invalid bytes and control characters replaced, so that it stays on one line.
    public var display: String {
        let shown = String(decoding: bytes, as: UTF8.self).unicodeScalars.map { scalar in
            scalar.properties.generalCategory == .control ? "\u{FFFD}" : Character(scalar)
        }
        return String(shown)
    }

    /// Orders names by their bytes.
    public static func < (left: ImageName, right: ImageName) -> Bool {
        left.bytes.lexicographicallyPrecedes(right.bytes)
    }
}
