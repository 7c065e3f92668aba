import Captioning
import CaptioningSQLite
import CaptioningSimulator
import Foundation
import Testing

/// The built program as a process: signals and sudden death.
struct ProcessTests {
    /// Starts `caption run job.yaml` in the scene's folder.
    private func start(_ scene: CommandScene) throws -> Process {
        try scene.start(["run", "job.yaml", "--concurrency", "4"])
    }

    /// Waits until something is true of another process; gives up after 20 s.
    private func wait(until condition: () -> Bool) async throws {
        for _ in 0..<10_000 where !condition() { try await Task.sleep(for: .milliseconds(2)) }
        try #require(condition())
    }

    private func summary(_ scene: CommandScene) async throws -> StoreSummary {
        let store = try SQLiteJobStore.openForReading(path: scene.folder.path + "/job.sqlite")
        let summary = try await store.summary()
        try store.close()
        return summary
    }

    @Test func `after kill -9 nothing recorded is lost and no more is sent again than was in flight`() async throws {
        let scene = try CommandScene()
        try scene.makePhotos(60)
        var options = SimulatorOptions()
        options.latency = .milliseconds(15)
        try await withSimulator(options) { simulator in
            try scene.makeSpec(baseURL: simulator.baseURL)
            let process = try start(scene)
            try await wait { simulator.ledger.requests >= 20 }
            kill(process.processIdentifier, SIGKILL)
            try await wait { !process.isRunning }
            let recorded = try await summary(scene).done
            #expect(recorded > 0 && recorded < 60)
            let again = try start(scene)
            try await wait { !again.isRunning }
            #expect(again.terminationStatus == 0)
            #expect(try await summary(scene).done == 60)
            #expect(simulator.ledger.requests <= 60 + 4)
            #expect(simulator.ledger.distinctAccepted == 60)
        }
    }

    @Test(arguments: [SIGINT, SIGTERM, SIGHUP])
    func `the first signal to end lets requests in flight finish, records them and exits 130`(_ signal: Int32)
        async throws
    {
        let scene = try CommandScene()
        try scene.makePhotos(60)
        var options = SimulatorOptions()
        options.latency = .milliseconds(15)
        try await withSimulator(options) { simulator in
            try scene.makeSpec(baseURL: simulator.baseURL)
            let process = try start(scene)
            try await wait { simulator.ledger.requests >= 12 }
            kill(process.processIdentifier, signal)
            try await wait { !process.isRunning }
            #expect(process.terminationStatus == 130)
            let summary = try await summary(scene)
            #expect(summary.done == simulator.ledger.accepted)
            #expect(summary.done < 60)
            #expect(summary.claimed == 0)
        }
    }

    @Test func `the second Ctrl-C breaks requests off, and their items stay pending`() async throws {
        let scene = try CommandScene()
        try scene.makePhotos(6)
        var options = SimulatorOptions()
        options.faults = [.timeout: 1]
        try await withSimulator(options) { simulator in
            try scene.makeSpec(baseURL: simulator.baseURL)
            let process = try start(scene)
            try await wait { simulator.ledger.requests >= 3 }
            process.interrupt()
            try await Task.sleep(for: .milliseconds(50))
            #expect(process.isRunning)
            process.interrupt()
            try await wait { !process.isRunning }
            #expect(process.terminationStatus == 130)
            let summary = try await summary(scene)
            #expect(summary.pending == 6)
            #expect(summary.claimed == 0)
            #expect(summary.attempts == 3)
        }
    }
}
