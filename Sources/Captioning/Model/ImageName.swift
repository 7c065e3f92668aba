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

    /// The name as text, for data that cannot hold other bytes: what is not UTF-8 becomes U+FFFD.
    public var lossyText: String {
        String(decoding: bytes, as: UTF8.self)
    }

    /// The name for a person: on one line, fit for a terminal, and what is not UTF-8 replaced.
    public var display: String {
        TerminalText.fit(lossyText)
    }

    /// Orders names by their bytes.
    public static func < (left: ImageName, right: ImageName) -> Bool {
        left.bytes.lexicographicallyPrecedes(right.bytes)
    }
}
