import DequeModule
import Synchronization

/// The memory for images: one budget for everything that holds one, whatever the number and size of the requests.
///
/// A lease is taken before a file is read or downloaded, grows while the image is decoded, and shrinks to what is sent
/// until that has been handed over. Entering is first come, first served, and so is growing, which goes first. What does
/// not fit alone runs alone: it enters when nothing is held, and grows when everything that is held waits to grow as well.
///
/// Nobody waits for ever: a lease that is held without waiting here ends by itself, so the oldest growth comes to its turn,
/// and behind it the oldest entry. Whoever waits for another image must give its lease back before. A lock, not an actor:
/// bytes are given back from the transport's own callbacks.
final class ImageMemory: Sendable {
    private struct Waiter {
        let bytes: Int
        /// What it holds already.
        let held: Int
        let continuation: CheckedContinuation<Void, Never>
    }

    private struct State {
        var used = 0
        var entering: Deque<Waiter> = []
        var growing: Deque<Waiter> = []
        /// What those who wait to grow hold.
        var stalled = 0

        /// Lets in whoever may go on now.
        mutating func admitted(limit: Int) -> [Waiter] {
            var admitted: [Waiter] = []
            while let first = growing.first, fits(first.bytes, limit) || used == stalled {
                growing.removeFirst()
                stalled -= first.held
                used += first.bytes
                admitted.append(first)
            }
            while growing.isEmpty, let first = entering.first, fits(first.bytes, limit) || used == 0 {
                entering.removeFirst()
                used += first.bytes
                admitted.append(first)
            }
            return admitted
        }

        /// Bytes come from files' own claims: a sum may be beyond any number.
        private func fits(_ bytes: Int, _ limit: Int) -> Bool { bytes <= limit && used <= limit - bytes }
    }

    private let limit: Int
    private let state = Mutex(State())

    /// A budget of so many bytes.
    init(limit: Int) {
        self.limit = limit
    }

    /// The bytes held at the moment.
    var used: Int { state.withLock { $0.used } }

    /// Waits until the bytes fit.
    ///
    /// Not ended by cancellation: the holders ahead end soon, cancelled like the caller.
    ///
    /// - Returns: What gives the bytes back.
    func enter(_ bytes: Int) async -> Lease {
        await wait(bytes, held: nil)
        return Lease(memory: self, bytes: bytes)
    }

    private func wait(_ bytes: Int, held: Int?) async {
        await withCheckedContinuation { continuation in
            change { state in
                let waiter = Waiter(bytes: bytes, held: held ?? 0, continuation: continuation)
                if let held {
                    state.growing.append(waiter)
                    state.stalled += held
                } else {
                    state.entering.append(waiter)
                }
            }
        }
    }

    private func change(_ body: (inout State) -> Void) {
        let admitted = state.withLock { state in
            body(&state)
            return state.admitted(limit: limit)
        }
        for waiter in admitted { waiter.continuation.resume() }
    }

    /// Bytes held; given back once, at the latest when nobody has the lease any more.
    final class Lease: Sendable {
        private let memory: ImageMemory
        private let bytes: Mutex<Int>

        fileprivate init(memory: ImageMemory, bytes: Int) {
            self.memory = memory
            self.bytes = Mutex(bytes)
        }

        /// Waits for so many bytes more.
        func grow(by more: Int) async {
            await memory.wait(more, held: bytes.withLock { $0 })
            bytes.withLock { $0 += more }
        }

        /// Corrects an estimate: from now on so many bytes are held.
        func set(_ count: Int) {
            let difference = bytes.withLock { bytes in
                defer { bytes = count }
                return count - bytes
            }
            if difference != 0 { memory.change { $0.used += difference } }
        }

        /// Corrects an estimate by a difference.
        func adjust(by difference: Int) {
            bytes.withLock { $0 += difference }
            memory.change { $0.used += difference }
        }

        /// Gives everything back and waits for so many bytes, for one who holds nothing yet but its turn.
        func reenter(_ count: Int) async {
            set(0)
            await memory.wait(count, held: nil)
            bytes.withLock { $0 = count }
        }

        /// Gives the bytes back; further calls do nothing.
        func release() { set(0) }

        deinit { release() }
    }
}
