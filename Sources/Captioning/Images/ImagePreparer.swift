import Foundation

/// Decides what must be done to an image so that the model sees it as a person does, for the fewest tokens, and has it
/// done.
///
/// A file that every provider takes as it is goes out as it is, without its metadata.
struct ImagePreparer: Sendable {
    private static let missingConverter = """
        this build cannot convert images: build it with the trait Vips, which is on by default, and install libvips \
        ('apt-get install libvips42', 'dnf install vips')
        """

    private static let interruption = Failure(
        .interrupted, label: "interrupted", detail: "the run was stopped before the image was prepared")

    private let rules: ImagePreparation
    private let limits: [ImageLimits]
    private let estimators: [TokenEstimator]
    private let converter: (any ImageConverter)?

    /// - `limits`: What each of the providers takes; an image must do for all of them.
    /// - `estimators`: What each of the models makes of it.
    /// - `converter`: nil in a build without one.
    init(
        rules: ImagePreparation, limits: [ImageLimits], estimators: [TokenEstimator],
        converter: (any ImageConverter)?
    ) {
        self.rules = rules
        self.limits = limits
        self.estimators = estimators
        self.converter = converter
    }

    /// A preparer for a job's images.
    init(job: Job, converter: (any ImageConverter)?) {
        self.init(
            rules: job.preparation,
            limits: Set(job.endpoints.map(\.imageLimits)).sorted { $0.providerName < $1.providerName },
            estimators: job.endpoints.map {
                TokenEstimator(model: $0.model, provider: $0.provider, parameters: job.parameters)
            }, converter: converter)
    }

    /// Makes an image ready to be sent.
    ///
    /// - `lease`: What holds the image's bytes; it grows while the image is decoded.
    /// - Throws: `Failure` of kind `unreadableImage`, or `interrupted` when the task was cancelled meanwhile.
    func prepare(_ image: LoadedImage, within lease: ImageMemory.Lease) async throws(Failure) -> ImagePayload {
        guard rules.mode == .auto else {
            try refuse(limits.lazy.compactMap { $0.violation(of: image.header, fileBytes: image.data.count) }.first)
            return ImagePayload(image)
        }
        try refuse(limits.lazy.compactMap { $0.shapeViolation(image.header) }.first)
        try refuse(tooManyPixels(image.header))
        let structure = ImageStructure(of: image.data, image.header.format)
        let plan = plan(for: image, structure)
        guard !plan.steps.isEmpty, try isConvertible(image, plan), let converter else {
            return untouched(image, structure)
        }
        guard let converted = try await convert(image, plan, with: converter, within: lease) else {
            return untouched(image, structure)
        }
        return ImagePayload(image, sending: converted, steps: plan.steps)
    }

    /// Neither this program nor a provider should be made to decode so much.
    private func tooManyPixels(_ header: ImageHeader) -> ImageViolation? {
        let most = ConversionOrder.mostPixels(of: header)
        guard header.pixels > most else { return nil }
        return ImageViolation(
            label: "image_too_large",
            message: "The image claims \(header.width) × \(header.height) pixels, and no more than "
                + "\(most / 1_000_000) million are decoded; make it smaller.")
    }

    // MARK: - What is to be done

    /// What is to be done to an image.
    private struct Plan {
        var steps: [SentImage.Step] = []
        /// Whether it cannot be sent as it is; else it only had better not.
        var isRequired = false
        /// The size of the result, upright.
        var size: PixelSize

        mutating func add(_ step: SentImage.Step, isRequired: Bool = true) {
            if !steps.contains(step) { steps.append(step) }
            if isRequired { self.isRequired = true }
        }
    }

    private func plan(for image: LoadedImage, _ structure: ImageStructure) -> Plan {
        let header = image.header
        var plan = Plan(size: sentSize(of: header.uprightSize))
        if header.orientation != 1 { plan.add(.turned) }
        if plan.size != header.uprightSize { plan.add(.scaled, isRequired: rules.maxPixels != nil) }
        if let format = rules.format, format.imageFormat != header.format { plan.add(.converted) }
        for limits in limits {
            if let formats = limits.formats, !formats.contains(header.format) { plan.add(.converted) }
            if header.isAnimated, limits.stillOnlyFormats.contains(header.format) { plan.add(.still) }
            if limits.largeViolation(header) != nil { plan.add(.converted) }
            if limits.bytesViolation(header.format, image.data.count) != nil { plan.add(.compressed) }
        }
        if header.isCMYK { plan.add(.colours) }
        if !structure.isWhole { plan.add(.repaired) }
        if header.isDeep { plan.add(.depth, isRequired: false) }
        if header.hasAlpha { plan.add(.flattened, isRequired: false) }
        if rules.stripsMetadata, structure.isWhole, structure.surplus == .inseparable { plan.add(.stripped) }
        return plan
    }

    /// The size at which an image is sent: no more pixels than the largest that a model uses, nor than the spec allows.
    func sentSize(of size: PixelSize) -> PixelSize {
        let used = estimators.map { $0.usedSize(of: size) ?? size }.max { $0.pixels < $1.pixels } ?? size
        // A model that enlarges a small image need not be sent more than there is.
        var sent = used.width <= size.width && used.height <= size.height && used.pixels < size.pixels ? used : size
        if let most = rules.maxPixels, sent.pixels > most { sent = size.fitted(toPixels: most) }
        return sent
    }

