import Captioning
import CaptioningTesting
import Foundation
import GRDB
import Synchronization
import Testing

@testable import CaptioningSQLite

/// Single bits that flip in a store's file: an export is right, or says that it is not.
struct BitRotTests {
    private static let job: Job = {
        var job = Job.fixture(files: (0..<12).map { "photos/\($0) größe.jpg" }, promptIDs: ["alt", "tags"])
        job.images.append(.group(name: "pair", files: ["a.jpg", "b.jpg"]))
        return job
    }()

    /// A store with results of every kind, closed.
    private static func makeStore(at path: String) async throws {
        let store = try SQLiteJobStore.open(path: path, name: "job", now: .fixture)
        try await store.add(Planner(job: job), stale: nil)
        for round in 0..<2 {
            guard
                case .claimed(let claims) = try await store.claim(
                    upTo: 22 - round * 8, within: .all, for: job.endpoint, now: .fixture)
            else { return }
            var first: Claim?
            for (index, claim) in claims.enumerated() {
                var report = AttemptReport.fixture(
                    .completed(.fixture("Caption \(index) of \(claim.item.key.image.display)")),
                    fingerprint: Data(repeating: UInt8(index), count: 32))
                report.images = SentImages(
                    imageSize: "4032x3024", imageFormat: "heic", imageBytes: 900_000 + index, sentSize: "2000x1500",
                    sentFormat: "jpeg", sentBytes: 300_000, prepared: "turned scaled")
                switch index % 6 {
                case 3:
                    report.outcome = .failed(
                        .fixture(.truncated, label: "truncated"), partial: .fixture("Half of \(index)"))
                    try await store.record(report, of: claim, then: .gaveUp)
                case 4:
                    report.outcome = .failed(.fixture(.transient), partial: nil)
                    try await store.record(report, of: claim, then: .retry(notBefore: .fixture, counts: .failures))
                case 5 where first != nil:
                    guard let first else { continue }
                    report.outcome = .reused(.fixture("Caption 0"), from: first.attemptID)
                    report.wasSent = false
                    try await store.record(report, of: claim, then: .done)
                default:
                    first = first ?? claim
                    try await store.record(report, of: claim, then: .done)
                }
            }
        }
        try store.close()
    }

    private struct Export: Equatable {
        var rows: [ExportRow] = []
        var columns: [String] = []
        var problems: [String] = []

        func difference(to other: Export) -> String {
            if columns != other.columns { return "columns \(other.columns)" }
            if rows.count != other.rows.count { return "\(other.rows.count) rows" }
            guard let index = rows.indices.first(where: { rows[$0] != other.rows[$0] }) else { return "none" }
            return "row \(index): \(rows[index]) -> \(other.rows[index])"
        }
    }

    /// What an export of the file writes; an error is a word of its own.
    private static func export(_ path: String) async -> Result<Export, any Error> {
        do {
            let store = try SQLiteJobStore.openForReading(path: path)
            defer { try? store.close() }
            let rows = Mutex<[ExportRow]>([])
            var export = Export()
            export.columns = try await store.manifestColumns()
            export.problems = try await store.forEachRow(isAll: true) { row in rows.withLock { $0.append(row) } }
            export.rows = rows.withLock { $0 }
            return .success(export)
        } catch {
            return .failure(error)
        }
    }

    /// 600 places over the whole file; a seed makes them the same in every run.
    @Test func `no flipped bit makes a wrong export without a word`() async throws {
        try await TemporaryFolder.use { folder in
            let path = folder.path("job.sqlite")
            try await Self.makeStore(at: path)
            let whole = try Data(contentsOf: URL(filePath: path))
            let right = try await Self.export(path).get()
            #expect(right.problems.isEmpty && right.rows.count == 26)
            var generator = DeterministicGenerator(state: 23)
            var (told, refused, harmless) = (0, 0, 0)
            for _ in 0..<600 {
                let bit = Int.random(in: 0..<whole.count * 8, using: &generator)
                var damaged = whole
                damaged[bit / 8] ^= 1 << (bit % 8)
                try damaged.write(to: URL(filePath: path))
                for ending in ["-wal", "-shm", "-journal"] {
                    try? FileManager.default.removeItem(atPath: path + ending)
                }
                switch await Self.export(path) {
                case .failure: refused += 1
                case .success(let export) where !export.problems.isEmpty:
                    told += 1
                    // What is left out is told; what comes is right.
                    #expect(export.rows.allSatisfy(right.rows.contains), "bit \(bit)")
                case .success(let export):
                    harmless += 1
                    let isRight = export == right
                    #expect(isRight, "bit \(bit) changed the export without a word: \(right.difference(to: export))")
                }
            }
            #expect(told > 20 && refused > 5 && harmless > 50, "\(told) told, \(refused) refused, \(harmless) harmless")
        }
    }

