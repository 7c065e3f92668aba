public import Captioning
public import Foundation
public import SystemPackage

extension Job {
    /// A job over files that need not exist, with one prompt and an endpoint that nobody serves.
    public static func fixture(
        files: [String] = ["a.jpg"], root: FilePath = "/images", promptIDs: [String] = ["alt"]
    ) -> Job {
        Job(
            name: "fixture", root: root, images: [.files(files)],
            prompts: promptIDs.map { JobSpec.Prompt(id: $0, text: "Describe the image for \($0).") },
            endpoint: Endpoint(
                provider: .custom, baseURL: "http://localhost:9/v1", model: "fixture-model", apiKeyVariable: nil),
            store: root.appending("fixture.sqlite"))
    }

    /// A job over the images in a folder.
    public static func fixture(folder: TemporaryFolder, promptIDs: [String] = ["alt"]) -> Job {
        var job = fixture(root: folder.path, promptIDs: promptIDs)
        job.images = [.folder(path: ".", include: [], exclude: [])]
        return job
    }
}

extension Item {
    /// An item as a claim brings it.
    public static func fixture(
        id: Int64 = 1, kind: Kind = .file, image: String = "a.jpg", promptID: String = "alt", position: Int = 0
    ) -> Item {
        Item(id: ID(id), key: Key(kind: kind, image: ImageName(image), promptID: promptID), position: position)
    }
}

extension Completion {
    /// A whole answer with its tokens.
    public static func fixture(_ caption: String = "A red chair.") -> Completion {
        Completion(
            caption: caption, finishReason: "stop", model: "fixture-model-2",
            usage: Usage(promptTokens: 100, completionTokens: 10, totalTokens: 110, imageTokens: 80))
    }
}

extension Failure {
    /// A failure with the label that fits its kind.
    public static func fixture(_ kind: Kind = .refused, label: String? = nil) -> Failure {
        Failure(kind, label: label ?? kind.rawValue.lowercased(), detail: "the endpoint said so")
    }
}

extension AttemptReport {
    /// A report of a request that went out.
    public static func fixture(
        _ outcome: Outcome = .completed(.fixture()), fingerprint: Data? = nil, finishedAt: Date = .fixture
    ) -> AttemptReport {
        AttemptReport(
            outcome: outcome, wasSent: true, httpStatus: 200, requestID: "request-1", finishedAt: finishedAt,
            latency: .milliseconds(1234), fingerprint: fingerprint)
    }
}

extension Date {
    /// When fixtures happen; a whole number of milliseconds, as stores keep them.
    public static let fixture = Date(timeIntervalSince1970: 1_800_000_000.125)
}
