public import SystemPackage

/// Opens a job's images and tells what would be done to each; sends nothing.
public struct ImageCheck: Sendable {
    /// What would be sent of each file, or why it would fail.
    public typealias Results = [(file: FilePath, result: Result<SentImage, Failure>)]

    private let planner: Planner
    private let preparer: ImagePreparer
    private let loader = ImageLoader()

    /// A check of a job's images.
    ///
    /// - `converter`: nil in a build without one.
    public init(job: Job, converter: (any ImageConverter)?) {
        planner = Planner(job: job)
        preparer = ImagePreparer(job: job, converter: converter)
    }

    /// What would be sent of each file of an image or group; no entry for a URL.
    public func results(for key: Item.Key) async -> Results {
        var results: Results = []
        for file in planner.files(of: key) {
            do throws(Failure) {
                results.append((file, .success(try await preparer.prepare(try loader.load(file)).record)))
            } catch {
                results.append((file, .failure(error)))
            }
        }
        return results
    }
}
