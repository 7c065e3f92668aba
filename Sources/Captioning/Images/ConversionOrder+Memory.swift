extension ConversionOrder {
    /// About the most bytes that decoding, scaling and encoding take beside the file's own, from what the header claims.
    ///
    /// Decoders that go row by row (JPEG in one pass, PNG without interlacing) hold some hundred rows; the others hold the
    /// whole image, in bytes per pixel of three channels with 8 bits as measured with libvips 8.14:
    ///
    /// | format | measured | reserved |
    /// |---|---|---|
    /// | WebP | 7.8 | 8 |
    /// | HEIC | 7.4 | 9 |
    /// | AVIF | 6.3 | 9 |
    /// | JPEG in several passes | 3.1 (4:2:0), twice that for 4:4:4 | 6 |
    /// | GIF | 4.5 | 6 |
    /// | PNG interlaced, TIFF (a single strip), BMP | 3 | 4 |
    ///
    /// To it come a copy that is turned, compared in two encodings or looked through for transparent pixels, and the result.
    package var memoryBytes: Int {
        let depth = header.isDeep ? 2.0 : 1
        let channels = header.hasAlpha || header.isCMYK ? 4.0 : 3
        let pixels = Double(header.pixels)
        let result = Double((size ?? header.uprightSize).pixels)
        let held: Double =
            switch header.format {
            case .webp: 8
            case .heic, .avif: 9 * depth
            case .jpeg: header.isProgressive ? 6 : 0
            case .gif: 6
            case .png: header.isInterlaced ? channels * depth : 0
            case .tiff, .bmp: 4 * depth
            case .jpeg2000, .psd, .ico, .qoi, .svg: 0
            }
        var bytes = 4e6 + Double(header.width) * channels * depth * Self.heldRows + pixels * held
        if onlyIfTransparent { bytes += pixels * channels * depth }
        if header.orientation != 1 || output == .smaller { bytes += result * 3 }
        switch output {
        case .jpeg: bytes += result / 2
        case .png: bytes += result * 3
        case .smaller: bytes += result * 3.5
        }
        return Int(min(bytes, 1e15))
    }

    /// Rows that are under way between decoder and encoder, at most.
    private static let heldRows = 512.0
}
