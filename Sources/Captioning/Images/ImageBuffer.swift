public import Foundation
import Synchronization

/// The bytes of one image file, held until they have been sent and no longer.
///
/// A request spends most of its life waiting for the answer; its image need not sit in memory meanwhile.
public final class ImageBuffer: Sendable {
    /// The number of bytes, also after they were discarded.
    public let count: Int

    private let contents: Mutex<Data?>

    /// Holds the bytes.
    init(_ data: Data) {
        count = data.count
        contents = Mutex(data)
    }

    /// The bytes; nil once they were discarded.
    var data: Data? {
        contents.withLock { $0 }
    }

    /// Lets go of the bytes.
    func discard() {
        contents.withLock { $0 = nil }
    }
}

/// An image as its file has it.
public struct LoadedImage: Sendable {
    /// The file's bytes.
    public var data: Data
    /// What they say of themselves.
    public var header: ImageHeader
    /// SHA-256 of the file, 32 bytes: the image's identity, whatever is sent of it.
    public var digest: [UInt8]
}

/// An image ready to be sent.
public struct ImagePayload: Sendable {
    /// The bytes that are sent.
    public var buffer: ImageBuffer
    /// What they are, beside what the file was.
    public var record: SentImage

    /// An image of which other bytes may be sent than its file has.
    ///
    /// - `converted`: What is sent; nil sends the file as it is.
    /// - `steps`: What was done.
    public init(_ image: LoadedImage, sending converted: ConvertedImage? = nil, steps: [SentImage.Step] = []) {
        let original = SentImage.Facts(
            format: image.header.format, size: image.header.uprightSize, bytes: image.data.count)
        let sent = converted.map { SentImage.Facts(format: $0.format, size: $0.size, bytes: $0.data.count) }
        buffer = ImageBuffer(converted?.data ?? image.data)
        record = SentImage(original: original, sent: sent ?? original, steps: steps)
    }

    /// The media type, such as `image/jpeg`.
    public var mediaType: String { record.sent.format.mediaType }
}
