/// What a job has done to its images before they are sent (`prepare`).
public struct ImagePreparation: Hashable, Sendable {
    /// Whether anything is done at all.
    public var mode: Mode
    /// The most pixels that are sent of an image; nil means as many as the model uses.
    public var maxPixels: Int?
    /// What images are encoded as that are converted; nil means JPEG, or PNG where that is smaller.
    public var format: Format?
    /// The quality of a JPEG, 1 to 100; nil means 85.
    public var quality: Int?
    /// Whether metadata (places, cameras, comments) is left out of images that are not converted.
    public var stripsMetadata: Bool

    /// Whether anything is done at all.
    public enum Mode: String, Hashable, Sendable, CaseIterable {
        /// What the model would see wrongly, or the provider refuse, is converted.
        case auto
        /// Every file is sent as it is.
        case never
    }

    /// What images are encoded as.
    public enum Format: String, Hashable, Sendable, CaseIterable {
        /// JPEG.
        case jpeg
        /// PNG.
        case png
    }

    /// A preparation; the default is that of a spec that says nothing.
    public init(
        mode: Mode = .auto, maxPixels: Int? = nil, format: Format? = nil, quality: Int? = nil,
        stripsMetadata: Bool = true
    ) {
        self.mode = mode
        self.maxPixels = maxPixels
        self.format = format
        self.quality = quality
        self.stripsMetadata = stripsMetadata
    }

    /// As `caption plan` shows it.
    public var text: String {
        guard mode == .auto else { return mode.rawValue }
        let parts = [
            maxPixels.map { "max_pixels \($0)" }, format.map { "format \($0.rawValue)" },
            quality.map { "quality \($0)" }, stripsMetadata ? nil : "with metadata",
        ].compactMap(\.self)
        return parts.isEmpty ? "auto" : parts.joined(separator: ", ")
    }
}
