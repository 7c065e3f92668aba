import Foundation
import Testing

/// No reply is lost, and no money is spent twice, whenever the program dies.
///
/// `make crash` kills it a thousand times.
struct CrashTests {
    @Test func `killed at random instants, it loses no recorded reply and asks again only what was in flight`()
        async throws
    {
        let environment = ProcessInfo.processInfo.environment
        var harness = CrashHarness(kills: environment["CAPTION_KILLS"].flatMap(Int.init) ?? 15)
        harness.program = environment["CAPTION_PROGRAM"].map(URL.init(fileURLWithPath:))
        let report = try await harness.run()
        #expect(report.violations == [])
        #expect(report.kills > 0)
        if environment["CAPTION_KILLS"] != nil {
            print(
                """
                \(report.kills) kills, \(report.withinCommits) of them while a transaction was being written: \
                \(report.items) items, \(report.requests) requests, \(report.lost) sent again \
                (\(report.open) attempts were in flight or claimed at the kills)
                """)
        }
    }
}
