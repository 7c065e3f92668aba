import CaptioningTesting
import Foundation
import GRDB

@testable import Captioning
@testable import CaptioningSQLite

/// One whole job, drawn from a seed: images, limits, providers with their faults, crashes.
///
/// The runner, the limiter, the policy and the store are the real ones.
struct SimulatedJob {
    /// How many images the scene must have.
    static let images = 24

    /// What broke the rules; empty when nothing did.
    struct Report: Sendable {
        var violations: [String] = []
        var runs = 0
        var virtualSeconds = 0.0

        mutating func check(_ isTrue: Bool, _ what: String) {
            if !isTrue { violations.append(what) }
        }
    }

    private let seed: UInt64
    private let job: Job
    private let traits: [ModelProvider.Traits]
    private let crashes: [Double]
    private let items: Int
    private let poisoned: Int
    private static let start = Date(timeIntervalSince1970: 1_800_000_000)

    /// - `scene`: A folder with twenty-four different images.
    init(seed: UInt64, scene: JobScene) {
        var dice = SplitMix64(seed: seed)
        func chance(_ probability: Double) -> Bool { Double.random(in: 0..<1, using: &dice) < probability }
        func pick<Element>(_ elements: [Element]) -> Element {
            elements[Int.random(in: 0..<elements.count, using: &dice)]
        }

        var job = scene.job(
            prompts: (1...pick([1, 1, 2])).map { .init(id: "p\($0)", text: "Say \($0) of {{filename}}.") },
            retry: .init(attempts: 8, base: .seconds(1), cap: .seconds(30), giveUpAfter: .seconds(900)))
        var traits: [ModelProvider.Traits] = []
        var endpoints: [Job.Endpoint] = []
        for place in 0..<pick([1, 1, 1, 2]) {
            var trait = ModelProvider.Traits()
            var limits = Job.Limits()
            if chance(0.3) { limits.concurrency = Job.Concurrency(fixed: pick([1, 2, 4, 8, 16])) }
            if chance(0.2) { limits.concurrency = Job.Concurrency(least: 2, most: pick([4, 12])) }
            switch pick([0, 1, 2, 3, 4]) {
            case 0:  // The limit is known.
                trait.requestsPerMinute = pick([10, 30, 60, 300])
                limits.requestsPerMinute = trait.requestsPerMinute
            case 1:  // It is not.
                trait.requestsPerMinute = pick([10, 30, 60, 300])
            case 2:
                trait.tokensPerMinute = pick([300, 1_200, 6_000])
                limits.tokensPerMinute = trait.tokensPerMinute
            case 3: trait.mostAtWork = pick([1, 2, 5])
            default: break
            }
            trait.latency = pick([0.01...0.02, 0.05...0.5, 0.2...2, 1...10])
            if chance(0.6) {
                for fault in ModelProvider.Fault.allCases where chance(0.4) {
                    trait.faults[fault] = pick([0.01, 0.05, 0.1])
                }
            }
            if chance(0.25) { trait.bursts = [5...pick([5.5, 8, 20])] }
            if chance(0.2) { trait.outages = [pick([0.0, 3, 10])...pick([11.0, 20, 60])] }
            if chance(0.3) { trait.retryAfterSkew = pick([-3600, -1, 0, 1, 3600]) }
            trait.hasHeaders = chance(0.3)
            traits.append(trait)
            endpoints.append(
                Job.Endpoint(
                    provider: .custom, baseURL: "http://h\(place)/v1", model: "m", apiKeyVariable: nil, limits: limits))
        }
        if chance(0.3) {
            let poison = ["100.bmp", "117.bmp", "123.bmp"]
            for place in traits.indices { traits[place].poison = poison.map { "of \($0)" } }
            poisoned = poison.count * job.prompts.count
        } else {
            poisoned = 0
        }
        job.endpoints = endpoints
        crashes = (0..<pick([0, 0, 1, 3])).map { _ in Double.random(in: 0.01...25, using: &dice) }
        items = Self.images * job.prompts.count
        self.seed = seed
        self.job = job
        self.traits = traits
    }

