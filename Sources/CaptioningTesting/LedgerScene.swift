import Captioning
import Foundation
import Synchronization

/// A store under check, and short words for what the checks do to it.
struct LedgerScene: Sendable {
    let subject: JobStoreContract.Subject

    var store: any JobStore { subject.store }

    /// The store as another process sees it; the store itself when nobody else can.
    func again() throws -> any JobStore {
        try subject.openAgain?() ?? store
    }

    func add(_ job: Job, stale: StaleChoice? = nil) async throws {
        try await store.add(Planner(job: job), stale: stale)
    }

    func add(_ files: String...) async throws {
        try await add(.fixture(files: files))
    }

    func compare(_ job: Job) async throws -> PlanSummary {
        try await store.compare(Planner(job: job))
    }

    func claimResult(
        _ count: Int = 100, after seconds: Double = 0, within scope: ClaimScope = .all, for job: Job = .fixture()
    ) async throws -> ClaimResult {
        try await store.claim(upTo: count, within: scope, for: job.endpoint, now: .fixture + seconds)
    }

    /// The claims, none when there is nothing to claim.
    func claim(
        _ count: Int = 100, after seconds: Double = 0, within scope: ClaimScope = .all, for job: Job = .fixture()
    ) async throws -> [Claim] {
        if case .claimed(let claims) = try await claimResult(count, after: seconds, within: scope, for: job) {
            claims
        } else {
            []
        }
    }

    /// Claims the next item, which must be there.
    func claimOne(after seconds: Double = 0) async throws -> Claim {
        guard let claim = try await claim(1, after: seconds).first else {
            throw JobStoreContract.Violation(description: "nothing could be claimed")
        }
        return claim
    }

    func finish(_ claim: Claim, _ caption: String = "A red chair.", fingerprint: Data? = nil) async throws {
        try await store.record(
            .fixture(.completed(.fixture(caption)), fingerprint: fingerprint), of: claim, then: .done)
    }

    func fail(
        _ claim: Claim, _ label: String = "refused", partial: Completion? = nil, fingerprint: Data? = nil
    ) async throws {
        try await store.record(
            .fixture(.failed(.fixture(.refused, label: label), partial: partial), fingerprint: fingerprint),
            of: claim, then: .gaveUp)
    }

    func postpone(_ claim: Claim, to seconds: Double, counts budget: Disposition.Budget? = .failures) async throws {
        try await store.record(
            .fixture(.failed(.fixture(.transient), partial: nil)), of: claim,
            then: .retry(notBefore: .fixture + seconds, counts: budget))
    }

    /// Finishes everything that is due, with the image's name as the caption.
    func finishAll() async throws {
        for claim in try await claim() { try await finish(claim, claim.item.key.image.display) }
    }

    func rows(isAll: Bool = false) async throws -> [ExportRow] {
        try await rows(of: store, isAll: isAll)
    }

    func rows(of store: any JobStore, isAll: Bool = false) async throws -> [ExportRow] {
        let collected = Collected<ExportRow>()
        let problems = try await store.forEachRow(isAll: isAll) { collected.append($0) }
        try expect(problems, is: [], "what is damaged")
        return collected.all
    }

    func history(_ image: String, _ promptID: String? = nil) async throws -> [AttemptHistory] {
        try await store.history(of: ImageName(image), promptID: promptID)
    }
}

/// Values that a closure brings, which may run anywhere.
final class Collected<Value: Sendable>: Sendable {
    private let values = Mutex<[Value]>([])

    func append(_ value: Value) {
        values.withLock { $0.append(value) }
    }

    var all: [Value] { values.withLock { $0 } }
}

/// Throws a `Violation` unless both are equal.
func expect<Value: Equatable>(
    _ found: Value, is expected: Value, _ what: String, file: String = #fileID, line: Int = #line
) throws {
    guard found != expected else { return }
    throw JobStoreContract.Violation(
        description: "\(file):\(line): \(what) should be \(expected) and is \(found)")
}

extension [Claim] {
    /// The names of the images, in the order of the claims.
    var images: [String] { map(\.item.key.image.display) }
}

extension [ExportRow] {
    /// The names of the images, in the order of the rows.
    var images: [String] { map(\.image.display) }
}