    /// Whether the image can be converted; false when it may as well go out as it is.
    ///
    /// Throws when it cannot be converted and must be.
    private func isConvertible(_ image: LoadedImage, _ plan: Plan) throws(Failure) -> Bool {
        let header = image.header
        var problem: ImageViolation?
        // Metadata goes out only where the spec says so, and it can: nothing else is in the way.
        let allowance = "or send it with its metadata: 'prepare: {strip_metadata: false}'."
        let isForMetadata = plan.steps == [.stripped]
        if !image.isConvertible {
            problem =
                limits.lazy.compactMap { $0.violation(of: header, fileBytes: image.data.count) }.first
                ?? ImageViolation(
                    label: "image_format", message: inconvertible(header, isForMetadata ? allowance : nil))
        } else if let obstacle = converter.map(\.obstacle) ?? Self.missingConverter {
            let reasons = plan.steps.map(\.rawValue).joined(separator: ", ")
            problem = ImageViolation(
                label: "converter_missing",
                message: "The image must be converted (\(reasons)), and \(obstacle)"
                    + (isForMetadata ? "; \(allowance)" : ""))
        }
        guard let problem else { return true }
        if plan.isRequired { try refuse(problem) }
        return false
    }

    /// What is said of an image that cannot be converted.
    ///
    /// - `allowance`: What may be done about it where only its metadata is in the way.
    private func inconvertible(_ header: ImageHeader, _ allowance: String?) -> String {
        let name = header.format.displayName
        if let allowance {
            return "Metadata cannot be left out of this \(name) here; make it a PNG or JPEG, \(allowance)"
        }
        return header.format == .bmp
            ? "The BMP is packed, or cut short, and cannot be converted; make it a PNG or JPEG."
            : "This program cannot convert \(name); make it a PNG or JPEG."
    }

    // MARK: - Doing it

    /// The converted image, small enough for every provider; nil when it turned out to need nothing.
    private func convert(
        _ image: LoadedImage, _ plan: Plan, with converter: any ImageConverter, within lease: ImageMemory.Lease
    ) async throws(Failure) -> ConvertedImage? {
        let quality = rules.quality ?? 85
        var order = ConversionOrder(
            header: image.header, size: plan.size == image.header.uprightSize ? nil : plan.size,
            output: output(for: image), quality: quality, onlyIfTransparent: plan.steps == [.flattened])
        let room = order.memoryBytes
        await lease.grow(by: room)
        defer { lease.adjust(by: -room) }
        for _ in 0..<6 {
            guard !Task.isCancelled else { throw Self.interruption }
            guard let converted = try await converter.convert(image.data, order) else { return nil }
            let violation = limits.lazy.compactMap { $0.bytesViolation(converted.format, converted.data.count) }.first
            guard let violation else { return converted }
            if converted.format == .png, rules.format != .png {
                order.output = .jpeg
                continue
            }
            let smaller = converted.size.fitted(toPixels: converted.size.pixels / 2)
            guard smaller.pixels >= 4096 else { try refuse(violation) }
            order.size = smaller
        }
        throw Failure(
            .unreadableImage, label: "image_too_large",
            detail: "The image cannot be made small enough for the provider; make it smaller or set prepare.max_pixels."
        )
    }

    /// Drawings and screenshots are smaller, and sharper, as PNG; photographs never are.
    private func output(for image: LoadedImage) -> ConversionOrder.Output {
        switch rules.format {
        case .jpeg: return .jpeg
        case .png: return .png
        case nil: break
        }
        // Nothing tells what a BMP shows: its size is the same.
        if image.header.format == .bmp { return .smaller }
        let isLossless: Bool = [.png, .gif, .tiff, .webp].contains(image.header.format)
        return isLossless && image.data.count < image.header.pixels ? .smaller : .jpeg
    }

    private func untouched(_ image: LoadedImage, _ structure: ImageStructure) -> ImagePayload {
        guard rules.stripsMetadata, let data = structure.withoutSurplus(image.data) else {
            return ImagePayload(image)
        }
        let stripped = ConvertedImage(data: data, format: image.header.format, size: image.header.uprightSize)
        return ImagePayload(image, sending: stripped, steps: [.stripped])
    }

    private func refuse(_ violation: ImageViolation?) throws(Failure) {
        if let violation { try refuse(violation) }
    }

    private func refuse(_ violation: ImageViolation) throws(Failure) -> Never {
        throw Failure(.unreadableImage, label: violation.label, detail: violation.message)
    }
}

extension ImagePreparation.Format {
    /// The same among all formats.
    var imageFormat: ImageFormat {
        switch self {
        case .jpeg: .jpeg
        case .png: .png
        }
    }
}

extension ImageFormat {
    /// What a converter reads: formats whose decoders are used, and attacked, every day.
    static let convertible: Set<ImageFormat> = [.jpeg, .png, .gif, .webp, .tiff, .heic, .avif]
}

extension LoadedImage {
    /// Whether a converter reads it.
    var isConvertible: Bool {
        ImageFormat.convertible.contains(header.format) || header.format == .bmp && Bitmap(data) != nil
    }
}

extension ImageHeader {
    /// Pixels in all; `Int.max` when they are more.
    var pixels: Int { PixelSize(width: width, height: height).pixels }
}
