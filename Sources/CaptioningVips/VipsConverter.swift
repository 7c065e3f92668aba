import CVips
public import Captioning
import Dispatch
public import Foundation

/// Converts images with libvips, as many at once as there are processors, on threads of its own.
public struct VipsConverter: ImageConverter {
    private let queue: DispatchQueue
    private let slots: ConversionSlots

    /// A converter.
    ///
    /// - `count`: How many images at once; nil means one for each processor.
    public init(count: Int? = nil) {
        queue = DispatchQueue(label: "caption.images", qos: .utility, attributes: .concurrent)
        slots = ConversionSlots(count: count ?? ProcessInfo.processInfo.activeProcessorCount)
    }

    /// Opened with the first question, once a process.
    private static let openingFailure: String? = caption_vips_open().map { String(cString: $0) }

    /// Why nothing can be converted on this machine, and what to do about it; nil when all is well.
    public var obstacle: String? {
        Self.openingFailure.map {
            """
            libvips is not there (\($0)): install it ('apt-get install libvips42', 'dnf install vips'), then run the same \
            command again
            """
        }
    }

    /// Converts one image.
    public func convert(_ data: Data, _ order: ConversionOrder) async throws(Failure) -> ConvertedImage? {
        if let obstacle { throw Failure(.unreadableImage, label: "converter_missing", detail: obstacle) }
        let result = await onThread { Self.result(of: data, order) }
        return try result.get()
    }

    /// The image upright and in grey, brought to a size whatever its shape; one byte a pixel, row after row.
    ///
    /// - Throws: `Failure` of kind `unreadableImage`.
    public func greyPixels(of data: Data, size: PixelSize) async throws(Failure) -> [UInt8] {
        if let obstacle { throw Failure(.unreadableImage, label: "converter_missing", detail: obstacle) }
        let header: ImageHeader
        do {
            header = try ImageHeader(parsing: data)
        } catch {
            throw Failure(.unreadableImage, label: error.label, detail: error.message)
        }
        let order = ConversionOrder(header: header, size: size)
        let result = await onThread { Self.greyPixels(of: data, order, size) }
        return try result.get()
    }

    private static func greyPixels(
        of data: Data, _ order: ConversionOrder, _ size: PixelSize
    ) -> Result<[UInt8], Failure> {
        guard let (data, order) = readable(data, order), var task = caption_vips_order(order) else {
            return .failure(unknownFormat(order.header.format))
        }
        var image = caption_vips_image()
        var pixels = [UInt8](repeating: 0, count: size.pixels)
        let result = data.withUnsafeBytes {
            caption_vips_thumbnail($0.baseAddress, $0.count, &task, &pixels, &image)
        }
        return result == CAPTION_VIPS_DONE ? .success(pixels) : .failure(failure(result, image))
    }

    private static func unknownFormat(_ format: ImageFormat) -> Failure {
        Failure(
            .unreadableImage, label: "image_format",
            detail: "\(format.displayName) cannot be converted; make it a PNG or JPEG.")
    }

    /// The image as the library reads it, which has no loader for BMP: as a TIFF of the same pixels; nil when it cannot be.
    private static func readable(_ data: Data, _ order: ConversionOrder) -> (Data, ConversionOrder)? {
        guard order.header.format == .bmp else { return (data, order) }
        guard let tiff = Bitmap(data)?.tiff, let header = try? ImageHeader(parsing: tiff) else { return nil }
        var order = order
        order.header = header
        return (tiff, order)
    }

    private func onThread<Result: Sendable>(_ work: @escaping @Sendable () -> Result) async -> Result {
        await slots.enter()
        let result = await withCheckedContinuation { continuation in
            queue.async { continuation.resume(returning: work()) }
        }
        await slots.leave()
        return result
    }

    private static func result(of data: Data, _ order: ConversionOrder) -> Result<ConvertedImage?, Failure> {
        guard let (data, order) = readable(data, order), var task = caption_vips_order(order) else {
            return .failure(unknownFormat(order.header.format))
        }
        var image = caption_vips_image()
        let result = data.withUnsafeBytes { caption_vips_convert($0.baseAddress, $0.count, &task, &image) }
        if result == CAPTION_VIPS_DONE, let bytes = image.bytes {
            let converted = Data(
                bytesNoCopy: bytes, count: image.count, deallocator: .custom { bytes, _ in caption_vips_free(bytes) })
            return .success(
                ConvertedImage(
                    data: converted, format: image.is_png != 0 ? .png : .jpeg,
                    size: PixelSize(width: Int(image.width), height: Int(image.height))))
        }
        return result == CAPTION_VIPS_OPAQUE ? .success(nil) : .failure(failure(result, image))
    }

    private static func failure(_ result: caption_vips_result, _ image: caption_vips_image) -> Failure {
        let message = withUnsafeBytes(of: image.message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        let lines = message.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
        let reason = lines.first.map { " (\($0))" } ?? ""
        switch result {
        case CAPTION_VIPS_OUT_OF_TIME:
            return Failure(
                .unreadableImage, label: "image_too_slow",
                detail: "Decoding the image took more than \(ConversionOrder.longest.text); make it smaller.")
        case CAPTION_VIPS_TOO_LARGE:
            return Failure(
                .unreadableImage, label: "image_too_large",
                detail:
                    "The image has more than \(ConversionOrder.mostPixels / 1_000_000) million pixels; make it smaller."
            )
        default:
            return Failure(
                .unreadableImage, label: "image_undecodable",
                detail:
                    "The image is damaged, or cut short, and cannot be decoded\(reason); save it again or leave it out."
            )
        }
    }
}

extension caption_vips_order {
    /// The order as the library takes it; nil for a format that it does not read.
    init?(_ order: ConversionOrder) {
        self.init()
        switch order.header.format {
        case .jpeg: source = CAPTION_VIPS_JPEG
        case .png: source = CAPTION_VIPS_PNG
        case .gif: source = CAPTION_VIPS_GIF
        case .webp: source = CAPTION_VIPS_WEBP
        case .tiff: source = CAPTION_VIPS_TIFF
        case .heic, .avif: source = CAPTION_VIPS_HEIF
        case .bmp, .jpeg2000, .psd, .ico, .qoi, .svg: return nil
        }
        shrink = Int32(order.decodingShrink)
        orientation = Int32(order.header.orientation)
        width = Int32(clamping: order.size?.width ?? 0)
        height = Int32(clamping: order.size?.height ?? 0)
        output =
            switch order.output {
            case .jpeg: CAPTION_VIPS_AS_JPEG
            case .png: CAPTION_VIPS_AS_PNG
            case .smaller: CAPTION_VIPS_AS_EITHER
            }
        quality = Int32(order.quality)
        only_transparent = order.onlyIfTransparent ? 1 : 0
        most_pixels = Int64(ConversionOrder.mostPixels)
        seconds = ConversionOrder.longest / .seconds(1)
    }
}
