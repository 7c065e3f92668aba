import DequeModule
public import Foundation
import ServiceLifecycle

/// The engine: takes work from the store, keeps requests in flight, and records what happened.
///
/// An item's states, as the store keeps them:
///
///     pending ──claim──▶ claimed ──record──▶ done
///        ▲                  │
///        │   retry: due at  ├──────────────▶ failed ──requeue──▶ pending
///        └──────────────────┘
///
/// A retry is a row with a due time, never a sleeping task. A claim is first prepared (its image is read), then waits in the
/// loop until an endpoint has room, then goes out; its child records the answer before anything else happens with it.
public struct Runner<C: Clock & Sendable>: Sendable where C.Duration == Duration {
    private let job: Job
    private let store: any JobStore
    private let work: AttemptWork
    private let clock: C
    private let now: @Sendable () -> Date
    private let seed: UInt64
    private let shutdown: @Sendable () async -> Void
    private let onEvent: @Sendable (RunEvent) -> Void

    /// A runner for a job whose plan is in the store.
    ///
    /// - `transports`: One for each of the job's endpoints, in their order.
    /// - `converter`: What prepares images; nil sends only those that need nothing.
    /// - `fetcher`: What downloads remote images; nil leaves that to the provider.
    /// - `clock`: What waits are measured by.
    /// - `now`: What stored times are read from.
    /// - `seed`: Decides the jitter of retries.
    /// - `shutdown`: Returns when graceful shutdown begins, or its task is cancelled; nil asks the service lifecycle.
    /// - `onEvent`: Called from many tasks.
    public init(
        job: Job, store: any JobStore, transports: [any Transport], converter: (any ImageConverter)? = nil,
        fetcher: (any ImageFetcher)? = nil, clock: C, now: @escaping @Sendable () -> Date,
        seed: UInt64 = .random(in: 0 ... .max),
        shutdown: (@Sendable () async -> Void)? = nil,
        onEvent: @escaping @Sendable (RunEvent) -> Void = { _ in }
    ) throws(SpecError) {
        self.job = job
        self.store = store
        self.clock = clock
        self.now = now
        self.seed = seed
        self.shutdown = shutdown ?? { try? await gracefulShutdown() }
        self.onEvent = onEvent
        work = try AttemptWork(
            job: job, store: store, transports: transports, converter: converter, fetcher: fetcher)
    }