    @Test(arguments: [
        ("UPDATE completion SET caption = caption || '.' WHERE attemptId = 1", "its caption has changed", 4),
        ("UPDATE attempt SET promptTokens = 101 WHERE id = 1", "its result has changed", 1),
        ("UPDATE attempt SET answeredModel = NULL WHERE id = 1", "its result has changed", 1),
        ("UPDATE item SET image = 'other.jpg' WHERE id = 1", "its name, prompt or variables", 1),
        ("UPDATE item SET prompt = 'title' WHERE id = 2", "its name, prompt or variables", 1),
        ("UPDATE item SET attemptId = 2 WHERE id = 1", "its result is another's", 1),
        ("UPDATE attempt SET number = 7 WHERE id = 1", "attempts of it are missing", 1),
        ("DELETE FROM item WHERE id = 26", "the store counts 26 results, and 25 were found", 0),
        ("UPDATE item SET position = 99 WHERE id = 26", "the order of the plan is damaged in 1 place", 0),
        ("UPDATE tally SET done = done + 1", "the store counts 27 results, and 26 were found", 0),
    ])
    func `what has changed is told, left out, and found by verifying`(_ sql: String, _ finding: String, _ missing: Int)
        async throws
    {
        try await TemporaryFolder.use { folder in
            let path = folder.path("job.sqlite")
            try await Self.makeStore(at: path)
            let queue = try DatabaseQueue(path: path)
            try await queue.writeWithoutTransaction {
                try $0.execute(sql: "PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON; \(sql)")
            }
            try queue.close()
            let export = try await Self.export(path).get()
            #expect(export.problems.contains { $0.contains(finding) }, "\(export.problems)")
            let expected = 26 - missing - (finding.contains("25 were") ? 1 : 0)
            #expect(export.rows.count == expected, "\(export.problems)")
            let store = try SQLiteJobStore.openForReading(path: path)
            let problems = try await store.verify()
            #expect(!problems.isEmpty)
            try store.close()
        }
    }

    @Test func `behind a page that cannot be read, the other rows come`() async throws {
        try await TemporaryFolder.use { folder in
            let path = folder.path("job.sqlite")
            try await Self.makeStore(at: path)
            let right = try await Self.export(path).get()
            let store = try SQLiteJobStore.openForReading(path: path)
            let last = try await store.writer.read { db in
                try Int.fetchOne(db, sql: "SELECT max(pageno) FROM dbstat WHERE name = 'item' AND pagetype = 'leaf'")
            }
            try store.close()
            let page = try #require(last)
            var damaged = try Data(contentsOf: URL(filePath: path))
            damaged.replaceSubrange((page - 1) * 4096..<page * 4096, with: Data(repeating: 0x5A, count: 4096))
            try damaged.write(to: URL(filePath: path))
            let export = try await Self.export(path).get()
            #expect(export.problems.contains { $0.contains("rows cannot be read") }, "\(export.problems)")
            #expect(export.rows.count < right.rows.count && export.rows.allSatisfy(right.rows.contains))
        }
    }

    @Test func `a schema that says something else is found`() async throws {
        let store = try SQLiteJobStore.inMemory()
        try await store.writer.write {
            try $0.execute(
                sql: "DROP VIEW failure; CREATE VIEW failure AS SELECT * FROM item; CREATE VIEW mine AS SELECT 1")
        }
        #expect(try await store.verify() == ["the definition of failure is not this program's"])
    }

    @Test func `what is stored never traps, whatever its type is`() async throws {
        let tables = ["item", "attempt", "completion", "request", "job", "tally", "manifestColumn", "plan"]
        for table in tables {
            let columns = try await SQLiteJobStore.inMemory().writer.read { try $0.columns(in: table).map(\.name) }
            for column in columns {
                for value in ["NULL", "'words'", "7", "2.5", "x'ff00'", "-9223372036854775808", "9223372036854775807"] {
                    try await TemporaryFolder.use { folder in
                        let store = try SQLiteJobStore.inMemory()
                        try await store.add(Planner(job: Self.job), stale: nil)
                        guard
                            case .claimed(let claims) = try await store.claim(
                                upTo: 2, within: .all, for: Self.job.endpoint, now: .fixture)
                        else { return }
                        try await store.record(.fixture(fingerprint: Data(count: 32)), of: claims[0], then: .done)
                        // Past what STRICT and CHECK keep out, as a disk does it.
                        try await store.writer.writeWithoutTransaction { db in
                            try db.execute(
                                sql: """
                                    PRAGMA foreign_keys = OFF;
                                    PRAGMA ignore_check_constraints = ON;
                                    PRAGMA writable_schema = ON;
                                    UPDATE sqlite_schema SET sql = replace(replace(sql, ') STRICT', ')'), 'NOT NULL', '');
                                    PRAGMA writable_schema = RESET;
                                    """)
                            try? db.execute(sql: "UPDATE \(table) SET \(column) = \(value)")
                        }
                        _ = try? await store.summary()
                        _ = try? await store.verify()
                        _ = try? await store.manifestColumns()
                        _ = try? await store.forEachRow(isAll: true) { _ in }
                        _ = try? await store.history(of: claims[0].item.key.image, promptID: nil)
                        _ = try? await store.spending(at: Self.job.endpoint, since: .distantPast)
                        _ = try? await store.completion(matching: Data(count: 32))
                        _ = try? await store.compare(Planner(job: Self.job))
                        _ = try? await store.add(Planner(job: Self.job), stale: .redo)
                        _ = try? await store.beginRun(now: .fixture)
                        _ = try? await store.claim(upTo: 9, within: .all, for: Self.job.endpoint, now: .fixture)
                        _ = try? await store.position(ofPending: 1)
                        _ = try? await store.storeID()
                    }
                }
            }
        }
    }
}

/// Numbers that are the same in every run (SplitMix64).
private struct DeterministicGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
