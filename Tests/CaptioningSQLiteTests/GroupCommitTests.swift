import Dispatch
import GRDB
import Synchronization
import Testing

@testable import CaptioningSQLite

struct GroupCommitTests {
    private struct WriteRefused: Error, Equatable {}

    /// Counts the transactions that reach the database's end.
    private final class Commits: TransactionObserver, Sendable {
        private let counter = Mutex(0)

        var count: Int { counter.withLock { $0 } }

        func observes(eventsOfKind eventKind: DatabaseEventKind) -> Bool { true }
        func databaseDidChange(with event: DatabaseEvent) {}
        func databaseDidCommit(_ db: Database) { counter.withLock { $0 += 1 } }
        func databaseDidRollback(_ db: Database) {}
    }

    private static func database() throws -> DatabaseQueue {
        let queue = try DatabaseQueue()
        try queue.write { try $0.execute(sql: "CREATE TABLE number (value INTEGER PRIMARY KEY) STRICT") }
        return queue
    }

    /// Sends one write ahead, lets `count` more arrive while it holds the database, and waits for all.
    ///
    /// - Returns: How each write ended, the first at the front.
    private static func submit(
        _ count: Int, to commits: GroupCommit, _ write: @escaping @Sendable (Database, Int) throws -> Void
    ) async throws -> [Result<Void, any Error>] {
        let (begun, begin) = AsyncStream.makeStream(of: Void.self)
        // The first write runs on a thread of the database's own, which may block.
        let gate = DispatchSemaphore(value: 0)
        return await withTaskGroup(of: (Int, Result<Void, any Error>).self) { group in
            group.addTask {
                let result = await ending {
                    try await commits.submit { db, _ in
                        begin.finish()
                        gate.wait()
                        try write(db, 0)
                    }
                }
                return (0, result)
            }
            for await _ in begun {}
            for number in 1...count {
                group.addTask { (number, await ending { try await commits.submit { db, _ in try write(db, number) } }) }
            }
            // Each of them has arrived when it waits in the queue; nothing else tells.
            while await commits.waitingCount < count { await Task.yield() }
            gate.signal()
            var results = [Result<Void, any Error>](repeating: .success(()), count: count + 1)
            for await (number, result) in group { results[number] = result }
            return results
        }
    }

    private static func ending(_ body: () async throws -> Void) async -> Result<Void, any Error> {
        do {
            return .success(try await body())
        } catch {
            return .failure(error)
        }
    }

    /// Waiting writes → transactions in all: the first one's own, then as few as 100 in each allow.
    @Test(arguments: [(1, 2), (30, 2), (100, 2), (101, 3), (250, 4)])
    func `writes that wait for one another share transactions`(_ waiting: Int, _ transactions: Int) async throws {
        let queue = try Self.database()
        let counter = Commits()
        queue.add(transactionObserver: counter, extent: .databaseLifetime)
        let results = try await Self.submit(waiting, to: GroupCommit { _, body in try await queue.write(body) }) {
            db, number in
            try db.execute(sql: "INSERT INTO number VALUES (?)", arguments: [number])
        }
        #expect(results.allSatisfy { (try? $0.get()) != nil })
        #expect(counter.count == transactions)
        #expect(try await queue.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM number") } == waiting + 1)
    }

    @Test func `a write that fails by its own fault takes no other of its group along`() async throws {
        let queue = try Self.database()
        let commits = GroupCommit { _, body in try await queue.write(body) }
        let results = try await Self.submit(10, to: commits) { db, number in
            try db.execute(sql: "INSERT INTO number VALUES (?)", arguments: [number])
            if number == 5 { throw WriteRefused() }
        }
        for (number, result) in results.enumerated() where number != 5 { try result.get() }
        #expect(throws: WriteRefused()) { try results[5].get() }
        try await commits.submit { db, _ in try db.execute(sql: "INSERT INTO number VALUES (77)") }
        let numbers = try await queue.read { try Int.fetchAll($0, sql: "SELECT value FROM number ORDER BY 1") }
        #expect(numbers == [0, 1, 2, 3, 4, 6, 7, 8, 9, 10, 77])
    }

    @Test func `a disk that is full fails a whole group, and is not tried again for each of it`() async throws {
        let queue = try Self.database()
        let transactions = Mutex(0)
        let commits = GroupCommit { _, body in
            transactions.withLock { $0 += 1 }
            try await queue.write(body)
        }
        let results = try await Self.submit(10, to: commits) { _, number in
            if number == 5 { throw DatabaseError(resultCode: .SQLITE_FULL) }
        }
        try results[0].get()
        for result in results.dropFirst() {
            #expect { try result.get() } throws: { ($0 as? DatabaseError)?.resultCode == .SQLITE_FULL }
        }
        #expect(transactions.withLock { $0 } == 2)
    }

    @Test func `a group is synced when any of it must be`() async throws {
        let queue = try Self.database()
        let asked = Mutex<[GroupCommit.Durability]>([])
        let commits = GroupCommit { durability, body in
            asked.withLock { $0.append(durability) }
            try await queue.write(body)
        }
        try await commits.submit(durability: .untilPowerFails) { _, _ in }
        try await commits.submit { _, _ in }
        #expect(asked.withLock { $0 } == [.untilPowerFails, .synced])
    }
}
