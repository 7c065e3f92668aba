import Captioning
import GRDB

/// Puts writes that arrive together into one transaction, so that many images share the cost of one sync.
///
/// The first to come writes at once; whatever arrives meanwhile goes into the next transaction, at most 100 at a time.
/// Everybody returns when their own transaction is on disk.
actor GroupCommit {
    /// One write of a group.
    typealias Write = @Sendable (Database, inout Tally) throws -> Void
    /// Runs a transaction; returns when it is as durable as asked for.
    typealias Transaction =
        @Sendable (Durability, _ body: @escaping @Sendable (Database) throws -> Void) async throws -> Void

    /// What a write must survive.
    enum Durability: Comparable {
        /// The death of the process.
        case untilPowerFails
        /// A power failure, too.
        case synced
    }

    private struct Entry {
        let durability: Durability
        let write: Write
    }

    private enum Turn {
        /// The write is on disk, or failed.
        case ended(Result<Void, any Error>)
        /// It is this caller's turn to write for everybody.
        case lead
    }

    private static let maxGroup = 100

    private let transaction: Transaction
    private var queue: [(entry: Entry, continuation: CheckedContinuation<Turn, Never>)] = []
    private var isWriting = false

    init(transaction: @escaping Transaction) {
        self.transaction = transaction
    }

    /// Writes that wait for the transaction before theirs.
    var waitingCount: Int { queue.count }

    /// Returns when the write is on disk.
    ///
    /// - Throws: What this write threw; what kept all of its group from the disk.
    func submit(durability: Durability = .synced, _ write: @escaping Write) async throws {
        let entry = Entry(durability: durability, write: write)
        if isWriting {
            let turn = await withCheckedContinuation { queue.append((entry, $0)) }
            if case .ended(let result) = turn { return try result.get() }
        }
        isWriting = true
        // A leader's own entry has left the queue; the others that wait now come along.
        let followers = Array(queue.prefix(Self.maxGroup - 1))
        queue.removeFirst(followers.count)
        let results = await run([entry] + followers.map(\.entry))
        for (follower, result) in zip(followers, results.dropFirst()) {
            follower.continuation.resume(returning: .ended(result))
        }
        if queue.isEmpty {
            isWriting = false
        } else {
            queue.removeFirst().continuation.resume(returning: .lead)
        }
        try results[0].get()
    }

    /// Runs writes in one transaction; when one of them fails by its own fault, each in one of its own, so that it takes no
    /// other answer along.
    private func run(_ entries: [Entry]) async -> [Result<Void, any Error>] {
        let result = await runTogether(entries)
        guard case .failure(let error) = result, entries.count > 1, !error.isGround else {
            return entries.map { _ in result }
        }
        var results: [Result<Void, any Error>] = []
        for entry in entries { results.append(await runTogether([entry])) }
        return results
    }

    private func runTogether(_ entries: [Entry]) async -> Result<Void, any Error> {
        let durability = entries.map(\.durability).max() ?? .synced
        let writes = entries.map(\.write)
        do {
            try await transaction(durability) { db in
                var tally = Tally()
                for write in writes { try write(db, &tally) }
                try tally.apply(db)
            }
            return .success(())
        } catch {
            return .failure(error)
        }
    }
}

extension Error {
    /// Whether the ground gave way (disk, file, locks), under every write alike.
    fileprivate var isGround: Bool {
        if self is StoreError { return true }
        guard let error = self as? DatabaseError else { return false }
        return switch error.resultCode.primaryResultCode {
        case .SQLITE_BUSY, .SQLITE_LOCKED, .SQLITE_FULL, .SQLITE_IOERR, .SQLITE_CORRUPT, .SQLITE_NOTADB,
            .SQLITE_CANTOPEN,
            .SQLITE_READONLY, .SQLITE_NOMEM, .SQLITE_PROTOCOL, .SQLITE_INTERRUPT, .SQLITE_ABORT:
            true
        default: false
        }
    }
}
