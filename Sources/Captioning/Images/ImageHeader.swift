public import Foundation

/// What an image file says about itself in its first bytes: format, size, whether it moves.
///
/// Nothing is decoded, so a header is no promise that the pixels behind it are whole.
public struct ImageHeader: Hashable, Sendable {
    /// The format, by content.
    public let format: ImageFormat
    /// Pixels per row as stored, before any rotation that metadata asks for; at least 1.
    public let width: Int
    /// Rows of pixels as stored, before any rotation that metadata asks for; at least 1.
    public let height: Int
    /// Whether the file holds a film: a GIF with several frames, an animated WebP or PNG, an image sequence.
    public let isAnimated: Bool

    /// How the picture is to be turned to stand upright, 1 (not at all) to 8 as EXIF numbers it.
    ///
    /// Always 1 for HEIC and AVIF, whose decoders turn it themselves.
    public var orientation = 1
    /// Whether a HEIC or AVIF decoder turns it by a quarter, so that its sides change places.
    public var isTurnedByDecoder = false
    /// Whether pixels may be transparent.
    public var hasAlpha = false
    /// Whether a channel has more than 8 bits.
    public var isDeep = false
    /// Whether a JPEG comes in several passes, all of which must be held in memory to decode it.
    public var isProgressive = false
    /// Whether a PNG comes in several passes, all of which must be held in memory to decode it.
    public var isInterlaced = false
    /// Whether the colours are cyan, magenta, yellow and black.
    public var isCMYK = false

    /// A header of known facts.
    public init(format: ImageFormat, width: Int, height: Int, isAnimated: Bool = false) {
        self.format = format
        self.width = width
        self.height = height
        self.isAnimated = isAnimated
    }

    /// The size of the picture as a person sees it.
    public var uprightSize: PixelSize {
        orientation >= 5 || isTurnedByDecoder
            ? PixelSize(width: height, height: width) : PixelSize(width: width, height: height)
    }

    /// Reads the header from the bytes of a file, or from as many of the first ones as there are.
    ///
    /// Time is linear in the bytes given; no claim inside them makes it longer or takes memory.
    public init(parsing bytes: Data) throws(ImageHeaderError) {
        guard !bytes.isEmpty else { throw .empty }
        let view = ByteView(bytes)
        guard let format = ImageFormat.sniff(view) else { throw .notAnImage(found: FoundContent.name(of: view)) }
        let sides = 1...Self.longestSide
        guard let facts = Self.facts(of: view, format), sides.contains(facts.width), sides.contains(facts.height)
        else { throw .noSize(format) }
        self.init(format: format, width: facts.width, height: facts.height, isAnimated: facts.isAnimated)
        orientation = facts.orientation
        isTurnedByDecoder = facts.isTurnedByDecoder
        hasAlpha = facts.hasAlpha
        isDeep = facts.isDeep
        isCMYK = facts.isCMYK
        isProgressive = facts.isProgressive
        isInterlaced = facts.isInterlaced
    }

    /// What one format's reader finds; its sides are as claimed, possibly zero.
    struct Facts {
        var width: Int
        var height: Int
        var isAnimated = false
        var orientation = 1
        var isTurnedByDecoder = false
        var hasAlpha = false
        var isDeep = false
        var isCMYK = false
        var isProgressive = false
        var isInterlaced = false
    }

    /// No format in use goes further; with it the product of two sides fits an `Int`.
    private static let longestSide = Int(Int32.max)

    private static func facts(of bytes: ByteView, _ format: ImageFormat) -> Facts? {
        switch format {
        case .jpeg: jpeg(bytes)
        case .png: png(bytes)
        case .gif: gif(bytes)
        case .webp: webp(bytes)
        case .bmp: bmp(bytes)
        case .tiff: tiff(bytes)
        case .heic, .avif: heif(bytes)
        case .jpeg2000: jpeg2000(bytes)
        case .psd: psd(bytes)
        case .ico: ico(bytes)
        case .qoi: qoi(bytes)
        case .svg: svg(bytes)
        }
    }
}