    /// Runs until nothing is pending, graceful shutdown begins, the task is cancelled, the deadline comes, or no request
    /// can succeed.
    ///
    /// - `limit`: The most items to take; nil means all.
    /// - `asksAtOnce`: Whether endpoints are asked although they have asked an earlier run to wait.
    ///
    /// Throws `StoreError`, after the attempts in flight have ended.
    public func run(limit: Int? = nil, asksAtOnce: Bool = false) async throws -> RunEnd {
        let began = now()
        let pool = EndpointPool(job: job, firstCompletions: work.firstCompletions, start: began)
        for (place, endpoint) in job.endpoints.enumerated() {
            let since = began.addingTimeInterval(endpoint.limits.requestsPerDay == nil ? -60 : -86_400)
            pool.note(earlier: try await store.spending(at: endpoint, since: since), at: place)
            if !asksAtOnce, let hold = try await store.hold(of: endpoint, now: began) {
                pool.hold(place, for: hold.remaining, of: hold.wait)
            }
        }
        let scope = ClaimScope(lastPosition: try await lastPosition(limit), runBegan: began)
        return try await withThrowingTaskGroup(of: ChildEnd.self) { group in
            group.addTask {
                await shutdown()
                return .shutdown
            }
            var loop = RunLoop<C>(pool: pool, start: clock.now, deadline: job.deadlines.run?.seconds)
            do {
                while true {
                    loop.time = seconds(since: loop.start)
                    switch try await step(&loop, scope) {
                    case .send(let request, let grant):
                        loop.inFlight += 1
                        group.addTask { [start = loop.start] in
                            do {
                                return try await perform(request, grant, pool, since: start, began)
                            } catch {
                                throw ChildFailure(error: error, wasInFlight: true)
                            }
                        }
                        continue
                    case .claim(let count):
                        let (changes, start) = (loop.changes, loop.start)
                        loop.isClaiming = true
                        // The clock on the wall may be set back meanwhile; retries must not wait for it.
                        let time = began.addingTimeInterval(loop.time)
                        group.addTask {
                            let result = try await store.claim(
                                upTo: count, within: scope, for: job.endpoint, now: time)
                            return .claimed(
                                result, after: changes, at: began.addingTimeInterval(seconds(since: start)))
                        }
                        continue
                    case .prepare(let claims):
                        loop.preparing += claims.count
                        for claim in claims {
                            group.addTask { [start = loop.start] in
                                do {
                                    return try await prepare(claim, since: start, began)
                                } catch {
                                    throw ChildFailure(error: error, wasInFlight: false)
                                }
                            }
                        }
                        continue
                    case .breakOff:
                        group.cancelAll()
                        loop.isBrokenOff = true
                        continue
                    case .again: continue
                    case .end(let end):
                        group.cancelAll()
                        return end
                    case .wait(let alarm):
                        if let alarm, alarm < loop.nextAlarm - RunLoop<C>.alarmTolerance {
                            loop.nextAlarm = alarm
                            group.addTask { [start = loop.start] in await sleep(until: alarm, since: start) }
                        }
                    }
                    guard let end = try await group.next() else { continue }
                    loop.time = seconds(since: loop.start)
                    loop.handle(end, at: began.addingTimeInterval(loop.time))
                    for (endpoint, state) in pool.changedStates() { onEvent(.endpoint(endpoint, state)) }
                }
            } catch {
                // The store has failed. What is in flight is paid for: it may still be recorded, or told of at least.
                let first = error as? ChildFailure
                if let first { loop.noteFailure(first) }
                onEvent(.draining(inFlight: loop.inFlight))
                for request in loop.ready { await work.abandon(request) }
                while loop.inFlight + loop.preparing > 0, let end = await group.nextResult() {
                    switch end {
                    case .success(.ready(let request)):
                        loop.preparing -= 1
                        await work.abandon(request)
                    case .success(.settled): loop.preparing -= 1
                    case .success(.attempt): loop.inFlight -= 1
                    case .success(.alarm), .success(.shutdown), .success(.claimed): break
                    case .failure(let failure as ChildFailure): loop.noteFailure(failure)
                    case .failure: break
                    }
                }
                group.cancelAll()
                throw first?.error ?? error
            }
        }
    }

    /// What the loop does next.
    private enum Step {
        /// Ask the store for so many items, while the rest goes on.
        case claim(Int)
        case prepare([Claim])
        case send(PreparedRequest, EndpointPool.Grant)
        /// Sleep until a child ends, or until the time, in seconds since the start, whichever comes first.
        case wait(alarm: Double?)
        /// Cancel what is in flight.
        case breakOff
        /// Look again: something has been decided.
        case again
        case end(RunEnd)
    }

    private func step(_ loop: inout RunLoop<C>, _ scope: ClaimScope) async throws -> Step {
        if let end = loop.pendingEnd ?? reasonToEnd(&loop) {
            if loop.pendingEnd == nil { onEvent(.draining(inFlight: loop.inFlight)) }
            loop.pendingEnd = end
            // What waits for its turn has cost nothing yet.
            try await release(&loop)
            if loop.inFlight + loop.preparing == 0, !loop.isClaiming { return .end(end) }
            guard let deadline = loop.deadline, !loop.isBrokenOff else { return .wait(alarm: nil) }
            return loop.time >= deadline ? .breakOff : .wait(alarm: deadline)
        }
        if !loop.claimed.isEmpty {
            defer { loop.claimed = [] }
            return .prepare(loop.claimed)
        }
        var alarm = loop.deadline.map { $0 - loop.typicalLatency }
        func wake(at time: Double?) {
            if let time { alarm = min(alarm ?? .infinity, time) }
        }
        if loop.inFlight >= max(loop.pool.mostUnrecorded, 1) {
            if !loop.ready.isEmpty { loop.pool.noteFull() }
        } else if let request = loop.ready.first {
            switch loop.pool.admit(promptTokens: request.promptTokens, at: loop.time) {
            case .send(let grant):
                loop.ready.removeFirst()
                return .send(request, grant)
            case .later(let time, let reason):
                announceWait(reason, until: time, &loop)
                if let reason = loop.pool.stopReason(nextChance: time, at: loop.time) { return stop(reason, &loop) }
                wake(at: time)
            case .full(let time):
                wake(at: time)
            case .never:
                if let reason = loop.pool.stopReason(nextChance: nil, at: loop.time) { return stop(reason, &loop) }
            }
        } else {
            loop.pool.noteIdle()
        }
        if loop.isIdle, loop.nextClaim == .infinity { return .end(.finished) }
        let stock = loop.pool.stock
        let room = stock - loop.ready.count - loop.preparing
        if room >= max(1, stock / 4), !loop.isClaiming, loop.nextClaim <= loop.time {
            if let (time, reason) = loop.pool.reasonNotToClaim(at: loop.time) {
                if let reason = loop.pool.stopReason(nextChance: time, at: loop.time) { return stop(reason, &loop) }
                if try await isFinished(loop, scope) { return .end(.finished) }
                announceWait(reason, until: time, &loop)
                wake(at: time)
            } else {
                return .claim(room)
            }
        }
        if loop.nextClaim > loop.time, loop.nextClaim < .infinity {
            if loop.isIdle { announceWait(.retry, until: loop.nextClaim, &loop) }
            wake(at: loop.nextClaim)
        }
        if loop.isIdle { wake(at: loop.pool.patienceEnds) }
        return .wait(alarm: alarm)
    }

