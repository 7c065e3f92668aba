import CaptioningSQLite
import CaptioningTesting
import Foundation
import SystemPackage
import Testing

@testable import Captioning

/// Jobs whose images lie in an archive.
struct ArchivePlanTests {
    private let image = Data(TemporaryFolder.png(width: 16, height: 16))

    private func job(_ folder: TemporaryFolder, include: [String] = [], exclude: [String] = []) -> Job {
        var job = Job.fixture(root: folder.path, promptIDs: ["alt"])
        job.images = [.archive(path: "./sets/photos.zip", include: include, exclude: exclude)]
        return job
    }

    private func write(_ names: [String], _ folder: TemporaryFolder) throws {
        let files = names.map { ArchiveBytes.ZipFile(name: $0, content: image, method: 8) }
        try folder.write(ArchiveBytes.zip(files), to: "sets/photos.zip")
    }

    private func items(_ job: Job) throws -> (names: [String], notes: Planner.Notes) {
        var names: [String] = []
        let notes = try Planner(job: job).forEach { names.append($0.key.image.display) }
        return (names, notes)
    }

    @Test func `images come in the archive's order, under its name`() async throws {
        try await TemporaryFolder.use { folder in
            try write(["b.png", "in/a.PNG", "read.me", "b.png", "draft/c.png"], folder)
            let (names, notes) = try items(job(folder))
            #expect(names == ["b.png", "in/a.PNG", "draft/c.png"].map { "sets/photos.zip/" + $0 })
            #expect(notes.skippedFiles == 1 && notes.warnings.isEmpty)
            #expect(try items(job(folder, include: ["*.png"], exclude: ["draft/**"])).names.count == 2)
            #expect(Planner(job: job(folder)).digest != Planner(job: job(folder, exclude: ["b*"])).digest)
            try Planner(job: job(folder)).requireImages()
        }
    }

    @Test func `an image in an archive is the same as on disk`() async throws {
        try await TemporaryFolder.use { folder in
            try write(["in/a.png"], folder)
            let planner = Planner(job: job(folder))
            let loader = ImageLoader()
            var files: [FilePath] = []
            _ = try planner.forEach { files += planner.files(of: $0.key) }
            let file = try #require(files.first)
            #expect(loader.byteCount(of: file) == image.count)
            let loaded = try loader.load(file)
            #expect(loaded.data == image && loaded.header.width == 16)
            let other = #expect(throws: Failure.self) {
                try loader.load(folder.path.appending("sets/photos.zip/b.png"))
            }
            #expect(other?.label == "file_missing")
            #expect(try ImageLoader().loaded(image).digest == loaded.digest)
        }
    }

    @Test func `a path may lead into an archive wherever files are named`() async throws {
        try await TemporaryFolder.use { folder in
            try write(["in/a.png"], folder)
            try folder.write("image\nphotos.zip/in/a.png\nphotos.zip/in/b.png\n".utf8, to: "sets/list.csv")
            var job = job(folder)
            job.images = [.manifest(path: "sets/list.csv", image: "image"), .files(["sets/photos.zip/c/d/e.png"])]
            let planner = Planner(job: job)
            let loader = ImageLoader()
            var found: [String] = []
            _ = try planner.forEach { planned in
                for file in planner.files(of: planned.key) {
                    do throws(Failure) {
                        found.append("\(try loader.load(file).header.width)")
                    } catch {
                        found.append(error.label)
                    }
                }
            }
            #expect(found == ["16", "file_missing", "file_missing"])
            // A file that is no archive has nothing below it.
            let error = #expect(throws: Failure.self) { try loader.load(folder.path.appending("sets/list.csv/a.png")) }
            #expect(error?.label == "archive_unsupported" && error?.detail.contains("no zip or tar") == true)
        }
    }

    @Test func `many archives are open a few at a time`() async throws {
        try await TemporaryFolder.use { folder in
            var job = Job.fixture(root: folder.path, promptIDs: ["alt"])
            job.images = []
            for index in 0..<20 {
                try folder.write(ArchiveBytes.tar("a.png", image), to: "\(index).tar")
                job.images.append(.archive(path: "\(index).tar", include: [], exclude: []))
            }
            let planner = Planner(job: job)
            let loader = ImageLoader()
            var found = 0
            _ = try planner.forEach { planned in
                for file in planner.files(of: planned.key) { found += try loader.load(file).data.count }
            }
            #expect(found == 20 * image.count)
        }
    }

    @Test func `an archive without images, or none at all, is told of`() async throws {
        try await TemporaryFolder.use { folder in
            func problem() -> String? {
                #expect(throws: SpecError.self) { try items(job(folder)) }?.problems.first?.description
            }
            #expect(problem()?.contains("images[0].archive") == true)
            #expect(problem()?.contains("No such file") == true)
            try write(["read.me"], folder)
            #expect(problem()?.contains("no image in it; 1 other files were left out") == true)
            try folder.write("text".utf8, to: "sets/photos.zip")
            #expect(problem()?.contains("it is no zip or tar archive") == true)
        }
    }

    @Test func `damage behind some images is warned of`() async throws {
        try await TemporaryFolder.use { folder in
            var archive = ArchiveBytes.tar("a.png", image) + ArchiveBytes.tar("b.png", image)
            archive[1024] ^= 1
            try folder.write(archive, to: "sets/photos.zip")
            let (names, notes) = try items(job(folder))
            #expect(names == ["sets/photos.zip/a.png"])
            #expect(notes.warnings.map { $0.contains("what comes behind 1 images is left out") } == [true])
        }
    }
}
