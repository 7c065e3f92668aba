import SystemPackage

/// Counts images whose files are the same, byte for byte, as one that comes before them, and so are sent once.
public struct RepeatedImages: Sendable {
    /// How many images are looked at for an answer at once.
    public static let mostImages = 100_000

    private let planner: Planner
    private let loader = ImageLoader()
    private let mostImages: Int
    private let mostBytes: Int

    private struct TooMany: Error {}

    /// A count for a job.
    ///
    /// - `mostImages`: How many images are looked at.
    /// - `mostBytes`: How much is read of them.
    public init(job: Job, mostImages: Int = Self.mostImages, mostBytes: Int = 1 << 30) {
        planner = Planner(job: job)
        self.mostImages = mostImages
        self.mostBytes = mostBytes
    }

    /// How many there are; nil when there is too much to read for an answer at once.
    ///
    /// Blocks the thread. Only files of which another has the same size are read.
    /// - Throws: `SpecError` as the planner does.
    public func count() throws -> Int? {
        var files: [Int: [FilePath]] = [:]
        var images = 0
        do {
            _ = try planner.forEachImage { key in
                guard key.kind == .file, let file = planner.files(of: key).first else { return }
                images += 1
                guard images <= mostImages else { throw TooMany() }
                files[loader.byteCount(of: file), default: []].append(file)
            }
        } catch is TooMany {
            return nil
        }
        let alike = files.filter { $0.key > 0 && $0.value.count > 1 }
        guard alike.reduce(0, { $0 + $1.key * $1.value.count }) <= mostBytes else { return nil }
        return alike.values.reduce(0) { sum, files in
            let digests = files.compactMap { try? loader.load($0).digest }
            return sum + digests.count - Set(digests).count
        }
    }
}
