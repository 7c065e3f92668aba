import CaptioningTesting
import Foundation
import Testing

@testable import Captioning

/// Whole jobs under a clock of their own, drawn from seeds.
///
/// `CAPTION_SIMULATION_RUNS` sets how many (`make simulate`), `CAPTION_SIMULATION_SEED` repeats a single one.
struct SimulationTests {
    private static let environment = ProcessInfo.processInfo.environment
    private static let runs = environment["CAPTION_SIMULATION_RUNS"].flatMap { Int($0) } ?? 200
    private static let only = environment["CAPTION_SIMULATION_SEED"].flatMap { UInt64($0) }
    private static let parts = 8

    @Test(arguments: 0..<parts)
    func `jobs through limits, faults and crashes end with exact books`(part: Int) throws {
        let scene = try JobScene(images: 24)
        let seeds = Self.only.map { part == 0 ? [$0] : [] } ?? (0..<Self.runs).map(UInt64.init)
        for seed in seeds where Self.only != nil || Int(seed) % Self.parts == part {
            do {
                let report = try SimulatedJob(seed: seed, scene: scene).run()
                if Self.only != nil { print("seed \(seed): \(report)") }
                #expect(report.violations.isEmpty, "seed \(seed): \(report.violations.joined(separator: "; "))")
            } catch {
                Issue.record("seed \(seed): \(error)")
            }
        }
    }

    @Test func `a seed gives the same run every time`() throws {
        let scene = try JobScene(images: 24)
        for seed: UInt64 in [3, 5] {
            let times = try (0..<2).map { _ in try SimulatedJob(seed: seed, scene: scene).run().virtualSeconds }
            #expect(times[0] == times[1])
        }
    }
}
