import Captioning
import CaptioningSQLite
import CaptioningSimulator
import Foundation
import GRDB
import Testing

/// When the ground gives way: a clear message, the right exit code, nothing lost, and the same command goes on when it is
/// mended.
struct HostileGroundTests {
    /// A job of 60 images, and a provider that takes 5 ms for each.
    private func withJob(
        _ body: @escaping @Sendable (CommandScene, RunningSimulator) async throws -> Void
    ) async throws {
        let scene = try CommandScene()
        try scene.makePhotos(60)
        var options = SimulatorOptions()
        options.latency = .milliseconds(5)
        try await withSimulator(options) { simulator in
            try scene.makeSpec(baseURL: simulator.baseURL, extra: "limits: {concurrency: 4}")
            try await body(scene, simulator)
        }
    }

    private let environment = ["TEST_KEY": "sk-simulated"]

    /// Runs the job and does something to it after so many requests.
    private func run(
        _ scene: CommandScene, _ simulator: RunningSimulator, after requests: Int = 20,
        _ mischief: @escaping () throws -> Void
    ) async throws -> CommandScene.Result {
        async let result = scene.run("run", "job.yaml", environment: environment)
        while simulator.ledger.requests < requests { try await Task.sleep(for: .milliseconds(1)) }
        try mischief()
        return await result
    }

    /// Runs the job again, to its end; nothing may be asked twice but what was lost.
    private func finish(_ scene: CommandScene, _ simulator: RunningSimulator, repeated: Int = 0) async throws {
        let result = await scene.run("run", "job.yaml", environment: environment)
        #expect(result.status == 0, "\(result.errorOutput)")
        #expect(result.output.contains("60 of 60 done, 0 failed"))
        #expect(simulator.ledger.duplicates <= repeated)
        let status = await scene.run("status", "job.yaml", "--verify")
        #expect(status.status == 0, "\(status.errorOutput)")
    }

    private static func move(_ scene: CommandScene, _ from: String, _ to: String) throws {
        let (from, to) = (scene.folder.path + "/" + from, scene.folder.path + "/" + to)
        try #require(rename(from, to) == 0)
    }

    enum Mischief: CaseIterable {
        case deleted, renamed, replacedByACopy, logDeleted
    }

    @Test(arguments: Mischief.allCases)
    func `a store that is moved, deleted or replaced under a run is noticed, and what it held is saved`(
        _ mischief: Mischief
    ) async throws {
        try await withJob { scene, simulator in
            let path = scene.folder.path + "/job.sqlite"
            let result = try await run(scene, simulator) {
                switch mischief {
                case .deleted: try FileManager.default.removeItem(atPath: path)
                case .renamed: try Self.move(scene, "job.sqlite", "elsewhere.sqlite")
                case .replacedByACopy:
                    try FileManager.default.copyItem(atPath: path, toPath: path + ".copy")
                    try Self.move(scene, "job.sqlite.copy", "job.sqlite")
                case .logDeleted: try FileManager.default.removeItem(atPath: path + "-wal")
                }
            }
            #expect(result.status == 74)
            #expect(result.errorOutput.contains("was moved, deleted or replaced while the run was going on"))
            let names = try FileManager.default.contentsOfDirectory(atPath: scene.folder.path)
            let rescued = try #require(names.first { $0.contains(".rescued-") }, "\(names)")
            let paid = simulator.ledger.accepted
            #expect(paid < 60)
            for name in names where name.hasPrefix("job.sqlite") && name != rescued {
                try FileManager.default.removeItem(atPath: scene.folder.path + "/" + name)
            }
            try Self.move(scene, rescued, "job.sqlite")
            let status = await scene.run("status", "job.yaml")
            #expect(status.output.contains("\(paid) of 60 done"))
            try await finish(scene, simulator)
        }
    }

    @Test func `a lock file that is removed stops the run before another one takes its items`() async throws {
        try await withJob { scene, simulator in
            let result = try await run(scene, simulator) {
                try FileManager.default.removeItem(atPath: scene.folder.path + "/job.sqlite.lock")
            }
            #expect(result.status == 74)
            #expect(result.errorOutput.contains("its lock file"))
            try await finish(scene, simulator)
        }
    }

