/// One image, or one group of images, with one prompt: what one request asks.
public struct Item: Hashable, Sendable {
    /// The store's number of an item.
    public struct ID: Hashable, Sendable, Codable {
        /// The row number, from 1.
        public let rawValue: Int64

        /// Wraps a row number.
        public init(_ rawValue: Int64) {
            self.rawValue = rawValue
        }
    }

    /// Where the image comes from.
    public enum Kind: String, Hashable, Sendable, Codable {
        /// A file, on disk or in an archive.
        case file
        /// A remote image that the provider downloads.
        case url
        /// Several files in one request.
        case group
    }

    /// What stays the same from run to run, and so finds the item's results again.
    public struct Key: Hashable, Sendable {
        /// Where the image comes from.
        public var kind: Kind
        /// The path relative to the job's root, the URL, or the group's name.
        public var image: ImageName
        /// The prompt's id.
        public var promptID: String

        /// A key.
        public init(kind: Kind, image: ImageName, promptID: String) {
            self.kind = kind
            self.image = image
            self.promptID = promptID
        }
    }

    /// The store's number.
    public var id: ID
    /// What stays the same from run to run.
    public var key: Key
    /// The place in the plan, from 0: exports come in this order, and `{{index}}` is one more than the image's place.
    public var position: Int
    /// What a manifest says of the image, by column; empty for an image that no manifest names.
    public var variables: [String: String] = [:]

    /// An item.
    public init(id: ID, key: Key, position: Int) {
        self.id = id
        self.key = key
        self.position = position
    }
}
