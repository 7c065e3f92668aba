import Captioning
import CaptioningSimulator
import CaptioningTesting
import Foundation
import GRDB
import Testing

@testable import CaptionCLI
@testable import CaptioningSQLite

/// Text from outside, wherever a person reads it: nothing in it may act on the terminal.
struct HostileTextTests {
    /// Everything that moves cursors, writes clipboards, turns text around or ends lines.
    private static let evil =
        "\u{1B}[2J\u{1B}]52;c;ZXZpbA==\u{7}\u{9B}31m\u{85}\u{202E}x\u{2066}\u{200F}\u{61C}\u{2028}\u{7F}\u{8}\r\u{B}\u{C}\nnext: rm -rf ~\n"
    /// The same for the name of a file.
    private static let evilName = evil.replacing("/", with: "")

    /// Checks that what a person reads holds only what a terminal shows, and no line that the data forged.
    private func expectFit(_ text: String, _ what: String) {
        let bad = text.unicodeScalars.filter { $0 != "\n" && !TerminalText.isFit($0) }
        #expect(bad.isEmpty, "\(what): \(bad.map { String($0.value, radix: 16) })")
        #expect(!text.split(separator: "\n").contains { $0.hasPrefix("next: rm") }, "\(what)")
    }

    private func makeHostileSpec(_ scene: CommandScene, extra: [String: JSONValue] = [:]) throws {
        // Not the name: it names the store.
        var spec: [String: JSONValue] = [
            "images": .array([.object(["folder": .string("photos")])]),
            "prompts": .array([.object(["id": .string("p" + Self.evil), "text": .string("Say.")])]),
            "parameters": .object(["user" + Self.evil: .string(Self.evil)]),
            "endpoint": .object(["provider": .string("simulated"), "model": .string("qwen3-vl-plus")]),
        ]
        spec.merge(extra) { $1 }
        try scene.write(
            TerminalText.fit(String(decoding: JSONValue.object(spec).canonicalData, as: UTF8.self)), to: "job.yaml")
    }

    @Test func `names, captions and messages in a store act on no terminal`() async throws {
        let scene = try CommandScene()
        try scene.makePhotos(2)
        try scene.write(JobScene.bitmap(width: 30, height: 20), to: "photos/\(Self.evilName).bmp")
        try scene.write(JobScene.bitmap(width: 30, height: 20), to: "photos/\(Self.evilName)2.bmp")
        try scene.write("no image", to: "photos/b\(Self.evilName).jpg")
        try makeHostileSpec(scene)
        let run = await scene.run("run", "job.yaml")
        #expect(run.status == 3, "\(run.errorOutput)")
        expectFit(run.output + run.errorOutput, "run")
        let database = try DatabaseQueue(path: scene.folder.path + "/job.sqlite")
        try await database.write { db in
            try db.execute(
                sql: """
                    UPDATE attempt SET errorMessage = :evil, errorCode = :evil, providerRequestId = :evil,
                        answeredModel = :evil, finishReason = :evil, endpoint = :evil, model = :evil;
                    UPDATE completion SET caption = :evil;
                    UPDATE job SET name = :evil
                    """, arguments: ["evil": Self.evil])
            // As if it had come so.
            db.add(function: RowDigest.function)
            try DigestSQL.writeAll(db)
        }
        try database.close()
        for arguments in [
            ["status"], ["status", "--verify"], ["plan"], ["plan", "--duplicates"], ["check"], ["check", "--images"],
            ["retry", "--code", Self.evil], ["run"],
        ] {
            let result = try await output(scene, [arguments[0], "job.yaml"] + arguments.dropFirst())
            expectFit(result, "\(arguments)")
        }
        for item in ["photos/\(Self.evilName).bmp", "photos/b\(Self.evilName).jpg", Self.evil] {
            expectFit(try await output(scene, ["show", "job.yaml", item]), "show")
        }
        // Programs get it as it is.
        let csv = await scene.run("export", "job.yaml").output
        #expect(csv.contains("photos/\(Self.evilName).bmp"))
        let json = await scene.run("show", "job.yaml", "photos/100.bmp", "--json")
        #expect(try JSONValue(parsing: Data(json.output.utf8)) != .null)
    }

