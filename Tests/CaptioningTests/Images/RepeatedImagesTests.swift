import CaptioningTesting
import Foundation
import Testing

@testable import Captioning

/// Counting images that come more than once.
struct RepeatedImagesTests {
    private func count(_ files: [String: [UInt8]], images: Int = 100, bytes: Int = 1 << 20) async throws -> Int? {
        try await TemporaryFolder.use { folder in
            for (name, content) in files { try folder.write(content, to: name) }
            var job = Job.fixture(root: folder.path, promptIDs: ["alt", "tags"])
            job.images = [.folder(path: ".", include: [], exclude: [])]
            return try RepeatedImages(job: job, mostImages: images, mostBytes: bytes).count()
        }
    }

    @Test func `only whole files count, and each but the first`() async throws {
        let one = TemporaryFolder.png(width: 16, height: 16)
        let other = TemporaryFolder.png(width: 16, height: 17)
        #expect(try await count(["a.png": one, "b.png": other, "c.png": one + [0]]) == 0)
        #expect(try await count(["a.png": one, "b.png": one, "c.png": other, "d.png": one, "e.png": []]) == 2)
        // What cannot be sent is no copy of anything.
        #expect(try await count(["a.png": [1, 2], "b.png": [1, 2]]) == 0)
    }

    @Test func `too much to read is not read`() async throws {
        let image = TemporaryFolder.png(width: 16, height: 16)
        let files = ["a.png": image, "b.png": image]
        #expect(try await count(files, images: 1) == nil)
        #expect(try await count(files, bytes: 2 * image.count - 1) == nil)
        #expect(try await count(files, images: 2, bytes: 2 * image.count) == 1)
    }
}
