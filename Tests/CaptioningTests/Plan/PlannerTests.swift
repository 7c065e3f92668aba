import Foundation
import SystemPackage
import Testing

@testable import Captioning

struct PlannerTests {
    private struct Planned {
        var keys: [Item.Key] = []
        var notes = Planner.Notes()
        var images: [String] { keys.map { String(decoding: $0.image.bytes, as: UTF8.self) } }
    }

    /// Plans and checks that places count up from 0.
    private func plan(_ job: Job) throws -> Planned {
        var planned = Planned()
        planned.notes = try Planner(job: job).forEachItem { key, position in
            #expect(position == planned.keys.count)
            planned.keys.append(key)
        }
        return planned
    }

    private func problems(_ job: Job) throws -> [SpecError.Problem] {
        do {
            _ = try plan(job)
            return []
        } catch let error as SpecError {
            return error.problems
        }
    }

    private static func folder(
        _ path: String, include: [String] = [], exclude: [String] = []
    ) -> JobSpec.ImageSource {
        .folder(path: path, include: include, exclude: exclude)
    }

    @Test func `a folder is planned with every file of an image's ending`() throws {
        let folder = try ScratchFolder()
        try folder.makeFiles("a.jpg", "b.JPEG", "c.txt", "d", "x/e.webp", "jpg", "f.jpg.part", "x/g.PnG")
        let planned = try plan(job([Self.folder(".")], in: folder.path))
        #expect(planned.images == ["a.jpg", "b.JPEG", "x/e.webp", "x/g.PnG"])
        #expect(planned.keys.allSatisfy { $0.kind == .file && $0.promptID == "alt" })
        #expect(planned.notes.skippedFiles == 4)
        #expect(planned.notes.warnings.isEmpty)
    }

    @Test func `include chooses and exclude wins`() throws {
        let folder = try ScratchFolder()
        try folder.makeFiles("p/a.jpg", "p/b.png", "p/c.txt", "p/drafts/d.jpg", "p/x/drafts/e.jpg", "p/x/f.jpg")
        let source = Self.folder("p", include: ["*.jpg", "*.txt"], exclude: ["**/drafts/**", "a.*"])
        let planned = try plan(job([source], in: folder.path))
        #expect(planned.images == ["p/c.txt", "p/x/f.jpg"])
        #expect(planned.notes.skippedFiles == 4)
    }

