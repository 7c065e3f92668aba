/// A format of image files that this program tells apart.
///
/// Not every provider takes every one; see `ImageLimits`.
public enum ImageFormat: String, CaseIterable, Hashable, Codable, Sendable {
    /// JPEG, and MPO, whose first picture is one.
    case jpeg
    /// PNG and animated PNG.
    case png
    /// GIF.
    case gif
    /// WebP.
    case webp
    /// Windows bitmap.
    case bmp
    /// TIFF and BigTIFF.
    case tiff
    /// HEIC and other HEIF that is not AVIF.
    case heic
    /// AVIF.
    case avif
    /// JPEG 2000, as a file or a bare codestream.
    case jpeg2000
    /// Photoshop.
    case psd
    /// Windows icon.
    case ico
    /// QOI.
    case qoi
    /// SVG.
    case svg

    /// The media type of a data URL, such as `image/jpeg`.
    public var mediaType: String {
        switch self {
        case .jpeg: "image/jpeg"
        case .png: "image/png"
        case .gif: "image/gif"
        case .webp: "image/webp"
        case .bmp: "image/bmp"
        case .tiff: "image/tiff"
        case .heic: "image/heic"
        case .avif: "image/avif"
        case .jpeg2000: "image/jp2"
        case .psd: "image/vnd.adobe.photoshop"
        case .ico: "image/vnd.microsoft.icon"
        case .qoi: "image/qoi"
        case .svg: "image/svg+xml"
        }
    }

    /// The format's name for a person.
    public var displayName: String {
        switch self {
        case .jpeg: "JPEG"
        case .png: "PNG"
        case .gif: "GIF"
        case .webp: "WebP"
        case .bmp: "BMP"
        case .tiff: "TIFF"
        case .heic: "HEIC"
        case .avif: "AVIF"
        case .jpeg2000: "JPEG 2000"
        case .psd: "PSD"
        case .ico: "ICO"
        case .qoi: "QOI"
        case .svg: "SVG"
        }
    }

    /// Endings of file names that a folder is searched for by default, in lower case and without the dot.
    public static let fileExtensions = [
        "jpg", "jpeg", "jpe", "jfif", "png", "webp", "bmp", "tif", "tiff", "heic", "heif", "gif", "avif",
    ]
}
