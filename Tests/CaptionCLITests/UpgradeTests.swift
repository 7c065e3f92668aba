import CaptioningSQLite
import CaptioningSimulator
import CaptioningTesting
import Foundation
import GRDB
import Testing

/// Stores that released versions wrote, under this one (`.ci/upgrade-fixture` makes them).
struct UpgradeTests {
    static let versions = ["0.1.0"]

    private static var fixture: URL {
        get throws {
            try #require(Bundle.module.url(forResource: "upgrade", withExtension: nil, subdirectory: "Fixtures"))
        }
    }

    /// The job's folder as it was, with the store of that version.
    private func scene(_ version: String) throws -> CommandScene {
        let scene = try CommandScene()
        for name in ["job.yaml", "table.csv"] {
            try scene.write(Data(contentsOf: Self.fixture.appendingPathComponent(name)), to: name)
        }
        for (name, width) in [
            ("photos/21", 21), ("photos/22", 22), ("photos/copy-of-22", 22), ("photos/übergröße 23", 23),
            ("wares/30", 30),
            ("wares/31", 31),
        ] { try scene.write(JobScene.bitmap(width: width, height: 20), to: name + ".bmp") }
        try scene.write("no image", to: "photos/broken.jpg")
        let sql = try String(
            contentsOf: Self.fixture.appendingPathComponent("\(version).sql"), encoding: .utf8)
        let queue = try DatabaseQueue(path: scene.folder.path + "/upgrade.sqlite")
        try queue.writeWithoutTransaction { try $0.execute(sql: sql) }
        try queue.close()
        return scene
    }

    /// The rows that the version exported, each with what this one appends.
    private func rows(_ version: String) throws -> [String] {
        let csv = try String(
            contentsOf: Self.fixture.appendingPathComponent("\(version).csv"), encoding: .utf8)
        var lines = csv.split(separator: "\r\n").map(String.init)
        // Manifest columns stand behind ours, wherever ours end.
        let header = lines.removeFirst().split(separator: ",", omittingEmptySubsequences: false)
        let ours = try #require(header.firstIndex(of: "prepared"))
        return [header[...ours].joined(separator: ",")] + lines
    }

    @Test(arguments: versions)
    func `an upgrade alone makes nothing stale, asks nothing again and exports the same rows`(_ version: String)
        async throws
    {
        let scene = try scene(version)
        let environment = ["TEST_KEY": "sk-simulated"]
        let before = await scene.run("export", "job.yaml")
        #expect(before.status == 0, "\(before.errorOutput)")
        let expected = try rows(version)
        var found = before.output.split(separator: "\r\n").map(String.init)
        #expect(found.removeFirst().hasPrefix(expected[0] + ",provider,"))
        #expect(found.count == expected.count - 1)
        for (row, old) in zip(found, expected.dropFirst()) {
            // The provider stands between our old columns and the manifest's.
            let withoutProvider = row.replacing(",custom,", with: ",")
            #expect(withoutProvider == old)
        }
        let plan = await scene.run("plan", "job.yaml")
        #expect(plan.output.contains("a run would send nothing"), "\(plan.output)")
        #expect(!plan.output.contains("stale:"))

        // Nobody listens at the job's address: a request would end the run with 69.
        let run = await scene.run("run", "job.yaml", environment: environment)
        #expect(run.status == 3, "\(run.output)\(run.errorOutput)")
        let after = await scene.run("export", "job.yaml")
        let unreadable = "not_an_image"
        #expect(
            after.output.split(separator: "\r\n").filter { !$0.contains(unreadable) }
                == before.output.split(separator: "\r\n").filter { !$0.contains(unreadable) })
        let verified = await scene.run("status", "job.yaml", "--verify")
        #expect(verified.status == 0, "\(verified.errorOutput)")
    }

    @Test(arguments: versions)
    func `copies of images that a released version captioned are not paid for again`(_ version: String) async throws {
        let scene = try scene(version)
        try scene.write(JobScene.bitmap(width: 30, height: 20), to: "wares/renamed/30.bmp")
        try scene.write("photo,title,price\nwares/renamed/30.bmp,\"Red, \"\"round\"\" chair\",10\n", to: "table.csv")
        let result = await scene.run("run", "job.yaml", environment: ["TEST_KEY": "sk-simulated"])
        #expect(result.output.contains("answers reused"), "\(result.output)\(result.errorOutput)")
        let history = await scene.run("show", "job.yaml", "wares/renamed/30.bmp", "--prompt", "alt")
        #expect(history.output.contains("attempt 1: reused"), "\(history.output)")
    }

    /// Kills the built program while it brings a large store up to date.
    @Test func `a kill during a migration loses nothing, and the next command goes on`() async throws {
        let scene = try scene("0.1.0")
        let path = scene.folder.path + "/upgrade.sqlite"
        let queue = try DatabaseQueue(path: path)
        try await queue.write { db in
            try db.execute(
                sql: """
                    WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < 30000)
                    INSERT INTO item (kind, image, prompt, position, requestId, answeredRequestId, state, attemptId)
                    SELECT 'file', 'old/' || n || '.jpg', 'alt', NULL, 1, NULL, 'pending', NULL FROM number;
                    INSERT INTO attempt (itemId, number, requestId, endpoint, model, startedAt, finishedAt, outcome, wasSent)
                    SELECT id, 1, 1, 'http://127.0.0.1:1/v1', 'm', 1, 2, 'failed', 1 FROM item WHERE image LIKE 'old/%';
                    REPLACE INTO tally SELECT 1, * FROM counted;
                    """)
        }
        try queue.close()
        for pause in [0, 30_000, 80_000, 150_000, 250_000, 400_000] as [Int] {
            let process = try scene.start(["status", "job.yaml"])
            try await Task.sleep(for: .microseconds(pause))
            kill(process.processIdentifier, SIGKILL)
            while process.isRunning { try await Task.sleep(for: .milliseconds(2)) }
        }
        let verified = await scene.run("status", "job.yaml", "--verify")
        #expect(verified.status == 0, "\(verified.errorOutput)")
        let export = await scene.run("export", "job.yaml")
        #expect(export.output.split(separator: "\r\n").count == (try rows("0.1.0").count))
    }
}
