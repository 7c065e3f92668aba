import Foundation

/// A simulated provider that is up.
public struct RunningSimulator: Sendable {
    /// The URL that `/chat/completions` is appended to.
    public let baseURL: String

    private let books: Books

    init(port: Int, books: Books) {
        baseURL = "http://127.0.0.1:\(port)/v1"
        self.books = books
    }

    /// What it has seen so far.
    public var ledger: SimulatorLedger { books.ledger }

    /// What it has seen in each second so far.
    public var timeline: SimulatorTimeline { books.timeline }
}

/// Starts a simulated provider, runs `body` with it, and stops it again, whatever `body` does.
///
/// - Throws: What `body` throws, or why the provider could not start.
public func withSimulator<Result: Sendable>(
    _ options: SimulatorOptions, _ body: @escaping @Sendable (RunningSimulator) async throws -> Result
) async throws -> Result {
    let books = Books(options: options)
    let (ports, continuation) = AsyncStream<Int>.makeStream()
    return try await withThrowingTaskGroup(of: Result?.self) { group in
        group.addTask {
            defer { continuation.finish() }
            try await Simulator(options: options, books: books).run { continuation.yield($0) }
            return nil
        }
        group.addTask {
            guard let port = await ports.first(where: { _ in true }) else { return nil }
            return try await body(RunningSimulator(port: port, books: books))
        }
        defer { group.cancelAll() }
        while let result = try await group.next() {
            if let result { return result }
        }
        throw CancellationError()
    }
}
