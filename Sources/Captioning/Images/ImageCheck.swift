public import SystemPackage

/// Opens a job's images and tells what would be done to each; sends nothing.
public struct ImageCheck: Sendable {
    /// What would be sent of each file, or why it would fail.
    public typealias Results = [(file: FilePath, result: Result<SentImage, Failure>)]

    private let planner: Planner
    private let preparer: ImagePreparer
    private let converter: (any ImageConverter)?
    private let loader = ImageLoader()
    private let memory: ImageMemory

    /// A check of a job's images.
    ///
    /// - `converter`: nil in a build without one.
    public init(job: Job, converter: (any ImageConverter)?) {
        planner = Planner(job: job)
        preparer = ImagePreparer(job: job, converter: converter)
        self.converter = converter
        memory = ImageMemory(limit: job.imageMemory)
    }

    /// What tells whether a file is another's twin, or looks like it; nil for one that is no image or cannot be read.
    ///
    /// The hash is nil where the image cannot be decoded, or has no shapes.
    public func identity(of file: FilePath) async -> (digest: [UInt8], hash: PerceptualHash?)? {
        let lease = await memory.enter(loader.byteCount(of: file))
        defer { lease.release() }
        guard let image = try? loader.load(file) else { return nil }
        guard let converter, converter.obstacle == nil, image.isConvertible,
            image.header.pixels <= ConversionOrder.mostPixels(of: image.header)
        else { return (image.digest, nil) }
        await lease.grow(by: ConversionOrder(header: image.header, size: PerceptualHash.size).memoryBytes)
        let greys = try? await converter.greyPixels(of: image.data, size: PerceptualHash.size)
        return (image.digest, greys.flatMap(PerceptualHash.init(greys:)))
    }

    /// What would be sent of each file of an image or group; no entry for a URL.
    public func results(for key: Item.Key) async -> Results {
        var results: Results = []
        for file in planner.files(of: key) {
            let lease = await memory.enter(loader.byteCount(of: file))
            defer { lease.release() }
            do throws(Failure) {
                let payload = try await preparer.prepare(try loader.load(file), within: lease)
                results.append((file, .success(payload.record)))
            } catch {
                results.append((file, .failure(error)))
            }
        }
        return results
    }
}
