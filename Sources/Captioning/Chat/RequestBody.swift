import Foundation

/// A request's JSON, in parts: text as it is, and images that become base64 only while they are sent.
public struct RequestBody: Sendable {
    enum Segment: Sendable {
        case text(Data)
        case base64(ImageBuffer)
    }

    let segments: [Segment]

    /// The number of bytes on the wire.
    public let contentLength: Int

    init(segments: [Segment]) {
        self.segments = segments
        contentLength = segments.reduce(0) { total, segment in
            switch segment {
            case .text(let data): total + data.count
            case .base64(let buffer): total + Base64.length(of: buffer.count)
            }
        }
    }

    /// Lets go of the images.
    ///
    /// A body can be sent once; after that it is empty.
    public func discard() {
        for case .base64(let buffer) in segments { buffer.discard() }
    }

    /// The bytes on the wire, in pieces of at most about 256 KB.
    public func makeChunks() -> Chunks {
        Chunks(segments: segments)
    }

    /// A piece of the bytes on the wire, which becomes base64 where it is written to.
    public struct Chunk: Sendable {
        fileprivate let bytes: Data
        fileprivate let isEncoded: Bool

        /// The number of bytes on the wire.
        public var count: Int { isEncoded ? Base64.length(of: bytes.count) : bytes.count }

        /// Writes the piece.
        ///
        /// - `target`: At least `count` bytes.
        public func write(to target: UnsafeMutableRawBufferPointer) {
            bytes.withUnsafeBytes { source in
                if isEncoded { Base64.encode(source, into: target) } else { target.copyMemory(from: source) }
            }
        }
    }

    /// The bytes on the wire, in order.
    public struct Chunks: Sequence, IteratorProtocol, Sendable {
        /// Whole groups of three bytes, so that the pieces' base64 joins up without padding between.
        static let imageBytesPerChunk = 192 * 1024

        private let segments: [Segment]
        private var segment = 0
        private var offset = 0

        init(segments: [Segment]) {
            self.segments = segments
        }

        /// The next piece; nil at the end.
        public mutating func next() -> Chunk? {
            while segment < segments.count {
                switch segments[segment] {
                case .text(let data):
                    segment += 1
                    return Chunk(bytes: data, isEncoded: false)
                case .base64(let buffer):
                    guard let data = buffer.data, offset < data.count else {
                        segment += 1
                        offset = 0
                        continue
                    }
                    let start = data.startIndex + offset
                    let end = Swift.min(start + Self.imageBytesPerChunk, data.endIndex)
                    offset += end - start
                    return Chunk(bytes: data[start..<end], isEncoded: true)
                }
            }
            return nil
        }
    }
}
