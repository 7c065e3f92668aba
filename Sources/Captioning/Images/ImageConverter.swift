public import Foundation

/// Decodes, scales, turns and encodes images: the wall around a library that does.
public protocol ImageConverter: Sendable {
    /// Why nothing can be converted on this machine, and what to do about it; nil when all is well.
    var obstacle: String? { get }

    /// Converts one image: upright, 8-bit sRGB, on white, the first frame of several.
    ///
    /// Waits until a processor is free for it.
    /// - Returns: nil when only a transparent image was to be converted and this one is opaque.
    /// - Throws: `Failure` of kind `unreadableImage`.
    func convert(_ data: Data, _ order: ConversionOrder) async throws(Failure) -> ConvertedImage?

    /// The image upright and in grey, brought to a size whatever its shape; one byte a pixel, row after row.
    ///
    /// - Throws: `Failure` of kind `unreadableImage`.
    func greyPixels(of data: Data, size: PixelSize) async throws(Failure) -> [UInt8]
}

/// What a converter is to do.
public struct ConversionOrder: Hashable, Sendable {
    /// What the result is encoded as.
    public enum Output: Hashable, Sendable {
        /// JPEG.
        case jpeg
        /// PNG.
        case png
        /// Whichever of the two is smaller.
        case smaller
    }

    /// What is known of the image.
    public var header: ImageHeader
    /// The size of the result, upright; nil keeps the image's own.
    public var size: PixelSize?
    /// What the result is encoded as.
    public var output: Output
    /// The quality of a JPEG, 1 to 100.
    public var quality: Int
    /// Whether an image without a transparent pixel is to be left alone.
    public var onlyIfTransparent: Bool

    /// An order.
    public init(
        header: ImageHeader, size: PixelSize? = nil, output: Output = .jpeg, quality: Int = 85,
        onlyIfTransparent: Bool = false
    ) {
        self.header = header
        self.size = size
        self.output = output
        self.quality = quality
        self.onlyIfTransparent = onlyIfTransparent
    }

    /// By how much a JPEG can be reduced while it is decoded, 1, 2, 4 or 8, and be no smaller than the result.
    public var decodingShrink: Int {
        guard header.format == .jpeg, let size else { return 1 }
        let upright = header.uprightSize
        return [8, 4, 2].first { upright.width / $0 >= size.width && upright.height / $0 >= size.height } ?? 1
    }

    /// More pixels than these are not decoded: a few bytes may claim any number.
    public static let mostPixels = 100_000_000

    /// The most pixels of an image that is opened: a JPEG in one pass is decoded row by row, and reduced on the way.
    public static func mostPixels(of header: ImageHeader) -> Int {
        header.format == .jpeg && !header.isProgressive ? 4 * mostPixels : mostPixels
    }

    /// Longer than this no image may take.
    public static let longest = Duration.seconds(30)
}

/// A converted image.
public struct ConvertedImage: Hashable, Sendable {
    /// The file's bytes.
    public var data: Data
    /// JPEG or PNG.
    public var format: ImageFormat
    /// Its size.
    public var size: PixelSize

    /// An image.
    public init(data: Data, format: ImageFormat, size: PixelSize) {
        self.data = data
        self.format = format
        self.size = size
    }
}
