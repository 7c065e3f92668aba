/// What a provider takes as an image, so that what it would refuse is never sent.
public struct ImageLimits: Hashable, Sendable {
    /// The provider's name in messages.
    public var providerName: String
    /// The formats it takes; nil means any.
    public var formats: Set<ImageFormat>?
    /// The formats that it takes only as a still picture.
    public var stillOnlyFormats: Set<ImageFormat>
    /// The least pixels of either side.
    public var minSide: Int
    /// The longer side over the shorter one, at most; nil means any shape.
    public var maxRatio: Double?
    /// Above how many pixels only `largeFormats` are taken; nil means that size and format do not depend on each other.
    public var largePixels: Int?
    /// The formats taken above `largePixels`.
    public var largeFormats: Set<ImageFormat>
    /// The longest data URL, counted with its `data:…;base64,`; nil means that the provider names none.
    public var maxDataURLBytes: Int?
    /// The largest file that is read at all.
    public var maxFileBytes: Int
    /// Whether the provider downloads images from `http` and `https` URLs.
    public var acceptsRemoteURLs: Bool

    /// Limits; by default as wide as this program allows.
    public init(
        providerName: String = "the server", formats: Set<ImageFormat>? = nil,
        stillOnlyFormats: Set<ImageFormat> = [], minSide: Int = 1, maxRatio: Double? = nil, largePixels: Int? = nil,
        largeFormats: Set<ImageFormat> = [], maxDataURLBytes: Int? = nil, maxFileBytes: Int = Self.mostFileBytes,
        acceptsRemoteURLs: Bool = true
    ) {
        self.providerName = providerName
        self.formats = formats
        self.stillOnlyFormats = stillOnlyFormats
        self.minSide = minSide
        self.maxRatio = maxRatio
        self.largePixels = largePixels
        self.largeFormats = largeFormats
        self.maxDataURLBytes = maxDataURLBytes
        self.maxFileBytes = maxFileBytes
        self.acceptsRemoteURLs = acceptsRemoteURLs
    }

    /// The largest file that is read when a provider names no limit: 64 MiB.
    public static let mostFileBytes = 64 * 1024 * 1024

    /// The length of a data URL of so many bytes: `data:image/png;base64,` and four characters for every three bytes.
    public static func dataURLBytes(fileBytes: Int, format: ImageFormat) -> Int {
        let prefix = "data:\(format.mediaType);base64,".utf8.count
        let groups = max(fileBytes, 0) / 3 + (max(fileBytes, 0) % 3 == 0 ? 0 : 1)
        let (body, overflow) = groups.multipliedReportingOverflow(by: 4)
        return overflow || body > Int.max - prefix ? Int.max : body + prefix
    }

    /// Why a file of this size need not even be read; nil when it may be.
    public func violation(fileBytes: Int) -> ImageViolation? {
        guard fileBytes > maxFileBytes else { return nil }
        return ImageViolation(
            label: "image_too_large",
            message: "The file has \(mebibytes(fileBytes)) and the most is \(mebibytes(maxFileBytes))\(dataURLReason); "
                + "make it smaller.")
    }

    /// Why the image would be refused; nil when it fits.
    ///
    /// The first reason counts: format, sides, pixels, bytes.
    public func violation(of header: ImageHeader, fileBytes: Int) -> ImageViolation? {
        formatViolation(header) ?? shapeViolation(header) ?? largeViolation(header)
            ?? bytesViolation(header.format, fileBytes)
    }

    private func formatViolation(_ header: ImageHeader) -> ImageViolation? {
        let name = header.format.displayName
        if let formats, !formats.contains(header.format) {
            return ImageViolation(
                label: "image_format", message: "\(name) is not accepted by \(providerName); convert it to PNG or JPEG."
            )
        }
        guard header.isAnimated, stillOnlyFormats.contains(header.format) else { return nil }
        return ImageViolation(
            label: "image_animated",
            message: "Animated \(name) is not accepted by \(providerName); save one frame as PNG or JPEG.")
    }

    /// Why no conversion would help; nil when the shape is fine.
    func shapeViolation(_ header: ImageHeader) -> ImageViolation? {
        let (short, long) = (min(header.width, header.height), max(header.width, header.height))
        if short < minSide {
            return ImageViolation(
                label: "image_too_small",
                message: "The image has \(size(header)) pixels and \(providerName) wants at least \(minSide) on each "
                    + "side; enlarge it or leave it out.")
        }
        guard let maxRatio, Double(long) > maxRatio * Double(short) else { return nil }
        return ImageViolation(
            label: "image_ratio",
            message: "The image has \(size(header)) pixels, and \(providerName) takes no side more than "
                + "\(ratio(maxRatio)) times the other; crop or pad it.")
    }

    /// Why the format does not do for an image of so many pixels.
    func largeViolation(_ header: ImageHeader) -> ImageViolation? {
        guard let largePixels, !largeFormats.contains(header.format),
            header.width.multipliedReportingOverflow(by: header.height).overflow
                || header.width * header.height > largePixels
        else { return nil }
        let names = largeFormats.map(\.displayName).sorted().joined(separator: " or ")
        return ImageViolation(
            label: "image_format",
            message: "The image has \(size(header)) pixels, and above \(largePixels) in all \(providerName) does not "
                + "take \(header.format.displayName); convert it to \(names), or make it smaller.")
    }

    /// Why the file is too long for a data URL, or for the provider.
    func bytesViolation(_ format: ImageFormat, _ fileBytes: Int) -> ImageViolation? {
        dataURLViolation(format, fileBytes) ?? violation(fileBytes: fileBytes)
    }

    private func dataURLViolation(_ format: ImageFormat, _ fileBytes: Int) -> ImageViolation? {
        guard let maxDataURLBytes else { return nil }
        let needed = Self.dataURLBytes(fileBytes: fileBytes, format: format)
        guard needed > maxDataURLBytes else { return nil }
        return ImageViolation(
            label: "image_too_large",
            message: "The file has \(mebibytes(fileBytes)), which as base64 is \(mebibytes(needed)), and "
                + "\(providerName) takes \(mebibytes(maxDataURLBytes)); make it smaller.")
    }

    private var dataURLReason: String {
        maxDataURLBytes.map { " (\(providerName) takes \(mebibytes($0)) as base64)" } ?? ""
    }

    private func ratio(_ value: Double) -> String { Int(exactly: value).map(String.init) ?? String(value) }

    private func size(_ header: ImageHeader) -> String { "\(header.width) × \(header.height)" }
}

/// A size for a person, rounded up to a hundredth so that "too large" never shows the limit itself.
private func mebibytes(_ bytes: Int) -> String {
    let hundredths = Int((Double(bytes) / 10_485.76).rounded(.up))
    let (whole, rest) = (hundredths / 100, hundredths % 100)
    return rest == 0 ? "\(whole) MiB" : "\(whole).\(rest < 10 ? "0" : "")\(rest) MiB"
}