    /// Runs the job to its end, through its crashes, and checks the books.
    func run() throws -> Report {
        let clock = FakeClock()
        let store = try SQLiteJobStore.inMemory()
        let providers = traits.enumerated().map {
            ModelProvider($1, clock: clock, start: Self.start, seed: seed &+ UInt64($0) &* 7919)
        }
        var report = Report()
        var isFinished = false
        _ = try SteppingExecutor().run(clock: clock, limit: .seconds(1)) { [job] in
            try await store.add(Planner(job: job), stale: nil)
        }
        while !isFinished, report.runs < 12 {
            let crash = crashes.indices.contains(report.runs) ? clock.now.offset.seconds + crashes[report.runs] : nil
            do {
                let end = try SteppingExecutor().run(clock: clock, limit: .seconds(20_000)) { [job, seed] in
                    let now: @Sendable () -> Date = { Self.start.addingTimeInterval(clock.now.offset.seconds) }
                    _ = try await store.beginRun(now: now())
                    let view: any JobStore =
                        crash.map { CrashingStore(store: store, clock: clock, crash: .seconds($0)) } ?? store
                    let transports = providers.map { provider -> any Transport in
                        guard let crash else { return provider }
                        return CrashingTransport(transport: provider, clock: clock, crash: .seconds(crash))
                    }
                    let runner = try Runner(
                        job: job, store: view, transports: transports, clock: clock, now: now, seed: seed,
                        shutdown: { await Self.untilCancelled() })
                    return try await runner.run()
                }
                isFinished = end == .finished
                if case .stopped(.unavailable) = end {} else { report.check(isFinished, "the run ended with \(end)") }
            } catch is StoreError {
                // The process is gone; whatever was under way is lost.
            }
            report.runs += 1
        }
        report.virtualSeconds = clock.now.offset.seconds
        report.check(isFinished, "not finished after \(report.runs) runs")
        try audit(store, providers, &report)
        return report
    }

    private static func untilCancelled() async {
        for await _ in AsyncStream<Never>.makeStream().stream {}
    }

    private func audit(_ store: SQLiteJobStore, _ providers: [ModelProvider], _ report: inout Report) throws {
        let clock = FakeClock()
        let summary = try SteppingExecutor().run(clock: clock, limit: .seconds(1)) { try await store.summary() }
        let problems = try SteppingExecutor().run(clock: clock, limit: .seconds(1)) { try await store.verify() }
        report.check(problems.isEmpty, "the ledger: \(problems)")
        report.check(summary.total == items, "\(summary.total) items of \(items)")
        report.check(
            summary.done + summary.failed == items && summary.pending + summary.claimed == 0,
            "end states: \(summary.done) done, \(summary.failed) failed, \(summary.pending) pending")
        report.check(summary.failed >= poisoned, "\(summary.failed) failed and \(poisoned) always fail")
        let books = providers.map(\.books)
        let requests = books.reduce(0) { $0 + $1.requests }
        let sent = try store.countAttempts("wasSent = 1")
        let unknown = try store.countAttempts("wasSent IS NULL")
        report.check(
            crashes.isEmpty ? requests == sent && unknown == 0 : requests >= sent && requests <= sent + unknown,
            "\(requests) requests, \(sent) attempts sent and \(unknown) not known")
        let answers = books.reduce(0) { $0 + $1.answers.values.reduce(0, +) }
        report.check(
            crashes.isEmpty ? answers == summary.done : answers >= summary.done && answers <= summary.done + unknown,
            "\(answers) answers paid for \(summary.done) captions, \(unknown) attempts cut off")
        for (place, book) in books.enumerated() {
            let limits = job.endpoints[place].limits
            report.check(
                book.mostAtWork <= limits.concurrency.most, "\(book.mostAtWork) at once at endpoint \(place)")
            if limits.requestsPerMinute != nil || limits.tokensPerMinute != nil {
                report.check(
                    book.refusedByLimit == 0, "\(book.refusedByLimit) over the known limit at endpoint \(place)")
            }
        }
    }
}

extension SQLiteJobStore {
    fileprivate func countAttempts(_ condition: String) throws -> Int {
        try writer.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM attempt WHERE \(condition)") ?? 0 }
    }
}
