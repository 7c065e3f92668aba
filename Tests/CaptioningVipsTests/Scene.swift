import CaptioningTesting
import Foundation
import SystemPackage
import Testing

@testable import Captioning
@testable import CaptioningVips

/// Images on disk, prepared as a run does it.
struct Scene {
    static let converter = VipsConverter()

    /// Writes an image, and tells what is sent of it.
    static func sent(
        _ data: Data, to provider: Provider = .simulated, _ preparation: ImagePreparation = ImagePreparation()
    ) async throws -> Sent {
        try await TemporaryFolder.use { folder in
            try folder.write(data, to: "image")
            var job = Job.fixture(files: ["image"], root: folder.path)
            job.endpoint.provider = provider
            job.endpoint.model = provider == .openai ? "gpt-4o" : "qwen3-vl-plus"
            job.preparation = preparation
            let loaded = try ImageLoader().load(folder.path.appending("image"))
            let payload = try await ImagePreparer(job: job, converter: converter).prepare(
                loaded, within: ImageMemory(limit: job.imageMemory).enter(loaded.data.count))
            return Sent(record: payload.record, data: payload.buffer.data ?? Data())
        }
    }

    struct Sent {
        let record: SentImage
        let data: Data

        /// The middle of each quarter in grey, 0 to 255, row after row.
        func quarters() async throws -> [UInt8] { try await Scene.quarters(of: data) }
    }

    /// The middle of each quarter of an image in grey, 0 to 255, row after row.
    static func quarters(of data: Data) async throws -> [UInt8] {
        let pixels = try await converter.greyPixels(of: data, size: PixelSize(width: 16, height: 16))
        return [4 * 16 + 4, 4 * 16 + 11, 11 * 16 + 4, 11 * 16 + 11].map { pixels[$0] }
    }

    /// Whether the greys are alike, but for what a JPEG loses.
    static func areAlike(_ left: [UInt8], _ right: [UInt8], within tolerance: Int = 16) -> Bool {
        left.count == right.count && zip(left, right).allSatisfy { abs(Int($0) - Int($1)) <= tolerance }
    }

    /// The picture as a JPEG.
    static func jpeg(_ picture: Picture) async throws -> Data {
        let header = try ImageHeader(parsing: picture.png())
        let order = ConversionOrder(header: header, output: .jpeg, quality: 95)
        return try #require(try await converter.convert(picture.png(), order)).data
    }
}
