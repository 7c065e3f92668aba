import GRDB

/// Puts writes that arrive together into one transaction, so that many images share the cost of one sync.
///
/// The first to come writes at once; whatever arrives meanwhile goes into the next transaction, at most 100 at a time.
/// Everybody returns when their own transaction is on disk.
actor GroupCommit {
    /// One write of a group.
    typealias Write = @Sendable (Database, inout Tally) throws -> Void
    /// Runs a transaction; returns when it is on disk.
    typealias Transaction = @Sendable (_ body: @escaping @Sendable (Database) throws -> Void) async throws -> Void

    private enum Turn {
        /// The write is on disk, or failed.
        case ended(Result<Void, any Error>)
        /// It is this caller's turn to write for everybody.
        case lead
    }

    private static let most = 100

    private let transaction: Transaction
    private var queue: [(write: Write, continuation: CheckedContinuation<Turn, Never>)] = []
    private var isWriting = false

    init(transaction: @escaping Transaction) {
        self.transaction = transaction
    }

    /// Writes that wait for the transaction before theirs.
    var waitingCount: Int { queue.count }

    /// Returns when the write is on disk.
    func submit(_ write: @escaping Write) async throws {
        if isWriting {
            let turn = await withCheckedContinuation { queue.append((write, $0)) }
            if case .ended(let result) = turn { return try result.get() }
        }
        isWriting = true
        // A leader's own entry has left the queue; the others that wait now come along.
        let followers = Array(queue.prefix(Self.most - 1))
        queue.removeFirst(followers.count)
        let writes = [write] + followers.map(\.write)
        let result: Result<Void, any Error>
        do {
            try await transaction { db in
                var tally = Tally()
                for write in writes { try write(db, &tally) }
                try tally.apply(db)
            }
            result = .success(())
        } catch {
            result = .failure(error)
        }
        for follower in followers { follower.continuation.resume(returning: .ended(result)) }
        if queue.isEmpty {
            isWriting = false
        } else {
            queue.removeFirst().continuation.resume(returning: .lead)
        }
        try result.get()
    }
}
