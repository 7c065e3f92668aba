/// Stops asking an endpoint that only fails, and tries it again with single requests.
///
/// Pure: the caller says what time it is, in seconds.
struct CircuitBreaker: Sendable {
    /// Connections that fail one after the other, before the endpoint counts as down: a single one is a hiccup.
    static let lostToOpen = 3
    /// Different items that fail one after the other, whatever the fault, before the endpoint counts as down.
    static let itemsToOpen = 8

    /// Failed tries since it opened; 0 while it is closed.
    private(set) var rounds = 0
    /// When the next try may go; of meaning only while it is open.
    private(set) var nextTry = 0.0
    /// What went wrong last; nil when the last request was answered.
    private(set) var lastFailure: Failure?
    private var openedAt = 0.0
    private var lostInARow = 0
    private var failedItems: Set<Item.ID> = []

    /// Whether requests go one at a time, if at all.
    var isOpen: Bool { rounds > 0 }

    /// Whether the endpoint answers.
    mutating func noteAnswer() {
        self = CircuitBreaker()
    }

    /// Counts a failure in.
    ///
    /// - `isLost`: Whether the endpoint could not be reached or says that it is not serving.
    /// - `startedAt`: When the request went out; one from before the last try belongs to that.
    /// - `backoff`: The wait after so many failed tries.
    ///
    /// Returns whether the endpoint has just been found down.
    mutating func noteFailure(
        _ failure: Failure, of item: Item.ID, isLost: Bool, startedAt: Double, at now: Double,
        backoff: (Int) -> Duration
    ) -> Bool {
        lastFailure = failure
        if isOpen {
            guard startedAt >= openedAt else { return false }
        } else {
            if isLost { lostInARow += 1 }
            failedItems.insert(item)
            guard lostInARow >= Self.lostToOpen || failedItems.count >= Self.itemsToOpen else { return false }
        }
        rounds += 1
        openedAt = now
        nextTry = now + max(backoff(rounds).seconds, 0)
        return rounds == 1
    }
}
