import Captioning
import CaptioningTesting
import Foundation
import Testing

@testable import CaptionCLI

/// Files that the program writes: only what it is meant to, through what is there, and nothing left behind.
struct OutputFileTests {
    /// A job that is done, of two images in a folder, a manifest and its image.
    private func makeJob() async throws -> CommandScene {
        let scene = try CommandScene()
        try scene.makePhotos(2)
        try scene.write(JobScene.bitmap(width: 90, height: 20), to: "lists/x.bmp")
        try scene.write("image,title\nx.bmp,One\n", to: "lists/table.csv")
        try scene.write("http://127.0.0.1/a.jpg\n", to: "lists/urls.txt")
        try scene.write("# no address\n", to: "lists/none.txt")
        try scene.write("not an image", to: "photos/text.jpg")
        try scene.write(JobScene.bitmap(width: 91, height: 20), to: "single.bmp")
        try scene.write(
            """
            images:
              - {folder: photos}
              - {folder: wild, include: ["*"]}
              - {files: [single.bmp]}
              - {manifest: lists/table.csv}
              - {urls: lists/none.txt}
            endpoint: {provider: simulated}
            """, to: "job.yaml")
        try scene.write(JobScene.bitmap(width: 92, height: 20), to: "wild/w")
        let run = await scene.run("run", "job.yaml", "--quiet")
        #expect(run.status == 3, "\(run.errorOutput)")
        return scene
    }

    @Test func `what the job lives by is never written over`() async throws {
        let scene = try await makeJob()
        try scene.write(Data([0x50, 0x4B, 3, 4, 20, 0, 0, 0]), to: "other.zip")
        try scene.write(JobScene.bitmap(width: 93, height: 20), to: "other.bmp")
        try scene.write("SQLite format 3\0", to: "other.sqlite")
        _ = try await scene.shell("ln photos/100.bmp hard; ln -s photos/100.bmp soft")
        let names = [
            "photos/100.bmp", "photos/text.jpg", "photos/new.png", "wild/captions.csv", "single.bmp", "lists/x.bmp",
            "lists/table.csv", "lists/none.txt", "job.yaml", "job.sqlite", "job.sqlite.lock", "other.zip", "other.bmp",
            "other.sqlite", "hard", "soft",
        ]
        for name in names {
            let before = try? Data(contentsOf: scene.folder.appendingPathComponent(name))
            for arguments in [["export", "job.yaml", "--output", name], ["run", "job.yaml", "--events", name]] {
                let result = try await scene.shell("caption " + arguments.joined(separator: " "))
                #expect(result.status == 64, "\(arguments): \(result.output)")
                #expect(result.output.contains("nothing was written. Choose another name"))
            }
            #expect(before == (try? Data(contentsOf: scene.folder.appendingPathComponent(name))), "\(name)")
        }
    }

    @Test func `text that is no part of the job is replaced, and keeps its permissions`() async throws {
        let scene = try await makeJob()
        let result = try await scene.shell(
            "echo old > out.csv; chmod 640 out.csv; caption export job.yaml --output out.csv; stat -c %a out.csv; head -1 out.csv"
        )
        #expect(result.output.contains("640\nimage,prompt,"), "\(result.output)")
    }

    @Test func `events go through links and pipes and replace neither`() async throws {
        let scene = try await makeJob()
        let link = try await scene.shell(
            """
            echo old > real.jsonl; ln -s real.jsonl link.jsonl
            caption run job.yaml --quiet --events link.jsonl; readlink link.jsonl; cat real.jsonl
            """)
        #expect(link.output.contains("real.jsonl\n{") && link.output.contains("\"event\":\"ended\""), "\(link.output)")
        #expect(!link.output.contains("old"))
        let pipe = try await scene.shell(
            """
            mkfifo pipe; cat pipe > got & caption run job.yaml --quiet --events pipe; wait
            [ -p pipe ] && echo still a pipe; cat got
            """)
        #expect(
            pipe.output.contains("still a pipe\n{") && pipe.output.contains("\"event\":\"ended\""), "\(pipe.output)")
    }

    @Test func `a pipe whose reader stops reading holds no run up`() async throws {
        let scene = try CommandScene()
        try scene.makePhotos(300)
        let result = try await scene.shell(
            """
            mkfifo pipe; exec 9<>pipe
            caption run photos --provider simulated --store s.sqlite --events pipe
            """)
        #expect(result.output.contains("300 of 300 done"), "\(result.output)")
        #expect(result.output.contains("events are written no more"))
    }

    @Test func `standard output under another name is appended to, not replaced`() async throws {
        let scene = try await makeJob()
        let result = try await scene.shell(
            "echo first > log; caption export job.yaml --output /dev/stdout >> log 2>/dev/null; head -2 log")
        #expect(result.output.hasPrefix("first\nimage,prompt,"), "\(result.output)")
    }

    @Test func `a link that leads nowhere and a folder are no targets`() async throws {
        let scene = try await makeJob()
        let link = try await scene.shell("ln -s away.csv link.csv; caption export job.yaml --output link.csv")
        #expect(link.status == 74)
        #expect(link.output.contains("leads nowhere"))
        #expect(!scene.exists("away.csv"))
        let folder = try await scene.shell("caption export job.yaml --output photos")
        #expect(folder.status == 74)
        #expect(folder.output.contains("it is a folder"))
    }

    @Test func `what killed exports left is removed, and nothing else`() async throws {
        let scene = try await makeJob()
        let ending = "caption-part"
        let foreign = [
            ".out.csv.tmp", ".out.csv.12.zz.\(ending)", ".out.csv.12.\(ending)", ".other.csv.12.ab.\(ending)",
            "out.csv.12.ab.\(ending)", ".out.csv.13.ab.\(ending)", ".out.csv.14.ab.\(ending)",
        ]
        for name in foreign.dropLast() + [".out.csv.12.ab.\(ending)"] { try scene.write("x", to: name) }
        // One is still being written, and one is a link.
        let held = open(scene.folder.path + "/.out.csv.13.ab.\(ending)", O_RDONLY)
        defer { close(held) }
        #expect(flock(held, LOCK_EX | LOCK_NB) == 0)
        try FileManager.default.createSymbolicLink(
            atPath: scene.folder.path + "/.out.csv.14.ab.\(ending)", withDestinationPath: "job.yaml")
        #expect(await scene.run("export", "job.yaml", "--output", "out.csv").status == 0)
        let left = try FileManager.default.contentsOfDirectory(atPath: scene.folder.path)
        #expect(Set(left.filter { $0.contains("out.csv") || $0.contains("other.csv") }) == Set(foreign + ["out.csv"]))
    }
}