    private func output(_ scene: CommandScene, _ arguments: [String]) async throws -> String {
        let line = arguments.map(ShellText.quoted).joined(separator: " ")
        return try await scene.shell("caption \(line)").output
    }

    @Test func `what a server says acts on no terminal`() async throws {
        let scene = try CommandScene()
        try scene.makePhotos(2)
        try await withSimulator(SimulatorOptions()) { simulator in
            // Its refusal quotes the model.
            try makeHostileSpec(
                scene,
                extra: [
                    "endpoint": .object([
                        "provider": .string("custom"), "base_url": .string(simulator.baseURL),
                        "model": .string("no" + Self.evil), "api_key_env": .string("TEST_KEY"),
                    ])
                ])
            let result = try await scene.shell("caption run job.yaml")
            #expect(result.status == 1)
            #expect(result.output.contains("does not exist or you do not have access"))
            expectFit(result.output, "run")
        }
    }

    @Test(arguments: [
        ["run", evil], ["check", "bad.yaml"], ["plan", "photos", "--provider", evil], ["init", evil],
        ["plan", "photos", evil], ["status", "photos", "--store", evil], ["export", "photos", "--format", evil],
        ["run", "photos", "--events", evil + "/x", "--provider", "simulated"], ["simulate", "--latency", evil],
        ["plan", "table.yaml"], ["run", "photos", "--region", evil], ["plan", "photos", "--model", evil],
        ["plan", "photos", "--base-url", evil],
    ])
    func `what the command line, a spec or a manifest says acts on no terminal`(arguments: [String]) async throws {
        let scene = try CommandScene()
        try scene.makePhotos(1)
        try makeHostileSpec(scene, extra: ["un" + Self.evil: .string("x"), "fetch": .string(Self.evil)])
        try scene.write(try Data(contentsOf: scene.folder.appendingPathComponent("job.yaml")), to: "bad.yaml")
        try makeHostileSpec(
            scene,
            extra: [
                "images": .array([.object(["manifest": .string("t.csv"), "image": .string("a")])]),
                "prompts": .array([.object(["id": .string("p"), "text": .string("{{missing}}")])]),
            ])
        try scene.write(try Data(contentsOf: scene.folder.appendingPathComponent("job.yaml")), to: "table.yaml")
        try scene.write("a,\"b\(Self.evil)\"\nx.jpg,1\nx.jpg,2\n", to: "t.csv")
        expectFit(try await output(scene, arguments), "\(arguments)")
    }

    @Test func `data on a terminal is made fit, and in a pipe stays as it is`() async throws {
        let scene = try CommandScene()
        try scene.write(JobScene.bitmap(width: 30, height: 20), to: "photos/a\u{1B}[2J\u{202E}.bmp")
        _ = await scene.run("run", "photos", "--provider", "simulated")
        var (master, slave): (Int32, Int32) = (0, 0)
        try #require(openpty(&master, &slave, nil, nil, nil) == 0)
        let process = Process()
        process.executableURL = CommandScene.program
        process.arguments = ["export", "photos", "--provider", "simulated"]
        process.currentDirectoryURL = scene.folder
        process.standardOutput = FileHandle(fileDescriptor: slave, closeOnDealloc: true)
        try process.run()
        let shown = FileHandle(fileDescriptor: master, closeOnDealloc: true).availableData
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        let text = String(decoding: shown, as: UTF8.self)
        #expect(text.contains("a\\u001B[2J\\u202E.bmp"), "\(text.debugDescription)")
        #expect(!text.contains("\u{1B}") && !text.contains("\u{202E}"))
        #expect(
            await scene.run("export", "photos", "--provider", "simulated").output.contains("a\u{1B}[2J\u{202E}.bmp"))
    }
}
