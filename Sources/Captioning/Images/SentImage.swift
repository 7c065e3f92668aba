/// What was sent of one image, beside what the file was.
public struct SentImage: Hashable, Sendable, Codable {
    /// A picture's outward facts.
    public struct Facts: Hashable, Sendable, Codable {
        /// The format.
        public var format: ImageFormat
        /// Pixels per row, upright.
        public var width: Int
        /// Rows, upright.
        public var height: Int
        /// The file's bytes.
        public var bytes: Int

        /// Facts.
        public init(format: ImageFormat, size: PixelSize, bytes: Int) {
            self.format = format
            width = size.width
            height = size.height
            self.bytes = bytes
        }

        /// The size.
        public var size: PixelSize { PixelSize(width: width, height: height) }
    }

    /// Something that was done to an image, or the reason for it.
    public enum Step: String, Hashable, Sendable, Codable, CaseIterable {
        /// It was turned upright.
        case turned
        /// It had more pixels than the model uses, or the spec allows.
        case scaled
        /// Its format was not what the provider takes, or the spec asks.
        case converted
        /// Only the first of its frames was taken.
        case still
        /// What was transparent became white.
        case flattened
        /// Its colours were brought to sRGB.
        case colours
        /// Its channels were brought to 8 bits.
        case depth
        /// It took more bytes than the provider takes.
        case compressed
        /// Its file did not end as it should.
        case repaired
        /// Places, cameras, comments were left out.
        case stripped
    }

    /// The file.
    public var original: Facts
    /// What was sent; the same as the file when nothing was done.
    public var sent: Facts
    /// What was done; empty when the file went out as it is.
    public var steps: [Step]

    /// An image.
    public init(original: Facts, sent: Facts, steps: [Step]) {
        self.original = original
        self.sent = sent
        self.steps = steps
    }
}
