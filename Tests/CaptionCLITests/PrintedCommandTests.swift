import Captioning
import CaptioningSimulator
import CaptioningTesting
import Foundation
import Testing

@testable import CaptionCLI

/// Command lines that the program prints are run by a real shell, as a person would who copies them.
struct PrintedCommandTests {
    /// What stands behind `next: ` in what a command printed.
    private func next(in output: String, _ label: String = "next: ") throws -> String {
        let line = output.split(separator: "\n").last { $0.hasPrefix(label) }
        return String(try #require(line, "\(output)").dropFirst(label.count))
    }

    /// Runs a printed line in the scene's folder.
    private func type(_ line: String, _ scene: CommandScene, shell: String = "/bin/sh") async throws -> (
        status: Int32, output: String
    ) {
        try scene.write(line + "\n", to: ".next.sh")
        return try await scene.shell(
            """
            mkdir -p .bin; ln -sf '\(CommandScene.program.path)' .bin/caption
            PATH="$PWD/.bin:/usr/bin:/bin" \(shell) .next.sh
            """)
    }

    @Test(arguments: ["photos", "my photos", "it's \"$(touch evil)\"", "-dash", "--", "a;b&c|d>e", "ünï"])
    func `after a run the printed line exports from the same store`(name: String) async throws {
        let scene = try CommandScene()
        try scene.write(JobScene.bitmap(width: 20, height: 20), to: "\(name)/a.bmp")
        let folder = ShellText.quoted(ShellText.path(name))
        let run = try await scene.shell("caption run \(folder) --provider simulated --store 'the store.sqlite'")
        let line = try next(in: run.output)
        #expect(line.contains("--provider simulated --store 'the store.sqlite'"))
        let export = try await type(line, scene)
        #expect(export.status == 0, "\(export.output)")
        #expect(
            try String(contentsOf: scene.folder.appendingPathComponent("captions.csv"), encoding: .utf8)
                .contains("a.bmp,caption,done"))
        #expect(!scene.exists("evil"))
    }

    @Test func `a folder whose name is no text at all is printed so that bash finds it again`() async throws {
        let scene = try CommandScene()
        try scene.write(JobScene.bitmap(width: 20, height: 20), to: "a.bmp")
        let run = try await scene.shell(
            "d=$'new\\nline \\377 \\e]0;x\\a'; mkdir \"$d\"; mv a.bmp \"$d\"; caption run \"$d\" --provider simulated --store s.sqlite"
        )
        let line = try next(in: run.output)
        #expect(line.contains("$'new\\012line \\377 \\033]0;x\\007'"))
        let export = try await type(line, scene, shell: "/bin/bash")
        #expect(export.status == 0, "\(export.output)")
        #expect(scene.exists("captions.csv"))
    }

    @Test func `the next run asks the same server, whatever the folder's defaults would be`() async throws {
        let scene = try CommandScene()
        try scene.makePhotos(3)
        try await withSimulator(SimulatorOptions()) { simulator in
            let server = "--base-url \(simulator.baseURL) --model qwen3-vl-plus --api-key-env TEST_KEY"
            let first = try await scene.shell("caption run photos \(server) --limit 1 --concurrency 2 --deadline 5m")
            #expect(simulator.ledger.requests == 1)
            let line = try next(in: first.output)
            // A line that lacked some of it would ask a real provider.
            try #require(line == "caption run photos \(server) --limit 1 --concurrency 2 --deadline 5m")
            let second = try await type(line, scene)
            #expect(second.status == 0, "\(second.output)")
            #expect(simulator.ledger.requests == 2)
            for command in ["plan", "status"] {
                let other = try await scene.shell("caption \(command) photos \(server)")
                #expect(try next(in: other.output) == "caption run photos \(server)")
            }
        }
    }

    @Test func `a stale result's two ways out can be typed`() async throws {
        let scene = try CommandScene()
        try scene.makePhotos(2)
        try await withSimulator(SimulatorOptions()) { simulator in
            let server = "--base-url \(simulator.baseURL) --store s.sqlite"
            try scene.makeSpec(baseURL: "http://127.0.0.1:9/v1")
            _ = try await scene.shell("caption run job.yaml \(server)")
            try scene.makeSpec(baseURL: "http://127.0.0.1:9/v1", extra: "system: Anew.")
            let plan = try await scene.shell("caption plan job.yaml \(server)")
            let refused = try await scene.shell("caption run job.yaml \(server) --quiet")
            #expect(refused.status == 65)
            let redo = try next(in: refused.output, "  caption run")
            #expect(redo.contains("--quiet --keep stale"))
            let kept = try await type("caption run" + redo, scene)
            #expect(kept.status == 0, "\(kept.output)")
            #expect(simulator.ledger.requests == 2)
            let again = try await type(try next(in: plan.output), scene)
            #expect(again.status == 0, "\(again.output)")
        }
    }

    @Test func `failed items are requeued and asked again by one line`() async throws {
        let scene = try CommandScene()
        try scene.makePhotos(1)
        try scene.write("no image", to: "photos/broken.jpg")
        let run = try await scene.shell("caption run photos --provider simulated --store s.sqlite")
        #expect(run.status == 3)
        let line = try next(in: run.output)
        try scene.write(JobScene.bitmap(width: 50, height: 20), to: "photos/broken.jpg")
        let again = try await type(line, scene)
        #expect(again.status == 0, "\(again.output)")
        #expect(again.output.contains("2 of 2 done"))
    }

    @Test func `without a key or a store the way on can be typed, too`() async throws {
        let scene = try CommandScene()
        try scene.makePhotos(1)
        let status = try await scene.shell("caption status photos --model qwen3-vl-flash --store 'a b.sqlite'")
        #expect(status.status == 74)
        #expect(status.output.contains("\ncaption run photos --model qwen3-vl-flash --store 'a b.sqlite'\n"))
        let run = try await scene.shell("caption run photos --region beijing --store 'a b.sqlite' --limit 1")
        #expect(run.status == 77)
        let line = try next(in: run.output, "caption run")
        #expect(line == " photos --provider simulated --store 'a b.sqlite' --limit 1")
        #expect(try await type("caption run" + line, scene).status == 0)
    }

    @Test(arguments: [("my photos", "."), ("-p", "."), ("o'ne", "elsewhere"), ("\u{9B}31m\u{202E}", ".")])
    func `init prints a line that plans from where the person stands`(name: String, place: String) async throws {
        let scene = try CommandScene()
        try scene.write(JobScene.bitmap(width: 20, height: 20), to: "deep/\(name)/a.bmp")
        try scene.write("", to: "elsewhere/x")
        let folder = ShellText.quoted(scene.folder.path + "/deep/" + name)
        let written = try await scene.shell("cd \(place); caption init \(folder)")
        #expect(written.status == 0, "\(written.output)")
        let plan = try await type("cd \(place); " + next(in: written.output), scene, shell: "/bin/bash")
        #expect(plan.status == 0, "\(plan.output)")
        #expect(plan.output.contains("a run would send 1 requests"))
    }

    @Test func `init writes to no link, and to nothing that is there`() async throws {
        let scene = try CommandScene()
        try scene.makePhotos(1)
        let dangling = try await scene.shell("ln -s /nowhere/x photos.yaml; caption init photos")
        #expect(dangling.status == 64)
        let link = try await scene.shell("ln -sf away.yaml photos.yaml; caption init photos; ls away.yaml")
        #expect(link.output.contains("left as it is"))
        #expect(!scene.exists("away.yaml"))
    }
}
