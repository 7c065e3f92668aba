/// Runs an operation to its end even when the calling task is cancelled.
///
/// A reply that was paid for must reach the store, and the database layer rolls back what a cancelled task writes. The
/// unstructured task is awaited here and nowhere left behind.
func uncancelled<Result: Sendable>(_ operation: @escaping @Sendable () async throws -> Result) async throws -> Result {
    try await Task { try await operation() }.value
}
