import Synchronization

/// When a download must be over; the clock stands still while the download waits for this machine.
final class DownloadDeadline: Sendable {
    private let end: Mutex<ContinuousClock.Instant>

    init(_ limit: Duration) {
        end = Mutex(.now + limit)
    }

    /// The time that is left, at least nothing.
    var rest: Duration { max(ContinuousClock.now.duration(to: end.withLock { $0 }), .zero) }

    /// Does something that takes none of the time.
    func paused(_ work: () async -> Void) async {
        let began = ContinuousClock.now
        await work()
        end.withLock { $0 += began.duration(to: .now) }
    }
}
