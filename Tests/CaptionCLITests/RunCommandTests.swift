import Captioning
import CaptioningSQLite
import CaptioningSimulator
import CaptioningTesting
import Foundation
import Testing

struct RunCommandTests {
    private let key = ["TEST_KEY": "sk-simulated"]

    @Test func `a folder is captioned with the defaults, and a second run sends nothing`() async throws {
        let scene = try CommandScene()
        try scene.makePhotos(5)
        let first = await scene.run("run", "photos", "--provider", "simulated")
        #expect(first.status == 0)
        #expect(first.output.contains("5 of 5 done, 0 failed, 0 pending"))
        #expect(first.output.contains("5 attempts"))
        let second = await scene.run("run", "photos", "--provider", "simulated")
        #expect(second.status == 0)
        #expect(second.output.contains("5 attempts"))
        #expect(scene.exists("photos.simulated.sqlite"))
        #expect(!scene.exists("photos.simulated.sqlite.lock"))
        #expect(!scene.exists("photos.simulated.sqlite-wal"))
    }

    @Test func `every item gets exactly one request`() async throws {
        let scene = try CommandScene()
        try scene.makePhotos(20)
        let ledger = try await withSimulator(SimulatorOptions()) { simulator in
            try scene.makeSpec(baseURL: simulator.baseURL, prompts: ["alt", "tags", "title"])
            let result = await scene.run("run", "job.yaml", "--concurrency", "16", environment: key)
            #expect(result.status == 0)
            return simulator.ledger
        }
        #expect(ledger.requests == 60)
        #expect(ledger.distinctAccepted == 60)
        #expect(ledger.malformed == 0)
        let csv = await scene.run("export", "job.yaml").output
        #expect(csv.components(separatedBy: "\r\n").count == 62)
    }

    @Test func `events are written, one JSON object a line`() async throws {
        let scene = try CommandScene()
        try scene.makePhotos(3)
        let result = await scene.run("run", "photos", "--provider", "simulated", "--events", "events.jsonl")
        #expect(result.status == 0)
        let text = try String(contentsOf: scene.folder.appendingPathComponent("events.jsonl"), encoding: .utf8)
        let events = try text.split(separator: "\n").map { try JSONValue(parsing: Data($0.utf8)) }
        let names = events.compactMap { $0["event"]?.string }
        #expect(names.filter { $0 == "started" }.count == 3)
        #expect(names.filter { $0 == "completed" }.count == 3)
        #expect(names.last == "ended")
        #expect(events.last?["end"]?.string == "finished")
        #expect(events.allSatisfy { $0["time"]?.string != nil })
        let bad = await scene.run("run", "photos", "--provider", "simulated", "--events", "no/such/folder/e.jsonl")
        #expect(bad.status == 64)
        #expect(bad.errorOutput.contains("cannot write events"))
    }

    @Test func `a deadline ends the run with the budget's code, and the next run goes on`() async throws {
        let scene = try CommandScene()
        try scene.makePhotos(6)
        var options = SimulatorOptions()
        options.faults = [.hang: 1]
        let status = try await withSimulator(options) { simulator in
            try scene.makeSpec(baseURL: simulator.baseURL)
            return await scene.run("run", "job.yaml", "--deadline", "1s", environment: key).status
        }
        #expect(status == 78)
        let again = try await withSimulator(SimulatorOptions()) { simulator in
            try scene.makeSpec(baseURL: simulator.baseURL)
            return await scene.run("run", "job.yaml", environment: key).status
        }
        #expect(again == 0)
    }

    @Test func `faults of every kind at 30% in total leave exact books`() async throws {
        let scene = try CommandScene()
        try scene.makePhotos(30)
        var options = SimulatorOptions()
        options.hold = .milliseconds(50)
        options.seed = 11
        options.trickle = .milliseconds(1)
        // But those that refuse an image for good.
        let faults = Fault.allCases.filter { ![.controlsError, .echoError].contains($0) }
        for fault in faults { options.faults[fault] = 0.3 / Double(faults.count) }
        let (status, ledger) = try await withSimulator(options) { simulator in
            try scene.makeSpec(
                baseURL: simulator.baseURL, prompts: ["alt", "tags"],
                extra: "limits: {concurrency: 16}\nname: faulty")
            let spec = scene.folder.appendingPathComponent("job.yaml")
            let text = try String(contentsOf: spec, encoding: .utf8)
                .replacing("attempts: 3", with: "attempts: 10").replacing("timeout: 120s", with: "timeout: 5s")
            try text.write(to: spec, atomically: true, encoding: .utf8)
            return (await scene.run("run", "job.yaml", environment: key).status, simulator.ledger)
        }
        #expect(status == 0)
        #expect(ledger.distinctAccepted == 60)
        #expect(ledger.faults.values.reduce(0, +) > 5)
        let store = try SQLiteJobStore.openForReading(path: scene.folder.path + "/faulty.sqlite")
        #expect(try await store.summary().attempts == ledger.requests)
    }

