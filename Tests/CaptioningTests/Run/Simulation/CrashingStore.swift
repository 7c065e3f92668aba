import CaptioningTesting
import Foundation

@testable import Captioning

/// A store from whose view the process dies at some time: nothing is written or read any more.
struct CrashingStore: JobStore {
    let store: any JobStore
    let clock: FakeClock
    /// When, on the clock.
    let crash: Duration

    private func alive<Result>(_ body: () async throws -> Result) async throws -> Result {
        guard clock.now.offset < crash else { throw StoreError.failed(path: "simulated", reason: "crash") }
        return try await body()
    }

    func compare(_ planner: Planner) async throws -> PlanSummary {
        try await alive { try await store.compare(planner) }
    }

    func add(_ planner: Planner, stale: StaleChoice?) async throws -> TakenPlan {
        try await alive { try await store.add(planner, stale: stale) }
    }

    func manifestColumns() async throws -> [String] { try await store.manifestColumns() }

    func verify() async throws -> [String] { try await alive { try await store.verify() } }

    func beginRun(now: Date) async throws -> Int { try await alive { try await store.beginRun(now: now) } }

    func position(ofPending count: Int) async throws -> Int? {
        try await alive { try await store.position(ofPending: count) }
    }

    func claim(
        upTo count: Int, within scope: ClaimScope, for endpoint: Job.Endpoint, now: Date
    ) async throws -> ClaimResult {
        try await alive { try await store.claim(upTo: count, within: scope, for: endpoint, now: now) }
    }

    func markSent(_ attempt: Attempt.ID, to endpoint: Job.Endpoint, at time: Date) async throws {
        try await alive { try await store.markSent(attempt, to: endpoint, at: time) }
    }

    func release(_ claims: [Claim]) async throws { try await alive { try await store.release(claims) } }

    func record(_ report: AttemptReport, of claim: Claim, then disposition: Disposition) async throws {
        try await alive { try await store.record(report, of: claim, then: disposition) }
    }

    func completion(matching fingerprint: Data) async throws -> (Completion, Attempt.ID)? {
        try await alive { try await store.completion(matching: fingerprint) }
    }

    func requeue(_ selection: RequeueSelection) async throws -> Int {
        try await alive { try await store.requeue(selection) }
    }

    func spending(at endpoint: Job.Endpoint, since time: Date) async throws -> [Spending] {
        try await alive { try await store.spending(at: endpoint, since: time) }
    }

    func hold(of endpoint: Job.Endpoint, now: Date) async throws -> EndpointHold? {
        try await alive { try await store.hold(of: endpoint, now: now) }
    }

    func summary() async throws -> StoreSummary { try await alive { try await store.summary() } }

    func forEachRow(isAll: Bool, _ visit: @escaping @Sendable (ExportRow) throws -> Void) async throws -> [String] {
        try await alive { try await store.forEachRow(isAll: isAll, visit) }
    }

    func history(of image: ImageName, promptID: String?) async throws -> [AttemptHistory] {
        try await alive { try await store.history(of: image, promptID: promptID) }
    }
}

/// The same for the wire: a dead process sends nothing.
struct CrashingTransport: Transport {
    let transport: any Transport
    let clock: FakeClock
    /// When, on the clock.
    let crash: Duration

    func send(
        _ body: RequestBody, onUploaded: @escaping @Sendable () -> Void
    ) async throws(TransportError) -> HTTPReply {
        guard clock.now.offset < crash else { throw .cancelled }
        return try await transport.send(body, onUploaded: onUploaded)
    }
}
