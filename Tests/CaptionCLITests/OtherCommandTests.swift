import ArgumentParser
import Foundation
import Testing

@testable import CaptionCLI

struct OtherCommandTests {
    @Test func `check reports every problem with its line and exits 65`() async throws {
        let scene = try CommandScene()
        try scene.write(
            """
            images: [{foldr: ./photos}]
            prompts: [{id: a, text: "{{filenam}}"}]
            endpoint: {provider: dashscop}
            limits: {concurency: 4}
            """, to: "bad.yaml")
        let result = await scene.run("check", "bad.yaml")
        #expect(result.status == 65)
        for expected in [
            "bad.yaml:1", "did you mean 'folder'?", "did you mean 'filename'?", "did you mean 'dashscope'?",
            "did you mean 'concurrency'?", "4 problems",
        ] {
            #expect(result.errorOutput.contains(expected), "\(expected)")
        }
    }

    @Test func `check prints problems as JSON too`() async throws {
        let scene = try CommandScene()
        try scene.write("images: []", to: "bad.yaml")
        let result = await scene.run("check", "bad.yaml", "--json")
        #expect(result.status == 65)
        let json = try #require(try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
        #expect((json["problems"] as? [Any])?.count == 1)
    }

    @Test func `a missing spec says how to make one`() async throws {
        let result = try await CommandScene().run("plan", "nowhere.yaml")
        #expect(result.status == 65)
        #expect(result.errorOutput.contains("caption init"))
    }

    @Test func `init writes a spec that is fine, and never overwrites`() async throws {
        let scene = try CommandScene()
        try scene.makePhotos(2)
        let written = await scene.run("init", "photos")
        #expect(written.status == 0)
        #expect(written.output == "wrote ./photos.yaml\n")
        #expect(await scene.run("check", "photos.yaml").status == 0)
        let plan = await scene.run("plan", "photos.yaml")
        #expect(plan.output.contains("a run would send 2 requests"))
        let again = await scene.run("init", "photos")
        #expect(again.status == 64)
        #expect(again.errorOutput.contains("left as it is"))
    }

    @Test func `plan says where settings come from and touches nothing`() async throws {
        let scene = try CommandScene()
        try scene.makePhotos(2)
        try scene.write(
            "images: [{folder: photos}]\nendpoint: {provider: dashscope, region: beijing, model: from-spec}",
            to: "job.yaml")
        let result = await scene.run(
            "plan", "job.yaml", "--model", "from-flag", "--json", environment: ["CAPTION_MODEL": "from-environment"])
        #expect(result.status == 0)
        let json = try #require(try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
        let settings = try #require(json["settings"] as? [[String: Any]])
        let model = try #require(settings.first { $0["name"] as? String == "model" })
        #expect(model["value"] as? String == "from-flag")
        #expect(model["origin"] as? String == "flag")
        let url = try #require(settings.first { $0["name"] as? String == "base_url" })
        #expect(url["value"] as? String == "https://dashscope.aliyuncs.com/compatible-mode/v1")
        #expect(json["wouldSend"] as? Int == 2)
        #expect(!scene.exists("job.sqlite"))
        let text = await scene.run("plan", "job.yaml", environment: ["CAPTION_MODEL": "from-environment"])
        #expect(text.output.contains("from-environment  (environment)"))
    }

    @Test(arguments: ["status", "export", "retry"])
    func `a job that has not run has no store`(command: String) async throws {
        let scene = try CommandScene()
        try scene.makePhotos(1)
        let result = await scene.run(command, "photos")
        #expect(result.status == 74)
        #expect(result.errorOutput.contains("does not exist yet; 'caption run' creates it"))
        #expect(!scene.exists("photos.sqlite"))
    }

    @Test func `export writes a whole file or none`() async throws {
        let scene = try CommandScene()
        try scene.makePhotos(2)
        _ = await scene.run("run", "photos", "--provider", "simulated", "--quiet")
        #expect(
            await scene.run("export", "photos", "--provider", "simulated", "--output", "out.csv", "--bom").status == 0)
        let csv = try Data(contentsOf: scene.folder.appendingPathComponent("out.csv"))
        #expect(csv.starts(with: [0xEF, 0xBB, 0xBF] + Array("image,prompt,status,caption,".utf8)))
        let failed = await scene.run("export", "photos", "--provider", "simulated", "--output", "nowhere/out.csv")
        #expect(failed.status == 74)
        let left = try FileManager.default.contentsOfDirectory(atPath: scene.folder.path)
        #expect(left.sorted() == ["out.csv", "photos", "photos.simulated.sqlite"])
        let lines = await scene.run("export", "photos", "--provider", "simulated", "--format", "jsonl").output
        #expect(lines.split(separator: "\n").count == 2)
    }

    @Test func `show tells every attempt of an image`() async throws {
        let scene = try CommandScene()
        try scene.makePhotos(1)
        _ = await scene.run("run", "photos", "--provider", "simulated")
        let result = await scene.run("show", "photos", "100.bmp", "--provider", "simulated")
        #expect(result.output.contains("100.bmp, prompt caption: done"))
        #expect(result.output.contains("attempt 1: completed"))
        #expect(result.output.contains("[simulated]"))
        let missing = await scene.run("show", "photos", "nothing.jpg", "--provider", "simulated")
        #expect(missing.status == 64)
    }

    @Test func `every command has help with a real call`() throws {
        for command in CaptionCommand.configuration.subcommands {
            let name = try #require(command.configuration.commandName)
            #expect(!command.configuration.abstract.isEmpty)
            #expect(command.configuration.discussion.contains("caption \(name)"), "\(name)")
        }
    }

    @Test func `simulate refuses nonsense`() async throws {
        let scene = try CommandScene()
        for arguments in [("--fault", "nope=0.1"), ("--fault", "429=2"), ("--latency", "soon"), ("--port", "99999")] {
            let result = await scene.run("simulate", arguments.0, arguments.1)
            #expect(result.status == 64, "\(arguments)")
        }
    }

    @Test func `the README names every command and every exit code`() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let readme = try String(contentsOf: root.appendingPathComponent("README.md"), encoding: .utf8)
        for command in CaptionCommand.configuration.subcommands {
            let name = try #require(command.configuration.commandName)
            #expect(readme.contains("`caption \(name)"), "\(name)")
        }
        for status in ExitStatus.allCases {
            #expect(readme.contains("| \(status.rawValue) |"), "\(status.rawValue)")
        }
    }
}
