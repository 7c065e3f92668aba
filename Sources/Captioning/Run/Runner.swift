public import Foundation
import ServiceLifecycle

/// The engine: takes work from the store, keeps a window of requests in flight, and records what happened.
///
/// An item's states, as the store keeps them:
///
///     pending ──claim──▶ claimed ──record──▶ done
///        ▲                  │
///        │   retry: due at  ├──────────────▶ failed ──requeue──▶ pending
///        └──────────────────┘
///
/// A retry is a row with a due time, never a sleeping task. The loop owns the pace; children own one attempt each, up to
/// and including its record.
public struct Runner<C: Clock & Sendable>: Sendable where C.Duration == Duration {
    private let job: Job
    private let store: any JobStore
    private let work: AttemptWork
    private let clock: C
    private let now: @Sendable () -> Date
    private let onEvent: @Sendable (RunEvent) -> Void

    /// A runner for a job whose plan is in the store.
    ///
    /// - `transport`: Reaches the job's endpoint.
    /// - `imageBytesInFlight`: The most image bytes in memory at once.
    /// - `clock`: What waits are measured by.
    /// - `now`: What stored times are read from.
    /// - `onEvent`: Called from many tasks.
    public init(
        job: Job, store: any JobStore, transport: any Transport, imageBytesInFlight: Int = 48 << 20, clock: C,
        now: @escaping @Sendable () -> Date, onEvent: @escaping @Sendable (RunEvent) -> Void = { _ in }
    ) throws(SpecError) {
        self.job = job
        self.store = store
        self.clock = clock
        self.now = now
        self.onEvent = onEvent
        work = try AttemptWork(job: job, store: store, transport: transport, imageBytesInFlight: imageBytesInFlight)
    }

    /// Runs until nothing is pending, graceful shutdown begins, the task is cancelled, or no request can succeed.
    ///
    /// - `limit`: The most items to take; nil means all.
    ///
    /// Throws `StoreError`, after the attempts in flight have ended.
    public func run(limit: Int? = nil) async throws -> RunEnd {
        let scope = ClaimScope(lastPosition: try await lastPosition(limit))
        return try await withThrowingTaskGroup(of: ChildEnd.self) { group in
            var loop = LoopState<C>(pace: EndpointPace(limits: job.limits, rules: job.retry), start: clock.now)
            while true {
                loop.time = seconds(since: loop.start)
                switch try await step(&loop, scope) {
                case .start(let claims):
                    for claim in claims {
                        let situation = loop.pace.situation(for: claim, at: loop.time)
                        let startedAt = loop.time
                        group.addTask { try await perform(claim, situation, startedAt: startedAt) }
                    }
                    loop.inFlight += claims.count
                    continue
                case .end(let end):
                    if loop.inFlight > 0 { break }
                    group.cancelAll()
                    return end
                case .wait(let alarm):
                    if let alarm, alarm < loop.nextAlarm - LoopState<C>.alarmTolerance {
                        loop.nextAlarm = alarm
                        let start = loop.start
                        group.addTask { await sleep(until: alarm, since: start) }
                    }
                }
                guard let end = try await group.next() else { continue }
                loop.handle(end, at: seconds(since: loop.start))
            }
        }
    }

    /// What the loop does next.
    private enum Step {
        case start([Claim])
        /// Sleep until a child ends, or until the time, in seconds since the start, whichever comes first.
        case wait(alarm: Double?)
        case end(RunEnd)
    }

    private func step(_ loop: inout LoopState<C>, _ scope: ClaimScope) async throws -> Step {
        if let reason = loop.stopReason { return .end(.stopped(reason)) }
        if Task.isCancelled || Task.isShuttingDownGracefully {
            if !loop.isDraining { onEvent(.draining(inFlight: loop.inFlight)) }
            loop.isDraining = true
            return .end(.interrupted)
        }
        let room = loop.pace.window - loop.inFlight
        // A few at a time: one transaction then serves several claims.
        guard room >= max(1, loop.pace.window / 16) else { return .wait(alarm: nil) }
        let wait = loop.pace.wait(at: loop.time)
        if wait > 0 {
            // Nothing to pace when nothing is left.
            if loop.inFlight == 0, try await !hasPending(scope) { return .end(.finished) }
            let coolDown = loop.pace.coolDown(at: loop.time)
            if coolDown > 0 { onEvent(.waiting(loop.pace.coolDownReason, .milliseconds(Int64(coolDown * 1000)))) }
            return .wait(alarm: loop.time + wait)
        }
        let count = loop.pace.available(room, at: loop.time)
        let (store, endpoint, time) = (store, job.endpoint, now())
        let result = try await uncancelled {
            try await store.claim(upTo: max(count, 1), within: scope, for: endpoint, now: time)
        }
        switch result {
        case .claimed(let claims):
            loop.pace.take(claims.count, at: loop.time)
            return .start(claims)
        case .waiting(until: let due):
            let wait = max(due.timeIntervalSince(now()), 0.001)
            if loop.inFlight == 0 { onEvent(.waiting(.retry, .milliseconds(Int64(wait * 1000)))) }
            return .wait(alarm: loop.time + wait)
        case .finished:
            return loop.inFlight == 0 ? .end(.finished) : .wait(alarm: nil)
        }
    }