    @Test func `prompts come in order within each image, sources in order of the spec`() throws {
        let folder = try ScratchFolder()
        try folder.makeFiles("p/b.jpg", "p/a.jpg", "z.jpg", "c.jpg")
        let sources: [JobSpec.ImageSource] = [
            .files(["z.jpg"]), .urls(["https://example.com/u.jpg"]), Self.folder("p"),
            .group(name: "pair", files: ["c.jpg", "z.jpg"]),
        ]
        let planned = try plan(job(sources, in: folder.path, prompts: ["tags", "alt"]))
        let images: [(Item.Kind, String)] = [
            (.file, "z.jpg"), (.url, "https://example.com/u.jpg"), (.file, "p/a.jpg"), (.file, "p/b.jpg"),
            (.group, "pair"),
        ]
        #expect(
            planned.keys
                == images.flatMap { kind, name in
                    ["tags", "alt"].map { Item.Key(kind: kind, image: ImageName(name), promptID: $0) }
                })
    }

    @Test func `an item knows its files`() throws {
        let sources: [JobSpec.ImageSource] = [.group(name: "pair", files: ["c.jpg", "/abs/z.jpg"]), .files(["a.jpg"])]
        let planner = Planner(job: job(sources, in: "/photos"))
        func files(_ kind: Item.Kind, _ name: ImageName) -> [FilePath] {
            planner.files(of: .init(kind: kind, image: name, promptID: "alt"))
        }
        #expect(files(.group, ImageName("pair")) == ["/photos/c.jpg", "/abs/z.jpg"])
        #expect(files(.group, ImageName("nobody")).isEmpty)
        #expect(files(.file, ImageName("x/a.jpg")) == ["/photos/x/a.jpg"])
        #expect(files(.url, ImageName("https://example.com/a.jpg")).isEmpty)
        let bytes: [UInt8] = [0xFF, 0x2E, 0x6A]
        #expect(files(.file, ImageName(bytes: bytes)).map(\.bytes) == [Array("/photos/".utf8) + bytes])
    }

    @Test func `an image that two sources name is one item, at its first place`() throws {
        let folder = try ScratchFolder()
        try folder.makeFiles("p/a.jpg", "p/x/b.jpg", "c.jpg")
        let absolute = folder.path("p/x/b.jpg").string
        let overlaps: [([JobSpec.ImageSource], [String])] = [
            ([Self.folder("p"), Self.folder("p/x")], ["p/a.jpg", "p/x/b.jpg"]),
            ([Self.folder("p/x"), Self.folder("p")], ["p/x/b.jpg", "p/a.jpg"]),
            ([Self.folder("p"), Self.folder("./p/")], ["p/a.jpg", "p/x/b.jpg"]),
            ([Self.folder("."), Self.folder("p")], ["c.jpg", "p/a.jpg", "p/x/b.jpg"]),
            ([Self.folder("p"), .files(["p/a.jpg", "c.jpg"])], ["p/a.jpg", "p/x/b.jpg", "c.jpg"]),
            ([.files(["p/x/b.jpg"]), Self.folder("p")], ["p/x/b.jpg", "p/a.jpg"]),
            ([.files(["c.jpg", "./c.jpg", "p/../c.jpg", "c.jpg"])], ["c.jpg"]),
            ([.files([absolute]), Self.folder("p")], ["p/x/b.jpg", "p/a.jpg"]),
            ([Self.folder(folder.path("p").string), Self.folder("p")], ["p/a.jpg", "p/x/b.jpg"]),
            ([.urls(["https://example.com/a", "https://example.com/a"])], ["https://example.com/a"]),
        ]
        for (sources, expected) in overlaps {
            #expect(try plan(job(sources, in: folder.path)).images == expected, "\(sources)")
        }
    }

    @Test func `folders whose names begin alike do not overlap`() throws {
        let folder = try ScratchFolder()
        try folder.makeFiles("p/a.jpg", "p2/a.jpg")
        #expect(
            try plan(job([Self.folder("p"), Self.folder("p2")], in: folder.path)).images == ["p/a.jpg", "p2/a.jpg"])
    }

    @Test func `the store's own files are never images`() throws {
        let folder = try ScratchFolder()
        let store = folder.path("p/results.sqlite")
        try folder.makeFiles(
            "p/a.jpg", "p/results.sqlite", "p/results.sqlite-wal", "p/results.sqlite-shm", "p/results.sqlite.lock",
            "p/results.sqlite-journal", "p/other.sqlite")
        let planned = try plan(job([Self.folder("p", include: ["*"])], in: folder.path, store: store))
        #expect(planned.images == ["p/a.jpg", "p/other.sqlite"])
        #expect(planned.notes.skippedFiles == 5)
    }

    @Test func `names of any bytes are planned as they are`() throws {
        let folder = try ScratchFolder()
        let names = FolderWalkTests.names.filter { $0.first != UInt8(ascii: ".") }
        for name in names { try folder.makeFile(name) }
        let planned = try plan(job([Self.folder(".", include: ["*"])], in: folder.path))
        #expect(planned.keys.map(\.image) == names.map { ImageName(bytes: $0) }.sorted())
    }

    @Test func `what cannot be read is planned all the same`() throws {
        let folder = try ScratchFolder()
        try folder.makeFIFO("pipe.jpg")
        try folder.link("dangling.jpg", to: "nowhere")
        let planned = try plan(job([Self.folder("."), .files(["missing.jpg"])], in: folder.path))
        #expect(planned.images == ["dangling.jpg", "pipe.jpg", "missing.jpg"])
    }

    @Test func `a folder that is missing, a file or empty is a problem that names it`() throws {
        let folder = try ScratchFolder()
        try folder.makeFiles("file.jpg", "texts/a.txt", "texts/b.txt")
        try folder.makeFolder("empty")
        let sources = ["missing", "file.jpg", "empty", "texts"].map { Self.folder($0) }
        let root = folder.path.string
        let found = try problems(job(sources, in: folder.path))
        #expect(found.map(\.keyPath) == (0..<4).map { "images[\($0)].folder" })
        #expect(
            found.map(\.message) == [
                "'\(root)/missing' does not exist", "'\(root)/file.jpg' is no folder",
                "no image in '\(root)/empty'", "no image in '\(root)/texts'",
            ])
        #expect(
            found.map(\.hint) == [
                "paths are relative to the spec's own folder", "paths are relative to the spec's own folder",
                "the folder is empty", "2 other files were left out; 'include' says which names count",
            ])
    }

    @Test func `an empty folder is told as empty, whatever was left out elsewhere`() throws {
        let folder = try ScratchFolder()
        try folder.makeFiles("p/a.jpg", "p/b.txt")
        try folder.makeFolder("empty")
        let found = try problems(job([Self.folder("p"), Self.folder("empty")], in: folder.path))
        #expect(found.map(\.hint) == ["the folder is empty"])
    }

    @Test func `a folder of which everything came before is no problem, an empty one beside it is`() throws {
        let folder = try ScratchFolder()
        try folder.makeFiles("p/a.jpg")
        try folder.makeFolder("empty")
        let again = [Self.folder("p"), Self.folder("p")]
        #expect(try plan(job(again, in: folder.path)).images == ["p/a.jpg"])
        #expect(
            try problems(job(again + [Self.folder("empty")], in: folder.path)).map(\.keyPath) == ["images[2].folder"])
    }

    @Test func `a visit that throws ends the planning`() throws {
        struct Stop: Error {}
        let job = job([.files(["a.jpg", "b.jpg"])], in: "/photos")
        #expect(throws: Stop.self) { _ = try Planner(job: job).forEachItem { _, _ in throw Stop() } }
    }

    private static var specs: [String] {
        let names =
            (try? FileManager.default.contentsOfDirectory(atPath: repository.appending(path: "jobs").path)) ?? []
        return names.filter { $0.hasSuffix(".yaml") || $0.hasSuffix(".json") }.sorted()
    }

    @Test func `there are specs that run as they are`() {
        #expect(Self.specs.contains("demo.yaml"))
    }

    @Test(arguments: specs)
    func `every spec of the repository is read, resolved and planned`(name: String) throws {
        let jobs = repository.appending(path: "jobs")
        let yaml = try String(contentsOf: jobs.appending(path: name), encoding: .utf8)
        let spec = try JobSpec(yaml: yaml, file: name)
        let root = FilePath(jobs.path)
        let job = try Job(resolving: spec, file: name, name: name, root: root, storeDirectory: root)
        let planned = try plan(job)
        #expect(!planned.keys.isEmpty)
        #expect(job.warnings.isEmpty)
        #expect(planned.notes.warnings.isEmpty)
        #expect(yaml.hasPrefix("# yaml-language-server: $schema=../schema/job.schema.json\n"))
        if name == "demo.yaml" { #expect(planned.keys.count == 24) }
    }
}
