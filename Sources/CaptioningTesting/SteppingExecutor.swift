import DequeModule
import Synchronization

/// Runs tasks one step after the other on the thread that asks for it, in the order in which they became ready.
///
/// With a `FakeClock` and nothing that waits for other threads, a whole run is repeatable to the last step.
public final class SteppingExecutor: TaskExecutor {
    /// Why a piece of work did not end.
    public enum Stuck: Error, Hashable {
        /// Nothing is ready, nobody sleeps, and the work is not done.
        case deadlock
        /// It took more time on the clock than it may.
        case tooLong
    }

    private let ready = Mutex<Deque<UnownedJob>>([])

    /// An executor with nothing to do.
    public init() {}

    /// Takes a step of a task to be run later.
    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        ready.withLock { $0.append(job) }
    }

    /// Does the work to its end; the clock jumps to the next deadline whenever every task waits.
    ///
    /// - `limit`: The most time on the clock.
    ///
    /// Throws what the work throws, or `Stuck`.
    public func run<Result: Sendable>(
        clock: FakeClock, limit: Duration, _ work: @escaping @Sendable () async throws -> Result
    ) throws -> Result {
        let outcome = Mutex<Swift.Result<Result, any Error>?>(nil)
        let end = clock.now.advanced(by: limit)
        let task = Task(executorPreference: self) {
            let result = await withResult(work)
            outcome.withLock { $0 = result }
        }
        while true {
            while let job = ready.withLock({ $0.popFirst() }) { job.runSynchronously(on: asUnownedTaskExecutor()) }
            if let result = outcome.withLock({ $0 }) { return try result.get() }
            let isMoving = clock.now < end && clock.advanceToNextDeadline()
            guard isMoving else {
                task.cancel()
                throw clock.now < end ? Stuck.deadlock : Stuck.tooLong
            }
        }
    }
}

private func withResult<Result: Sendable>(
    _ work: @Sendable () async throws -> Result
) async -> Swift.Result<Result, any Error> {
    do {
        return .success(try await work())
    } catch {
        return .failure(error)
    }
}
