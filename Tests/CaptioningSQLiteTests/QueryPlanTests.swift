import Captioning
import Foundation
import GRDB
import Synchronization
import Testing

@testable import CaptioningSQLite

struct QueryPlanTests {
    private final class Statements: Sendable {
        private let texts = Mutex<[String]>([])

        func append(_ text: String) { texts.withLock { $0.append(text) } }
        var all: [String] { texts.withLock { $0 } }
    }

    /// How SQLite carries a statement out, one line per step.
    private static func plan(_ sql: String, _ count: Int) async throws -> [String] {
        let store = try SQLiteJobStore.inMemory()
        return try await store.writer.read { db in
            try Row.fetchAll(
                db, sql: "EXPLAIN QUERY PLAN " + sql,
                arguments: StatementArguments(Array(repeating: 1, count: count))
            ).map { $0["detail"] }
        }
    }

    @Test(arguments: [(ClaimSQL.dueRetries, 3), (ClaimSQL.newItems, 3), (ClaimSQL.nextDue, 1)])
    func `a claim searches the pending index and reads nothing else`(_ sql: String, _ count: Int) async throws {
        let plan = try await Self.plan(sql, count)
        #expect(plan.count == 1, "no sorting: \(plan)")
        #expect(plan.first?.hasPrefix("SEARCH item USING COVERING INDEX itemPending (notBefore") == true, "\(plan)")
    }

    /// Every statement that a call runs on the connection, planned again.
    private static func plans(
        of call: @Sendable (SQLiteJobStore) async throws -> Void
    ) async throws -> [String] {
        let store = try SQLiteJobStore.inMemory()
        let statements = Statements()
        try await store.writer.writeWithoutTransaction { db in
            db.trace { if case .statement(let statement) = $0 { statements.append(statement.expandedSQL) } }
        }
        try await call(store)
        return try await store.writer.writeWithoutTransaction { db in
            db.trace(options: [])
            return try statements.all.filter { $0.hasPrefix("SELECT") }.flatMap {
                try Row.fetchAll(db, sql: "EXPLAIN QUERY PLAN " + $0).map { $0["detail"] as String }
            }
        }
    }

    @Test func `status looks through no table that grows with the job`() async throws {
        let plans = try await Self.plans { _ = try await $0.summary() }
        #expect(Set(plans.filter { $0.hasPrefix("SCAN") }) == ["SCAN job", "SCAN tally"])
        #expect(plans.contains { $0.hasPrefix("SEARCH item USING INDEX itemFailed") }, "\(plans)")
    }

    @Test func `an answer is found by its fingerprint`() async throws {
        let plans = try await Self.plans { _ = try await $0.completion(matching: Data(repeating: 0, count: 32)) }
        #expect(plans.first == "SEARCH completion USING INDEX completionFingerprint (fingerprint=?)", "\(plans)")
    }

    @Test func `the history of an image is found by its name`() async throws {
        let plans = try await Self.plans { _ = try await $0.history(of: ImageName("a.jpg"), promptID: nil) }
        #expect(!plans.contains { $0.hasPrefix("SCAN") }, "\(plans)")
    }

    @Test func `rows come in order without sorting`() async throws {
        let plans = try await Self.plans { _ = try await $0.forEachRow(isAll: false) { _ in } }
        #expect(plans.contains("SEARCH item USING INDEX itemOrder (position>?)"), "\(plans)")
        #expect(!plans.contains { $0.contains("TEMP B-TREE") }, "\(plans)")
    }
}