    @Test func `a wrong key stops within three requests, exits 77, and appears nowhere`() async throws {
        let scene = try CommandScene()
        try scene.makePhotos(12)
        let secret = "sk-wrong-0123456789-secret"
        try await withSimulator(SimulatorOptions()) { simulator in
            try scene.makeSpec(baseURL: simulator.baseURL)
            let result = await scene.run("run", "job.yaml", environment: ["TEST_KEY": secret])
            #expect(result.status == 77)
            #expect((1...3).contains(simulator.ledger.requests))
            #expect(!result.output.contains(secret) && !result.errorOutput.contains(secret))
            for command in ["status", "plan", "export", "show"] {
                let other =
                    command == "show"
                    ? await scene.run("show", "job.yaml", "photos/100.bmp") : await scene.run(command, "job.yaml")
                #expect(other.status == 0)
                #expect(!other.output.contains(secret) && !other.errorOutput.contains(secret))
            }
            #expect(try scene.filesContaining(secret).isEmpty)
            let resumed = await scene.run("run", "job.yaml", environment: key)
            #expect(resumed.status == 0)
            #expect(resumed.output.contains("12 of 12 done"))
        }
        #expect(try scene.filesContaining("sk-simulated").isEmpty)
    }

    @Test func `without a key nothing is sent and the exit code is 77`() async throws {
        let scene = try CommandScene()
        try scene.makePhotos(1)
        let result = await scene.run("run", "photos")
        #expect(result.status == 77)
        #expect(result.errorOutput.contains("DASHSCOPE_API_KEY"))
        #expect(result.errorOutput.contains("--provider simulated"))
    }

    @Test func `a server that is down gives exit 69, and the job resumes`() async throws {
        let scene = try CommandScene()
        try scene.makePhotos(6)
        // Nothing listens on the discard port of loopback.
        try scene.makeSpec(baseURL: "http://127.0.0.1:9/v1")
        let down = await scene.run("run", "job.yaml", environment: key)
        #expect(down.status == 69)
        #expect(down.output.contains("0 failed, 6 pending"))
        try await withSimulator(SimulatorOptions()) { simulator in
            let result = await scene.run("run", "job.yaml", "--base-url", simulator.baseURL, environment: key)
            #expect(result.status == 0)
            #expect(result.output.contains("6 of 6 done"))
        }
    }

    @Test func `bad images fail as items, exit 3, and retry makes them pending again`() async throws {
        let scene = try CommandScene()
        try scene.makePhotos(2)
        try scene.write("<html>no image</html>", to: "photos/page.png")
        try scene.write("", to: "photos/empty.jpg")
        let result = await scene.run("run", "photos", "--provider", "simulated")
        #expect(result.status == 3)
        #expect(result.output.contains("2 of 4 done, 2 failed, 0 pending"))
        #expect(result.output.contains("1 × file_empty"))
        #expect(result.errorOutput.contains("failed: page.png"))
        try scene.write(JobScene.bitmap(width: 33, height: 44), to: "photos/empty.jpg")
        let requeued = await scene.run("retry", "photos", "--provider", "simulated", "--code", "file_empty")
        #expect(requeued.output.contains("1 item is pending again"))
        let again = await scene.run("run", "photos", "--provider", "simulated")
        #expect(again.status == 3)
        #expect(again.output.contains("3 of 4 done, 1 failed, 0 pending"))
    }

