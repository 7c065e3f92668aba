import Captioning
import CaptioningSQLite
import Foundation
import SystemPackage

/// How fast the ledger plans, claims, records and exports; items a second.
struct LedgerBenchmark {
    private static let items = 50_000
    private static let inFlight = 64

    /// One figure.
    struct Figure {
        var name: String
        var perSecond: Double
    }

    /// Runs a job of names through a store on disk, every answer synced.
    static func figures(folder: URL) async throws -> [Figure] {
        let job = Job(
            name: "benchmark", root: "/images", images: [.files((0..<items).map { "photo-\($0).jpg" })],
            prompts: [.init(id: "a", text: "Describe this.")],
            endpoint: .init(provider: .custom, baseURL: "http://localhost/v1", model: "m", apiKeyVariable: nil),
            store: FilePath(folder.appendingPathComponent("job.sqlite").path))
        let store = try SQLiteJobStore.open(path: job.store.string, name: job.name, now: Date())
        var figures: [Figure] = []
        func measure(_ name: String, _ body: () async throws -> Void) async throws {
            let start = ContinuousClock.now
            try await body()
            figures.append(Figure(name: name, perSecond: Double(items) / (start.duration(to: .now) / .seconds(1))))
        }
        try await measure("planning, new items") { try await store.add(Planner(job: job), stale: nil) }
        var claims: [Claim] = []
        try await measure("claiming, \(inFlight) at a time") {
            while case .claimed(let more) = try await store.claim(
                upTo: inFlight, within: .all, for: job.endpoint, now: Date())
            {
                claims += more
            }
        }
        let report = AttemptReport(
            outcome: .completed(
                Completion(
                    caption: String(repeating: "A wooden chair beside a tall window. ", count: 10),
                    usage: Usage(promptTokens: 310, completionTokens: 62, totalTokens: 372))),
            wasSent: true, httpStatus: 200, finishedAt: Date())
        try await measure("recording, \(inFlight) in flight, synced") { [claims] in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (number, claim) in claims.enumerated() {
                    if number >= inFlight { try await group.next() }
                    group.addTask { try await store.record(report, of: claim, then: .done) }
                }
                try await group.waitForAll()
            }
        }
        let writer = ExportSink()
        try await measure("exporting as CSV") { _ = try await store.forEachRow(isAll: false) { try writer.write($0) } }
        try store.close()
        return figures
    }
}
