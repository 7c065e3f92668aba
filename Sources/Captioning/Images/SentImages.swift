/// What was sent of the images of one request, as the store keeps and exports show it.
///
/// Of several images: their sizes and formats in the order of the request, with a space between, and their bytes together.
public struct SentImages: Hashable, Sendable, Codable {
    /// The size of the file, upright, such as `4032x3024`.
    public var imageSize: String
    /// The format of the file, such as `jpeg`.
    public var imageFormat: String
    /// The bytes of the file.
    public var imageBytes: Int
    /// The size that was sent.
    public var sentSize: String
    /// The format that was sent.
    public var sentFormat: String
    /// The bytes that were sent, before base64.
    public var sentBytes: Int
    /// What was done, as `SentImage.Step` names it, with a space between; empty when the file went out as it is.
    public var prepared: String

    /// What a store holds.
    public init(
        imageSize: String, imageFormat: String, imageBytes: Int, sentSize: String, sentFormat: String, sentBytes: Int,
        prepared: String
    ) {
        self.imageSize = imageSize
        self.imageFormat = imageFormat
        self.imageBytes = imageBytes
        self.sentSize = sentSize
        self.sentFormat = sentFormat
        self.sentBytes = sentBytes
        self.prepared = prepared
    }

    /// What was sent of a request's images; nil when there are none.
    init?(_ images: [SentImage]) {
        guard !images.isEmpty else { return nil }
        func joined(_ texts: [String]) -> String { texts.joined(separator: " ") }
        let steps = SentImage.Step.allCases.filter { step in images.contains { $0.steps.contains(step) } }
        self.init(
            imageSize: joined(images.map(\.original.size.text)),
            imageFormat: joined(images.map(\.original.format.rawValue)),
            imageBytes: images.reduce(0) { $0 + $1.original.bytes },
            sentSize: joined(images.map(\.sent.size.text)),
            sentFormat: joined(images.map(\.sent.format.rawValue)),
            sentBytes: images.reduce(0) { $0 + $1.sent.bytes }, prepared: joined(steps.map(\.rawValue)))
    }
}
