import Foundation
import Testing

@testable import CaptionCLI

/// What the commands tell of images that are not sent as they are.
struct ImageCommandTests {
    /// A GIF of 32 by 24 pixels, which the simulated provider takes as little as the real one.
    private static let gif = Data(
        base64Encoded:
            "R0lGODlhIAAYAIAAAEdwTAAAACH/C05FVFNDQVBFMi4wAwEAAAAh+QQFAAAAACwAAAAAIAAYAAACGoyPqcvtD6OctNqLs968"
            + "+w+G4kiW5omm6lcAADs=")

    /// A zip archive of one PNG of 16 by 16 pixels.
    private static let archive = Data(
        base64Encoded:
            "UEsDBBQAAAAIAAAAIVgNvo8FSgAAAE8AAAAMAAAAaW4vcGhvdG8ucG5n6wzwc+flkuJiYGDg9fRwCQLSAiDMwQQkJ0zMMANS"
            + "Yp4ujiEVt5ItFNXdhZIkrhqsSvyRxcDwJIlF4OXsho9AFQyern4u65wSmgBQSwECFAMUAAAACAAAACFYDb6PBUoAAABPAAAA"
            + "DAAAAAAAAAAAAAAAgAEAAAAAaW4vcGhvdG8ucG5nUEsFBgAAAAABAAEAOgAAAHQAAAAAAA==")

    private func scene() throws -> CommandScene {
        let scene = try CommandScene()
        try scene.makePhotos(2)
        try (try #require(Self.gif)).write(to: scene.folder.appendingPathComponent("photos/film.gif"))
        return scene
    }

    @Test func `check opens every image and tells what would be done`() async throws {
        let scene = try scene()
        let result = await scene.run("check", "photos", "--images", "--provider", "simulated")
        #expect(result.status == 0, "\(result.errorOutput)")
        #expect(result.output.contains("film.gif: 32x24 GIF 0.1 KB -> 32x24 "))
        #expect(result.output.contains("(converted)"))
        #expect(result.output.contains("3 images: 2 go out as they are, 1 are prepared; "))
        #expect(!scene.exists("photos.sqlite"))
    }

    @Test func `check fails when an image would`() async throws {
        let scene = try scene()
        try scene.write("no image", to: "photos/text.jpg")
        let result = await scene.run("check", "photos", "--images", "--json", "--provider", "simulated")
        #expect(result.status == 3)
        let lines = try result.output.split(separator: "\n").map { line in
            try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        }
        #expect(lines.count == 5)
        #expect(lines.compactMap { $0["errorCode"] as? String } == ["not_an_image"])
        #expect(lines.last?["failed"] as? Int == 1 && lines.last?["images"] as? Int == 4)
    }

    @Test func `a run sends what the provider takes, and says what it sent`() async throws {
        let scene = try scene()
        let result = await scene.run("run", "photos", "--provider", "simulated")
        #expect(result.status == 0, "\(result.errorOutput)")
        let bytes = Self.gif?.count ?? 0
        let export = await scene.run("export", "photos", "--provider", "simulated")
        let row = try #require(export.output.split(separator: "\r\n").first { $0.hasPrefix("film.gif,") })
        #expect(row.contains(",32x24,gif,\(bytes),32x24,") && row.hasSuffix(",converted,simulated"))
        #expect(export.output.contains(",bmp,"))
        let shown = await scene.run("show", "photos", "film.gif", "--provider", "simulated")
        #expect(shown.output.contains("image: 32x24 gif, \(bytes) bytes; sent: 32x24 "))
        #expect(await scene.run("status", "photos", "--verify", "--provider", "simulated").status == 0)
    }

    @Test func `plan counts images that are the same`() async throws {
        let scene = try scene()
        #expect(
            await scene.run("plan", "photos", "--provider", "simulated").output
                .contains("a run would send 3 requests; no image comes twice\n"))
        let photos = scene.folder.appendingPathComponent("photos")
        try FileManager.default.copyItem(
            at: photos.appendingPathComponent("film.gif"), to: photos.appendingPathComponent("copy.gif"))
        let result = await scene.run("plan", "photos", "--provider", "simulated")
        #expect(
            result.output.contains(
                "a run would send 4 requests at most: 1 images are the same as another and are sent once\n"))
        let json = await scene.run("plan", "photos", "--json", "--provider", "simulated")
        #expect(json.output.contains("\"repeatedImages\" : 1"))
    }

    @Test func `an archive is a job, too`() async throws {
        let scene = try scene()
        try #require(Self.archive).write(to: scene.folder.appendingPathComponent("photos.zip"))
        let result = await scene.run("run", "photos.zip", "--provider", "simulated")
        #expect(result.status == 0, "\(result.errorOutput)")
        let export = await scene.run("export", "photos.zip", "--provider", "simulated")
        #expect(export.output.contains("\r\nphotos.zip/in/photo.png,caption,done,"))
        #expect(scene.exists("photos.zip.simulated.sqlite"))
    }

    @Test func `plan lists images that are the same`() async throws {
        let scene = try scene()
        let photos = scene.folder.appendingPathComponent("photos")
        try FileManager.default.copyItem(
            at: photos.appendingPathComponent("film.gif"), to: photos.appendingPathComponent("copy.gif"))
        let result = await scene.run("plan", "photos", "--duplicates", "--provider", "simulated")
        #expect(result.status == 0)
        #expect(result.output.contains("  the same: copy.gif, film.gif\n"))
        #expect(result.output.contains("1 images are the same as another and are sent once; 0 groups look alike"))
        let json = await scene.run("plan", "photos", "--duplicates", "--json", "--provider", "simulated")
        #expect(json.output.contains("\"isIdentical\" : true"))
    }

    @Test func `an image may be sent as it is`() async throws {
        let scene = try scene()
        try scene.write(
            "images: [{folder: photos}]\nprepare: never\nendpoint: {provider: simulated}", to: "job.yaml")
        #expect(await scene.run("run", "job.yaml").status == 3)
        #expect(await scene.run("export", "job.yaml").output.contains("GIF is not accepted"))
        #expect(await scene.run("plan", "job.yaml").output.contains("prepare              never"))
    }
}
