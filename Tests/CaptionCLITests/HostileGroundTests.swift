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

    @Test func `links to the store among the images do not cost the run its locks`() async throws {
        try await withJob { scene, simulator in
            _ = await scene.run("run", "job.yaml", "--limit", "1", environment: environment)
            for (name, target) in [("a", "job.sqlite"), ("b", "job.sqlite-wal"), ("c", "job.sqlite-shm")] {
                try FileManager.default.createSymbolicLink(
                    atPath: scene.folder.path + "/photos/\(name).bmp", withDestinationPath: "../\(target)")
            }
            let log = scene.folder.path + "/job.sqlite-wal"
            let result = try await run(scene, simulator, after: 40) {
                // The last to close a store takes its log away, unless somebody else has it locked.
                let other = try DatabaseQueue(path: scene.folder.path + "/job.sqlite")
                _ = try other.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM item") }
                try other.close()
                #expect(FileManager.default.fileExists(atPath: log))
            }
            #expect(result.status == 3, "\(result.errorOutput)")
            #expect(result.errorOutput.contains("job's own store"))
            #expect(await scene.run("status", "job.yaml", "--verify").status == 0)
            #expect(simulator.ledger.duplicates == 0)
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

    @Test func `on a full disk every reply is recorded or kept beside the store, and none is asked again`() async throws
    {
        try await withJob { scene, simulator in
            // No file may grow above 150 KB: to the program it is as if the disk were full.
            let full = try await scene.shell("ulimit -f 150; caption run job.yaml")
            #expect(full.status == 74, "\(full.output)")
            #expect(full.output.contains("run the same command again") || full.output.contains("'job.sqlite' failed"))
            let kept = full.output.split(separator: "\n").filter { $0.hasPrefix("not recorded, kept in '") }.count
            #expect(kept > 0, "\(full.output)")
            let accepted = simulator.ledger.accepted
            #expect(accepted > 0 && accepted < 60)
            let status = await scene.run("status", "job.yaml", "--json")
            #expect(status.output.contains("\"done\" : \(accepted - kept),"), "\(kept) kept: \(status.output)")
            let file = scene.folder.path + "/job.sqlite.unrecorded.jsonl"
            let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions]
            #expect(mode as? Int == 0o600)
            // By hand, as often as anybody likes; and the next run by itself.
            for recovered in [kept, 0] {
                let result = await scene.run("recover", "job.sqlite.unrecorded.jsonl")
                #expect(result.status == 0, "\(result.errorOutput)")
                #expect(result.output == "\(recovered) answers recovered, \(kept - recovered) were there already\n")
            }
            try await finish(scene, simulator)
            #expect(simulator.ledger.requests == 60)
            #expect(!FileManager.default.fileExists(atPath: file))
        }
    }

    @Test func `what could not be recorded is taken in by the next run, before anything is asked`() async throws {
        try await withJob { scene, simulator in
            let full = try await scene.shell("ulimit -f 150; caption run job.yaml")
            #expect(full.output.contains("not recorded, kept in '"), "\(full.output)")
            try await finish(scene, simulator)
            #expect(simulator.ledger.requests == 60)
        }
    }

    @Test func `an answer that comes back to an edited prompt is stale like any other`() async throws {
        try await withJob { scene, simulator in
            let full = try await scene.shell("ulimit -f 150; caption run job.yaml")
            #expect(full.output.contains("not recorded, kept in '"), "\(full.output)")
            let spec = scene.folder.path + "/job.yaml"
            let text = try String(contentsOfFile: spec, encoding: .utf8)
            try scene.write(text.replacing("Say alt.", with: "Say it otherwise."), to: "job.yaml")
            let result = await scene.run("run", "job.yaml", "--redo", "stale", environment: environment)
            #expect(result.status == 0, "\(result.errorOutput)")
            let rows = await scene.run("export", "job.yaml").output.split(separator: "\r\n").dropFirst()
            #expect(rows.count == 60 && rows.allSatisfy { $0.contains("Say it otherwise.") })
        }
    }

    @Test func `answers of another store are refused, and stay where they are`() async throws {
        try await withJob { scene, simulator in
            _ = try await scene.shell("ulimit -f 150; caption run job.yaml")
            try Self.move(scene, "job.sqlite.unrecorded.jsonl", "other.sqlite.unrecorded.jsonl")
            _ = await scene.run("run", "job.yaml", "--store", "other.sqlite", "--limit", "1", environment: environment)
            let result = await scene.run("recover", "other.sqlite.unrecorded.jsonl")
            #expect(result.status == 64)
            #expect(result.errorOutput.contains("belongs to another store"))
            #expect(await scene.run("recover", "nowhere.jsonl").status == 64)
            try scene.write("nonsense\n{}\n[1]\n", to: "odd.sqlite.unrecorded.jsonl")
            let odd = await scene.run("recover", "odd.sqlite.unrecorded.jsonl", "--store", "other.sqlite")
            #expect(odd.status == 64 && odd.errorOutput.contains("line 3 is not an answer"), "\(odd.errorOutput)")
        }
    }

    @Test func `a store with a second name is not run, and its lock holds under any name`() async throws {
        try await withJob { scene, simulator in
            _ = await scene.run("run", "job.yaml", "--limit", "5", environment: environment)
            let (store, link) = (scene.folder.path + "/job.sqlite", scene.folder.path + "/link.sqlite")
            try FileManager.default.linkItem(atPath: store, toPath: link)
            for name in ["job.sqlite", "link.sqlite"] {
                let result = try await scene.shell("caption run job.yaml --store \(name)")
                #expect(result.status == 74, "\(result.output)")
                #expect(result.output.contains("2 names (hard links)"))
            }
            #expect(simulator.ledger.requests == 5)
            #expect(await scene.run("status", "job.yaml", "--store", "link.sqlite").output.contains("5 of 60 done"))
            try FileManager.default.removeItem(atPath: link)
            // A run under one name, and a second one that sees the same file elsewhere under another lock file.
            let slow = try scene.start(["run", "job.yaml", "--concurrency", "1"])
            while simulator.ledger.requests < 8 { try await Task.sleep(for: .milliseconds(1)) }
            try FileManager.default.linkItem(atPath: store, toPath: link)
            let second = try await scene.shell("caption run job.yaml --store link.sqlite")
            #expect(second.status != 0)
            try FileManager.default.removeItem(atPath: link)
            while slow.isRunning { try await Task.sleep(for: .milliseconds(2)) }
            #expect(slow.terminationStatus == 0)
            try await finish(scene, simulator)
        }
    }

    /// Which file is cut to which size.
    @Test(arguments: [("job.sqlite", 0), ("job.sqlite", 8192), ("job.sqlite-wal", 0), ("job.sqlite-wal", 40_000)])
    func `a store or a log that is cut in mid-run is noticed, and no answer is paid for twice`(
        _ name: String, _ bytes: Int
    ) async throws {
        try await withJob { scene, simulator in
            let path = scene.folder.path + "/job.sqlite"
            // A whole store from before, as a backup has it.
            _ = await scene.run("run", "job.yaml", "--limit", "2", environment: environment)
            try FileManager.default.copyItem(atPath: path, toPath: path + ".backup")
            // A process of its own: the connections to a store whose log was cut stay open until it ends.
            async let running = scene.shell("caption run job.yaml")
            while simulator.ledger.requests < 20 { try await Task.sleep(for: .milliseconds(1)) }
            try #require(truncate(scene.folder.path + "/" + name, off_t(bytes)) == 0)
            let result = try await running
            #expect(result.status == 74, "\(result.output)")
            #expect(result.output.contains("cut short by another program"), "\(result.output)")
            let paid = simulator.ledger.requests
            #expect(paid < 60)
            if name == "job.sqlite" {
                // What is not a whole store is not run, and no new one is begun in its place.
                for ending in ["-wal", "-shm"] { unlink(path + ending) }
                let again = await scene.run("run", "job.yaml", environment: environment)
                #expect(again.status == 74 && simulator.ledger.requests == paid, "\(again.errorOutput)")
                try Self.move(scene, "job.sqlite.backup", "job.sqlite")
            }
            try await finish(scene, simulator)
            #expect(simulator.ledger.duplicates == 0)
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