    @Test func `an edited prompt stops with 65 until the user decides`() async throws {
        let scene = try CommandScene()
        try scene.makePhotos(3)
        let spec = "images: [{folder: ./photos}]\nprompts: [{id: a, text: TEXT}]\nendpoint: {provider: simulated}\n"
        try scene.write(spec.replacing("TEXT", with: "first"), to: "job.yaml")
        #expect(await scene.run("run", "job.yaml").status == 0)
        try scene.write(spec.replacing("TEXT", with: "second"), to: "job.yaml")
        let refused = await scene.run("run", "job.yaml")
        #expect(refused.status == 65)
        #expect(refused.errorOutput.contains("--redo stale") && refused.errorOutput.contains("--keep stale"))
        #expect(await scene.run("plan", "job.yaml").output.contains("3 results are stale"))
        let kept = await scene.run("run", "job.yaml", "--keep", "stale")
        #expect(kept.status == 0)
        #expect(kept.output.contains("3 attempts"))
        #expect(await scene.run("run", "job.yaml").status == 0)
        try scene.write(spec.replacing("TEXT", with: "third"), to: "job.yaml")
        let redone = await scene.run("run", "job.yaml", "--redo", "stale")
        #expect(redone.status == 0)
        #expect(redone.output.contains("6 attempts"))
        #expect(await scene.run("export", "job.yaml").output.contains("Asked: third"))
    }

    @Test func `a limit takes the first items of the plan only`() async throws {
        let scene = try CommandScene()
        try scene.makePhotos(7)
        let result = await scene.run("run", "photos", "--provider", "simulated", "--limit", "3")
        #expect(result.status == 0)
        #expect(result.output.contains("3 of 7 done, 0 failed, 4 pending"))
        let csv = await scene.run("export", "photos", "--provider", "simulated").output
        #expect(csv.components(separatedBy: "\r\n").dropFirst().prefix(3).allSatisfy { $0.contains(",done,") })
    }

    @Test func `a second runner exits 75 at once and names the first`() async throws {
        let scene = try CommandScene()
        try scene.makePhotos(1)
        let lock = try StoreLock(storePath: scene.folder.path + "/photos.simulated.sqlite")
        let result = await scene.run("run", "photos", "--provider", "simulated")
        #expect(result.status == 75)
        #expect(result.errorOutput.contains("pid \(ProcessInfo.processInfo.processIdentifier)"))
        withExtendedLifetime(lock) {}
    }

    @Test func `an empty folder is a clear error and leaves no store behind`() async throws {
        let scene = try CommandScene()
        try scene.write("text", to: "photos/notes.txt")
        let result = await scene.run("run", "photos", "--provider", "simulated")
        #expect(result.status == 65)
        #expect(result.errorOutput.contains("no image in"))
        #expect(!scene.exists("photos.simulated.sqlite"))
    }

    @Test func `a store that is none is left as it is and exits 74`() async throws {
        let scene = try CommandScene()
        try scene.makePhotos(1)
        try scene.write("my diary", to: "photos.simulated.sqlite")
        let result = await scene.run("run", "photos", "--provider", "simulated")
        #expect(result.status == 74)
        #expect(result.errorOutput.contains("no SQLite database"))
        #expect(
            try String(contentsOf: scene.folder.appendingPathComponent("photos.simulated.sqlite"), encoding: .utf8)
                == "my diary")
    }

    @Test(arguments: [
        ["--limit", "0"], ["--concurrency", "2000"], ["--concurrency", "9-4"], ["--deadline", "0s"],
        ["--redo", "stale", "--keep", "stale"], ["--nonsense"],
    ])
    func `bad usage exits 64`(flags: [String]) async throws {
        let scene = try CommandScene()
        try scene.makePhotos(1)
        let result: CommandScene.Result
        switch flags.count {
        case 1: result = await scene.run("run", "photos", flags[0])
        case 2: result = await scene.run("run", "photos", flags[0], flags[1])
        default: result = await scene.run("run", "photos", flags[0], flags[1], flags[2], flags[3])
        }
        #expect(result.status == 64)
    }

    @Test func `identical images are sent once`() async throws {
        let scene = try CommandScene()
        for name in ["a", "b", "c"] {
            try scene.write(JobScene.bitmap(width: 30, height: 30), to: "photos/\(name).bmp")
        }
        let ledger = try await withSimulator(SimulatorOptions()) { simulator in
            try scene.makeSpec(baseURL: simulator.baseURL)
            #expect(await scene.run("run", "job.yaml", environment: key).status == 0)
            return simulator.ledger
        }
        #expect(ledger.requests == 1)
        let status = await scene.run("status", "job.yaml").output
        #expect(status.contains("3 of 3 done"))
        #expect(status.contains("2 answers reused"))
    }
}
