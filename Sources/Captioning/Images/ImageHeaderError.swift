/// Why a file's bytes gave no image header.
public enum ImageHeaderError: Error, Hashable, Sendable {
    /// There are no bytes.
    case empty
    /// The bytes begin like something else: a short word for it, such as "HTML" or "an unknown format".
    case notAnImage(found: String)
    /// The format was recognised, but the size cannot be read or is zero.
    case noSize(ImageFormat)

    /// A short stable word for counting.
    public var label: String {
        switch self {
        case .empty: "image_empty"
        case .notAnImage: "not_an_image"
        case .noSize: "image_damaged"
        }
    }

    /// What is wrong and what to do, for a person.
    public var message: String {
        switch self {
        case .empty:
            "The file is empty (0 bytes); copy it again or leave it out."
        case .notAnImage(let found):
            "The file is not an image that can be sent: its content is \(found). Replace it or leave it out."
        case .noSize(.svg):
            "The SVG gives no size in pixels; convert it to PNG."
        case .noSize(let format):
            "The file begins like \(format.displayName), but its width and height cannot be read: "
                + "it is damaged or cut short. Replace it or leave it out."
        }
    }
}
