import CaptioningSimulator
import Foundation
import Testing

/// A process that crashes must be gone at once, and its lock with it.
struct CrashSignalTests {
    @Test(arguments: [SIGSEGV, SIGILL, SIGTRAP, SIGABRT, SIGBUS])
    func `a crash ends the process at once, and the next run gets the lock`(_ signal: Int32) async throws {
        let scene = try CommandScene()
        try scene.makePhotos(4)
        var options = SimulatorOptions()
        options.faults = [.hang: 1]
        try await withSimulator(options) { simulator in
            try scene.makeSpec(baseURL: simulator.baseURL)
            // As people have it: with the runtime's own choice about backtraces.
            let process = try scene.start(["run", "job.yaml"], environment: ["SWIFT_BACKTRACE": nil])
            while simulator.ledger.requests < 1, process.isRunning { try await Task.sleep(for: .milliseconds(2)) }
            let start = ContinuousClock.now
            kill(process.processIdentifier, signal)
            while process.isRunning, start.duration(to: .now) < .seconds(10) {
                try await Task.sleep(for: .milliseconds(2))
            }
            if process.isRunning { kill(process.processIdentifier, SIGKILL) }
            try #require(!process.isRunning, "it is still there after 10 s")
            #expect(process.terminationReason == .uncaughtSignal)
            #expect(process.terminationStatus == signal)
            let next = await scene.run("status", "job.yaml")
            #expect(next.output.contains("not running"))
        }
    }
}
