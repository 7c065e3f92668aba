import DequeModule
import Synchronization

/// Bounds the image bytes that are in memory at once, whatever the number and size of the requests.
///
/// First come, first served. An image larger than the whole budget is let in alone. A lock, not an actor: bytes are given
/// back from the transport's own callbacks.
final class ByteBudget: Sendable {
    private struct State {
        var used = 0
        var waiting: Deque<(bytes: Int, continuation: CheckedContinuation<Void, Never>)> = []

        func fits(_ bytes: Int, in limit: Int) -> Bool {
            used == 0 || used + bytes <= limit
        }
    }

    private let limit: Int
    private let state = Mutex(State())

    init(limit: Int) {
        self.limit = limit
    }

    /// Waits until the bytes fit.
    ///
    /// Not ended by cancellation: the holders ahead end soon, cancelled like the caller.
    ///
    /// - Returns: What gives the bytes back.
    func acquire(_ bytes: Int) async -> Lease {
        await withCheckedContinuation { continuation in
            let isIn = state.withLock { state in
                guard state.waiting.isEmpty, state.fits(bytes, in: limit) else {
                    state.waiting.append((bytes, continuation))
                    return false
                }
                state.used += bytes
                return true
            }
            if isIn { continuation.resume() }
        }
        return Lease(budget: self, bytes: bytes)
    }

    private func release(_ bytes: Int) {
        let next = state.withLock { state in
            state.used -= bytes
            var next: [CheckedContinuation<Void, Never>] = []
            while let first = state.waiting.first, state.fits(first.bytes, in: limit) {
                state.waiting.removeFirst()
                state.used += first.bytes
                next.append(first.continuation)
            }
            return next
        }
        for continuation in next { continuation.resume() }
    }

    /// Bytes held; given back once.
    final class Lease: Sendable {
        private let budget: ByteBudget
        private let bytes: Mutex<Int>

        init(budget: ByteBudget, bytes: Int) {
            self.budget = budget
            self.bytes = Mutex(bytes)
        }

        /// Gives the bytes back; further calls do nothing.
        func release() {
            let held = bytes.withLock { bytes in
                defer { bytes = 0 }
                return bytes
            }
            if held > 0 { budget.release(held) }
        }

        deinit { release() }
    }
}