    private func reasonToEnd(_ loop: inout RunLoop<C>) -> RunEnd? {
        if Task.isCancelled || Task.isShuttingDownGracefully { return .interrupted }
        if let reason = loop.pool.stopReason(nextChance: nil, at: loop.time) { return .stopped(reason) }
        // An answer that is paid for and then cut off by the deadline would be lost: stop sending in time.
        if let deadline = loop.deadline, loop.time >= deadline - loop.typicalLatency { return .deadline }
        return nil
    }

    private func stop(_ reason: StopReason, _ loop: inout RunLoop<C>) -> Step {
        loop.pendingEnd = .stopped(reason)
        onEvent(.draining(inFlight: loop.inFlight))
        return .again
    }

    private func announceWait(_ reason: WaitReason, until time: Double, _ loop: inout RunLoop<C>) {
        let wait = time - loop.time
        guard wait > 0, loop.announced?.reason != reason || abs((loop.announced?.until ?? 0) - time) > 1 else { return }
        // An even pace is no reason for a message with every request.
        if wait < 1, reason != .rateLimited, reason != .unavailable { return }
        loop.announced = (reason, time)
        onEvent(.waiting(reason, .milliseconds(Int64((wait * 1000).rounded(.up)))))
    }

    private func release(_ loop: inout RunLoop<C>) async throws {
        let requests = loop.ready
        let claims = loop.claimed + requests.map(\.claim)
        guard !claims.isEmpty else { return }
        loop.ready.removeAll()
        loop.claimed = []
        for request in requests { await work.abandon(request) }
        try await store.release(claims)
    }

    /// Reads an item's image, and settles the item at once when nothing need be sent.
    ///
    /// Throws only for the store.
    ///
    /// - `start`: When the run began by its clock, and `began` by the one on the wall.
    private func prepare(_ claim: Claim, since start: C.Instant, _ began: Date) async throws -> ChildEnd {
        switch try await work.prepare(claim, now: now) {
        case .ready(let request): return .ready(request)
        case .settled(let report):
            let disposition =
                report.outcome.failure.map { failure in
                    // This machine's trouble is not the image's: what the run itself uses up, it also gives back.
                    let situation = RetryPolicy.Situation(
                        failures: claim.failures, throttles: claim.throttles, doubts: claim.doubts,
                        firstAttempt: claim.earlier.first?.startedAt, wasSent: failure.kind != .unavailable)
                    return retry(failure, claim, situation, at: began.addingTimeInterval(seconds(since: start)))
                } ?? .done
            try await store.record(report, of: claim, then: disposition)
            announce(claim.item, report, disposition)
            return .settled(disposition)
        }
    }

