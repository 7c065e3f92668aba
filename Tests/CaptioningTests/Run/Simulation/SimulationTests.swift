import CaptioningTesting
import Foundation
import Glibc
import Testing

@testable import Captioning

/// Whole jobs under a clock of their own, drawn from seeds.
///
/// `CAPTION_SIMULATION_RUNS` sets how many (`make simulate`), `CAPTION_SIMULATION_SEED` repeats a single one.
struct SimulationTests {
    private static let environment = ProcessInfo.processInfo.environment
    private static let runs = environment["CAPTION_SIMULATION_RUNS"].flatMap { UInt64($0) } ?? 200
    private static let only = environment["CAPTION_SIMULATION_SEED"].flatMap { UInt64($0) }
    private static let parts: UInt64 = 2

    @Test(arguments: 0..<parts)
    func `jobs through limits, faults and crashes end with exact books`(part: UInt64) async throws {
        let seeds = Self.only.map { $0 % Self.parts == part ? [$0] : [] } ?? Array(0..<Self.runs)
        let reports = try await Self.onOwnThread {
            let scene = try JobScene(images: SimulatedJob.images)
            return seeds.filter { $0 % Self.parts == part }.map { seed in
                (seed, Result { try SimulatedJob(seed: seed, scene: scene).run() })
            }
        }
        for (seed, result) in reports {
            switch result {
            case .success(let report):
                #expect(report.violations.isEmpty, "seed \(seed): \(report.violations.joined(separator: "; "))")
            case .failure(let error):
                Issue.record("seed \(seed): \(error)")
            }
        }
    }

    @Test func `a seed gives the same run every time`() async throws {
        let times = try await Self.onOwnThread {
            let scene = try JobScene(images: SimulatedJob.images)
            return try [3, 5, 3, 5].map { try SimulatedJob(seed: $0, scene: scene).run().virtualSeconds }
        }
        #expect(times[0] == times[2])
        #expect(times[1] == times[3])
    }

    /// Does long work without keeping a thread or a core from the other tests.
    private static func onOwnThread<Value: Sendable>(
        _ work: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                _ = setpriority(Int32(PRIO_PROCESS.rawValue), 0, 15)
                continuation.resume(with: Result(catching: work))
            }
        }
    }
}
