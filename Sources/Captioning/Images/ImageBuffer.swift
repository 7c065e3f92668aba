import Foundation
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

/// An image ready to be sent.
public struct ImagePayload: Sendable {
    /// The media type by the file's first bytes, such as `image/jpeg`.
    public var mediaType: String
    /// The size in pixels, as the header says.
    public var width: Int
    /// The size in pixels, as the header says.
    public var height: Int
    /// SHA-256 of the file, 32 bytes.
    public var digest: [UInt8]
    /// The file's bytes.
    public var buffer: ImageBuffer
}