    @Test func `a link to a store is the same store`() async throws {
        try await withJob { scene, simulator in
            _ = await scene.run("run", "job.yaml", "--limit", "1", environment: environment)
            let (store, link) = (scene.folder.path + "/job.sqlite", scene.folder.path + "/link.sqlite")
            try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: store)
            let lock = try StoreLock(storePath: store)
            defer { withExtendedLifetime(lock) {} }
            let second = await scene.run("run", "job.yaml", "--store", "link.sqlite", environment: environment)
            #expect(second.status == 75)
        }
    }

    @Test func `another program's lock is waited for, and every reply is recorded`() async throws {
        try await withJob { scene, simulator in
            let result = try await run(scene, simulator) {
                let other = try DatabaseQueue(path: scene.folder.path + "/job.sqlite")
                try other.inDatabase { db in
                    try db.execute(sql: "PRAGMA busy_timeout = 10000; BEGIN IMMEDIATE")
                    // As long as replies that cannot be recorded come in.
                    let accepted = simulator.ledger.accepted
                    while simulator.ledger.accepted == accepted, simulator.ledger.accepted < 60 { usleep(500) }
                    try db.execute(sql: "COMMIT")
                }
                try other.close()
            }
            #expect(result.status == 0, "\(result.errorOutput)")
            #expect(simulator.ledger.duplicates == 0)
        }
    }

    @Test func `on a full disk every reply is recorded or printed, and the same command goes on`() async throws {
        try await withJob { scene, simulator in
            // No file may grow above 150 KB: to the program it is as if the disk were full.
            let full = try await scene.shell("ulimit -f 150; caption run job.yaml")
            #expect(full.status == 74, "\(full.output)")
            #expect(full.output.contains("run the same command again") || full.output.contains("'job.sqlite' failed"))
            let printed = full.output.split(separator: "\n").filter { $0.hasPrefix("not recorded: {") }.count
            let accepted = simulator.ledger.accepted
            #expect(accepted > 0 && accepted < 60)
            let status = await scene.run("status", "job.yaml", "--json")
            #expect(status.output.contains("\"done\" : \(accepted - printed),"), "\(printed) printed: \(status.output)")
            try await finish(scene, simulator, repeated: printed)
        }
    }

    @Test func `a damaged page ends the run with what to do, and sends no more than was under way`() async throws {
        try await withJob { scene, simulator in
            _ = await scene.run("run", "job.yaml", "--limit", "30", environment: environment)
            let path = scene.folder.path + "/job.sqlite"
            let queue = try DatabaseQueue(path: path)
            let page = try await queue.read {
                try Int.fetchOne($0, sql: "SELECT rootpage FROM sqlite_master WHERE name = 'item'") ?? 0
            }
            try queue.close()
            let file = try FileHandle(forUpdating: URL(fileURLWithPath: path))
            try file.seek(toOffset: UInt64(page - 1) * 4096)
            try file.write(contentsOf: Data(repeating: 0x5A, count: 4096))
            try file.close()
            let result = await scene.run("run", "job.yaml", environment: environment)
            #expect(result.status == 74)
            #expect(result.errorOutput.contains(".recover"))
            #expect(simulator.ledger.requests == 30)
            let verified = await scene.run("status", "job.yaml", "--verify")
            #expect(verified.status == 74)
        }
    }

    @Test func `a log that was cut off anywhere opens, and only what it alone held is asked again`() async throws {
        try await withJob { scene, simulator in
            let path = scene.folder.path + "/job.sqlite"
            let copy = scene.folder.path + "/copy"
            _ = try await run(scene, simulator, after: 30) {
                try FileManager.default.createDirectory(atPath: copy, withIntermediateDirectories: true)
                for ending in ["", "-wal"] {
                    try FileManager.default.copyItem(atPath: path + ending, toPath: copy + "/job.sqlite" + ending)
                }
            }
            let log = try Data(contentsOf: URL(fileURLWithPath: copy + "/job.sqlite-wal"))
            for size in [0, 1, 31, 32, 33, 4000, log.count / 2, log.count - 4096, log.count - 1] {
                try? FileManager.default.removeItem(atPath: copy + "/job.sqlite-shm")
                try log.prefix(size).write(to: URL(fileURLWithPath: copy + "/job.sqlite-wal"))
                let kept = try Data(contentsOf: URL(fileURLWithPath: copy + "/job.sqlite"))
                let store = try SQLiteJobStore.openExisting(path: copy + "/job.sqlite")
                #expect(try await store.verify() == [], "cut at \(size)")
                try store.close()
                try kept.write(to: URL(fileURLWithPath: copy + "/job.sqlite"))
            }
        }
    }

    @Test func `an image folder that vanishes in mid-run costs nothing, and comes back with the same command`()
        async throws
    {
        try await withJob { scene, simulator in
            let result = try await run(scene, simulator) { try Self.move(scene, "photos", "away") }
            #expect(result.status == 3)
            #expect(result.errorOutput.contains("No such file or directory"))
            try Self.move(scene, "away", "photos")
            try await finish(scene, simulator)
        }
    }

    @Test func `few file descriptors slow a run down and fail no image`() async throws {
        try await withJob { scene, simulator in
            let few = try await scene.shell("ulimit -n 48; caption run job.yaml --concurrency 64")
            #expect(few.status == 0, "\(few.output)")
            #expect(few.output.contains("60 of 60 done"))
            #expect(few.output.contains("at most 4 requests in flight"))
            let tooFew = try await scene.shell("ulimit -n 20; caption run job.yaml")
            #expect(tooFew.status == 74)
            #expect(tooFew.output.contains("ulimit -n 1024"))
        }
    }

    @Test func `standard output that takes no more is an error, unless its reader has gone`() async throws {
        try await withJob { scene, _ in
            _ = await scene.run("run", "job.yaml", environment: environment)
            let full = try await scene.shell("caption export job.yaml >/dev/full")
            #expect(full.status == 74)
            #expect(full.output.contains("cannot write to standard output: No space left on device"))
            #expect(try await scene.shell("caption export job.yaml | head -1; exit ${PIPESTATUS[0]}").status == 0)
        }
    }

    @Test func `a run goes on when nobody reads its events any more`() async throws {
        try await withJob { scene, simulator in
            let result = try await scene.shell("caption run job.yaml --events - | head -5; exit ${PIPESTATUS[0]}")
            #expect(result.status == 0, "\(result.output)")
            try await finish(scene, simulator)
        }
    }

    @Test(arguments: [
        ["export", "job.yaml", "--output", "job.sqlite"], ["export", "job.yaml", "--output", "job.yaml"],
        ["run", "job.yaml", "--events", "job.sqlite"], ["run", "job.yaml", "--events", "job.sqlite-wal"],
    ])
    func `a job's own files are never written over`(_ arguments: [String]) async throws {
        try await withJob { scene, simulator in
            _ = await scene.run("run", "job.yaml", "--limit", "5", environment: environment)
            let result = try await scene.shell("caption " + arguments.joined(separator: " "))
            #expect(result.status == 64)
            #expect(result.output.contains("the job's own file"))
            try await finish(scene, simulator)
        }
    }

    @Test func `an export goes through a link and into a device, and replaces neither`() async throws {
        try await withJob { scene, _ in
            _ = await scene.run("run", "job.yaml", "--limit", "5", environment: environment)
            try scene.write("old", to: "real.csv")
            let link = scene.folder.path + "/link.csv"
            try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "real.csv")
            #expect(await scene.run("export", "job.yaml", "--output", "link.csv").status == 0)
            #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == "real.csv")
            #expect(try String(contentsOfFile: scene.folder.path + "/real.csv", encoding: .utf8).hasPrefix("image,"))
            let device = try await scene.shell("caption export job.yaml --output /dev/stdout | head -1")
            #expect(device.output.contains("image,prompt,status"))
        }
    }
}
