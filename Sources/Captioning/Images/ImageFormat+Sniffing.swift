public import Foundation

extension ImageFormat {
    /// The format that the first bytes show, whatever the file's name says; nil when they show none.
    public static func sniff(_ bytes: Data) -> ImageFormat? {
        sniff(ByteView(bytes))
    }

    static func sniff(_ bytes: ByteView) -> ImageFormat? {
        if let known = signatures.first(where: { bytes.has($0.bytes) }) { return known.format }
        if bytes.has("RIFF"), bytes.has("WEBP", at: 8) { return .webp }
        if bytes.has("ftyp", at: 4) { return brandFormat(bytes) }
        if isBitmap(bytes) { return .bmp }
        if isIcon(bytes) { return .ico }
        return MarkupStart(of: bytes)?.isSVG == true ? .svg : nil
    }

    /// The brands of an ISO media file, the major one first; empty when it is none.
    static func brands(_ bytes: ByteView) -> [String] {
        guard bytes.has("ftyp", at: 4), let claimed = bytes.big(at: 0, bytes: 4) else { return [] }
        // Between the major brand and the compatible ones stands a version number. More than 64 is no real file.
        let end = min(claimed, bytes.count, 16 + 64 * 4)
        let compatible = end < 20 ? [] : stride(from: 16, through: end - 4, by: 4).map { bytes.text($0..<$0 + 4) }
        return [bytes.text(8..<12)] + compatible
    }

    private static let signatures: [(bytes: [UInt8], format: ImageFormat)] = [
        ([0xFF, 0xD8, 0xFF], .jpeg),
        ([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A], .png),
        (Array("GIF87a".utf8), .gif),
        (Array("GIF89a".utf8), .gif),
        ([0x49, 0x49, 0x2A, 0x00], .tiff),
        ([0x4D, 0x4D, 0x00, 0x2A], .tiff),
        ([0x49, 0x49, 0x2B, 0x00], .tiff),
        ([0x4D, 0x4D, 0x00, 0x2B], .tiff),
        ([0x00, 0x00, 0x00, 0x0C, 0x6A, 0x50, 0x20, 0x20, 0x0D, 0x0A, 0x87, 0x0A], .jpeg2000),
        ([0xFF, 0x4F, 0xFF, 0x51], .jpeg2000),
        (Array("8BPS".utf8), .psd),
        (Array("qoif".utf8), .qoi),
    ]

    /// HEIC or AVIF by brand.
    ///
    /// The major brand may be a general one (`mif1`), and the codec stands among the others.
    private static func brandFormat(_ bytes: ByteView) -> ImageFormat? {
        let brands = brands(bytes)
        if let major = brands.first {
            if avifBrands.contains(major) { return .avif }
            if heicBrands.contains(major) { return .heic }
        }
        if brands.contains(where: avifBrands.contains) { return .avif }
        if brands.contains(where: heicBrands.contains) { return .heic }
        return brands.contains(where: generalBrands.contains) ? .heic : nil
    }

    private static let avifBrands: Set<String> = ["avif", "avis"]
    private static let heicBrands: Set<String> = ["heic", "heix", "heim", "heis", "hevc", "hevx", "hevm", "hevs"]
    private static let generalBrands: Set<String> = ["mif1", "mif2", "msf1"]

    /// "BM" alone may begin a sentence, so the size of the second header must be one.
    private static func isBitmap(_ bytes: ByteView) -> Bool {
        guard bytes.has("BM"), let header = bytes.little(at: 14, bytes: 4) else { return false }
        return header >= 12 && header <= 1024
    }

    /// Such first bytes are common, so the first picture's reserved byte and plane count are read too.
    private static func isIcon(_ bytes: ByteView) -> Bool {
        guard bytes.has([0, 0, 1, 0]), let pictures = bytes.little(at: 4, bytes: 2), pictures > 0,
            let planes = bytes.little(at: 10, bytes: 2)
        else { return false }
        return bytes[9] == 0 && planes <= 1
    }
}
