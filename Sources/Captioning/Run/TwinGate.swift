import DequeModule
import Foundation

/// Lets one of several identical requests through at a time, so that the others find its answer instead of paying again.
actor TwinGate {
    private var queues: [Data: Deque<CheckedContinuation<Void, Never>>] = [:]

    /// Waits until no twin is in flight.
    ///
    /// Not ended by cancellation: the twin ahead ends soon, cancelled like the caller.
    func enter(_ fingerprint: Data) async {
        if queues[fingerprint] == nil {
            queues[fingerprint] = []
        } else {
            await withCheckedContinuation { queues[fingerprint]?.append($0) }
        }
    }

    /// Goes in if no twin is in flight; the result says whether.
    func enterIfFree(_ fingerprint: Data) -> Bool {
        guard queues[fingerprint] == nil else { return false }
        queues[fingerprint] = []
        return true
    }

    /// Lets the next twin in.
    func leave(_ fingerprint: Data) {
        if let next = queues[fingerprint]?.popFirst() {
            next.resume()
        } else {
            queues[fingerprint] = nil
        }
    }
}