    /// Makes one attempt, from the claim up to and including its record.
    ///
    /// Throws only for the store.
    private func perform(
        _ claim: Claim, _ situation: RetryPolicy.Situation, startedAt: Double
    ) async throws -> ChildEnd {
        onEvent(.started(claim.item))
        let began = clock.now
        var report = try await work.attempt(claim, now: now)
        report.finishedAt = now()
        if report.wasSent, report.latency == nil { report.latency = began.duration(to: clock.now) }
        var generator = SystemRandomNumberGenerator()
        let disposition =
            report.outcome.failure.map { failure in
                RetryPolicy(rules: job.retry).disposition(
                    after: failure, in: situation, now: report.finishedAt, using: &generator)
            } ?? .done
        let store = store
        try await uncancelled { [report] in try await store.record(report, of: claim, then: disposition) }
        announce(claim.item, report, disposition)
        return .attempt(report, disposition, startedAt: startedAt)
    }

    private func announce(_ item: Item, _ report: AttemptReport, _ disposition: Disposition) {
        switch (report.outcome, disposition) {
        case (.completed(let completion), _): onEvent(.completed(item, completion.usage, isReused: false))
        case (.reused(let completion, _), _): onEvent(.completed(item, completion.usage, isReused: true))
        case (.failed(let failure, _), _) where failure.kind == .interrupted: onEvent(.interrupted(item))
        case (.failed(let failure, _), .retry(let due, _)): onEvent(.retrying(item, failure, notBefore: due))
        case (.failed(let failure, _), .gaveUp): onEvent(.failed(item, failure))
        case (.failed, .done), (.failed, .stopRun): onEvent(.interrupted(item))
        }
    }

    /// An alarm clock among the children, so that the loop wakes for whatever comes first.
    private func sleep(until time: Double, since start: C.Instant) async -> ChildEnd {
        let wait = max(time - seconds(since: start), 0)
        try? await cancelWhenGracefulShutdown {
            try await clock.sleep(until: clock.now.advanced(by: .nanoseconds(Int64(wait * 1e9))), tolerance: nil)
        }
        return .alarm(time)
    }

    private func hasPending(_ scope: ClaimScope) async throws -> Bool {
        let store = store
        guard let position = try await uncancelled({ try await store.position(ofPending: 1) }) else { return false }
        return position <= scope.lastPosition ?? .max
    }

    private func lastPosition(_ limit: Int?) async throws -> Int? {
        guard let limit else { return nil }
        return limit > 0 ? try await store.position(ofPending: limit) : -1
    }

    private func seconds(since start: C.Instant) -> Double {
        start.duration(to: clock.now).seconds
    }
}

/// How a child of the run's group ended.
private enum ChildEnd: Sendable {
    case attempt(AttemptReport, Disposition, startedAt: Double)
    case alarm(Double)
}

/// What the loop knows.
///
/// Times are seconds since the start.
private struct LoopState<C: Clock> {
    var pace: EndpointPace
    /// An alarm that is set serves for one that is due this much earlier, in seconds.
    static var alarmTolerance: Double { 0.005 }

    let start: C.Instant
    var time = 0.0
    var inFlight = 0
    var nextAlarm = Double.infinity
    var stopReason: StopReason?
    var isDraining = false

    mutating func handle(_ end: ChildEnd, at time: Double) {
        switch end {
        case .alarm(let alarm):
            if alarm == nextAlarm { nextAlarm = .infinity }
        case .attempt(let report, let disposition, let startedAt):
            inFlight -= 1
            if !report.wasSent { pace.giveBack() }
            let verdict = pace.note(report, startedAt: startedAt, at: time)
            if case .stopRun(let reason) = disposition { stopReason = stopReason ?? reason }
            stopReason = stopReason ?? verdict
        }
    }
}