    /// What becomes of an item after a failure, by the job's rules.
    private func retry(
        _ failure: Failure, _ claim: Claim, _ situation: RetryPolicy.Situation, at time: Date
    ) -> Disposition {
        var generator = SplitMix64(seed: seed ^ UInt64(bitPattern: claim.attemptID.rawValue))
        return RetryPolicy(rules: job.retry, itemDeadline: job.deadlines.item).disposition(
            after: failure, in: situation, now: time, using: &generator)
    }

    /// Makes one attempt, up to and including its record.
    ///
    /// Throws only for the store.
    private func perform(
        _ request: PreparedRequest, _ grant: EndpointPool.Grant, _ pool: EndpointPool, since start: C.Instant,
        _ began: Date
    ) async throws -> ChildEnd {
        let claim = request.claim
        onEvent(.started(claim.item, endpoint: grant.endpoint))
        async let marking: Void = store.markSent(
            claim.attemptID, to: job.endpoints[grant.endpoint], at: began.addingTimeInterval(grant.startedAt))
        var report = await work.send(request, to: grant.endpoint, now: now)
        let end = seconds(since: start)
        report.finishedAt = now()
        if case .failed(var failure, let partial) = report.outcome, failure.kind == .interrupted,
            let deadline = job.deadlines.run?.seconds, end >= deadline
        {
            failure.label = "deadline"
            failure.detail = "the run's deadline (limits.deadline) came before the reply"
            report.outcome = .failed(failure, partial: partial)
        }
        if report.wasSent { report.latency = .seconds(end - grant.startedAt) }
        let situation = pool.situation(after: report, of: claim, grant, at: end)
        let disposition =
            report.outcome.failure.map { retry($0, claim, situation, at: began.addingTimeInterval(end)) } ?? .done
        report.holdUntil = pool.hold(after: report, of: claim, grant, at: end).map(began.addingTimeInterval)
        // The mark comes before the record that it would undo; the record is made whatever became of the mark.
        var failure: (any Error)?
        do { try await marking } catch { failure = error }
        do {
            try await store.record(report, of: claim, then: disposition)
        } catch {
            await work.abandon(request)
            if report.outcome.completion != nil { onEvent(.unrecorded(claim, report)) }
            throw error
        }
        // Only what is on disk is learned from: whatever a reply holds, it is recorded.
        pool.note(report, of: claim, grant, at: seconds(since: start), wallClock: report.finishedAt)
        await work.abandon(request)
        if let failure { throw failure }
        announce(claim.item, report, disposition)
        return .attempt(disposition, latency: report.outcome.failure == nil ? end - grant.startedAt : nil)
    }

    private func announce(_ item: Item, _ report: AttemptReport, _ disposition: Disposition) {
        switch (report.outcome, disposition) {
        case (.completed(let completion), _): onEvent(.completed(item, completion.usage, isReused: false))
        case (.reused(let completion, _), _): onEvent(.completed(item, completion.usage, isReused: true))
        case (.failed, .retry) where report.endpoint == nil: break
        case (.failed(let failure, _), .retry(let due, _)): onEvent(.retrying(item, failure, notBefore: due))
        case (.failed(let failure, _), .gaveUp): onEvent(.failed(item, failure, wasSent: report.endpoint != nil))
        case (.failed, .done), (.failed, .putBack): onEvent(.interrupted(item))
        }
    }

    /// An alarm clock among the children, so that the loop wakes for whatever comes first.
    private func sleep(until time: Double, since start: C.Instant) async -> ChildEnd {
        let wait = max(time - seconds(since: start), 0)
        // Rounded up: to wake a moment too early means to sleep again.
        let end = clock.now.advanced(by: .nanoseconds(Int64((wait * 1e9).rounded(.up))))
        try? await clock.sleep(until: end, tolerance: nil)
        return .alarm(time)
    }

    /// Nothing to wait for when nothing is left.
    private func isFinished(_ loop: RunLoop<C>, _ scope: ClaimScope) async throws -> Bool {
        guard loop.isIdle else { return false }
        guard let position = try await store.position(ofPending: 1) else { return true }
        return position > scope.lastPosition ?? .max
    }

    private func lastPosition(_ limit: Int?) async throws -> Int? {
        guard let limit else { return nil }
        return limit > 0 ? try await store.position(ofPending: limit) : -1
    }

    private func seconds(since start: C.Instant) -> Double {
        start.duration(to: clock.now).seconds
    }
}
