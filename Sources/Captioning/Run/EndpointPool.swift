package import Foundation
import Synchronization

/// The endpoints of a run: sends each request to whichever has room, and judges when none has a future.
///
/// A lock around values: an attempt learns what to do with its item as soon as its reply is there, and nobody waits for
/// the run's loop. Times are seconds since the run began.
package final class EndpointPool: Sendable {
    /// The right to send one request.
    package struct Grant: Sendable {
        /// Which endpoint, by its place in the job.
        package let endpoint: Int
        fileprivate let ticket: EndpointPace.Ticket
        /// When the request goes out.
        package let startedAt: Double
    }

    /// What the pool says to one more request.
    package enum Decision: Sendable {
        case send(Grant)
        /// An endpoint has room then.
        case later(Double, WaitReason)
        /// Answers that are under way make room; `orLater` is when something else does.
        case full(orLater: Double?)
        /// No endpoint takes requests any more.
        case never
    }

    private struct State {
        var paces: [EndpointPace]
        var shown: [EndpointState]
    }

    private let state: Mutex<State>
    private let rules: Job.Retry
    private let start: Date

    /// - Parameters:
    ///   - job: Its endpoints and rules.
    ///   - firstCompletions: For each endpoint, the output tokens that an answer is first assumed to take.
    ///   - start: The time of day at second 0.
    package init(job: Job, firstCompletions: [Int], start: Date) {
        rules = job.retry
        self.start = start
        let intoMinute = start.timeIntervalSince1970.truncatingRemainder(dividingBy: 60)
        let paces = zip(job.endpoints, firstCompletions).map { endpoint, completion in
            EndpointPace(
                limits: endpoint.limits, rules: job.retry, firstCompletion: completion, secondsIntoMinute: intoMinute)
        }
        state = Mutex(State(paces: paces, shown: paces.map(\.state)))
    }

    /// Counts in what an earlier run spent at an endpoint.
    package func note(earlier spending: [Spending], at endpoint: Int) {
        state.withLock { $0.paces[endpoint].note(earlier: spending, since: start) }
    }

    /// Lets a request go to the endpoint with the largest part of its room free, one without trouble first.
    ///
    /// - `promptTokens`: The estimated input at each endpoint.
    package func admit(promptTokens: [Int], at now: Double) -> Decision {
        state.withLock { state in
            var best: (endpoint: Int, free: Double)?
            var earliest: (time: Double, reason: WaitReason)?
            var isFull = false
            for endpoint in state.paces.indices {
                switch state.paces[endpoint].admission(promptTokens: promptTokens[endpoint], at: now) {
                case .now:
                    let pace = state.paces[endpoint]
                    // One that is in trouble is tried with what no other has room for.
                    let free = pace.isOnTrial ? -1 : Double(pace.size - pace.inFlight) / Double(max(pace.size, 1))
                    if free > best?.free ?? -.infinity { best = (endpoint, free) }
                case .later(let time, let reason):
                    if time < earliest?.time ?? .infinity { earliest = (time, reason) }
                case .full: isFull = true
                case .never: break
                }
            }
            if let best {
                let ticket = state.paces[best.endpoint].admit(promptTokens: promptTokens[best.endpoint], at: now)
                return .send(Grant(endpoint: best.endpoint, ticket: ticket, startedAt: now))
            }
            if isFull { return .full(orLater: earliest?.time) }
            return earliest.map { .later($0.time, $0.reason) } ?? .never
        }
    }

    /// Learns from how an attempt ended, once that is recorded.
    package func note(
        _ report: AttemptReport, of claim: Claim, _ grant: Grant, at now: Double, wallClock: Date
    ) {
        state.withLock { state in
            state.paces[grant.endpoint].note(
                report, of: claim.item.id, grant.ticket, isRepeated: claim.serverErrors(likeThatOf: report) > 1,
                at: now, wallClock: wallClock)
        }
    }

    /// Holds an endpoint back as an earlier run was asked to, or had decided.
    ///
    /// - `remaining`: From now on.
    /// - `wait`: How long the whole wait was, for the backoff that follows.
    package func hold(_ endpoint: Int, for remaining: Duration, of wait: Duration) {
        state.withLock { $0.paces[endpoint].hold(until: remaining.seconds, of: wait.seconds) }
    }

    /// Until when the endpoint will be held back, once an attempt has been learned from; nil when it will not be.
    ///
    /// Learns nothing.
    package func hold(after report: AttemptReport, of claim: Claim, _ grant: Grant, at now: Double) -> Double? {
        state.withLock { $0.paces[grant.endpoint].hold(after: report, of: claim.item.id, grant.ticket, at: now) }
    }

    /// What the policy must know to decide about an item whose attempt has ended; learns nothing.
    package func situation(
        after report: AttemptReport, of claim: Claim, _ grant: Grant, at now: Double
    ) -> RetryPolicy.Situation {
        state.withLock { state in
            let pace = state.paces[grant.endpoint]
            let failure = report.outcome.failure
            func succeeded(since earlier: Claim.Earlier?) -> Bool {
                guard let earlier, let last = pace.lastSuccess else { return false }
                return last > earlier.finishedAt
            }
            return RetryPolicy.Situation(
                failures: claim.failures, throttles: claim.throttles, doubts: claim.doubts,
                sameErrors: claim.serverErrors(likeThatOf: report), sameCause: claim.count(of: failure?.label),
                errorShare: pace.errorShare, isRefusal: pace.isRefusal(report, at: now),
                isRefusedByChance: pace.refusesByChance, othersSucceededSince: succeeded(since: claim.earlier.last),
                firstAttempt: claim.earlier.first?.startedAt, othersSucceed: succeeded(since: claim.earlier.first),
                isEndpointDown: pace.isDown(after: report, of: claim.item.id, grant.ticket, at: now),
                wasSent: report.wasSent)
        }
    }

    /// Whether it is worth while to claim work now, and if not, why and until when.
    ///
    /// Nil when it is.
    func reasonNotToClaim(at now: Double) -> (time: Double, reason: WaitReason)? {
        state.withLock { state in
            if state.paces.contains(where: { $0.mayTakeWork(at: now) }) { return nil }
            var earliest = (time: Double.infinity, reason: WaitReason.unavailable)
            for endpoint in state.paces.indices {
                if case .later(let time, let reason) = state.paces[endpoint].admission(promptTokens: 0, at: now),
                    time < earliest.time
                {
                    earliest = (time, reason)
                }
            }
            return earliest
        }
    }

    /// Fewer would make a claim for every answer of a fast server.
    private static let leastStock = 16

    /// How many items to have at hand beyond those in flight, so that no endpoint waits for the store or the disk.
    var stock: Int {
        state.withLock { state in
            let wanted = state.paces.lazy.filter { $0.retired == nil }
                // The tries of a round go together, so that one round tells whether a burst of refusals is over.
                .map { max($0.windowSize / 4, $0.isOnTrial ? $0.size : 0) }
                .reduce(0, +)
            return min(max(Self.leastStock, wanted), 64)
        }
    }

    /// Requests that may be unrecorded at once: an answer keeps its place until it is on disk, so that a crash costs no
    /// more of them than are in flight.
    var mostUnrecorded: Int {
        state.withLock { state in
            // Tries go out beside what was in flight before them.
            state.paces.lazy.filter { $0.retired == nil }
                .map { $0.windowSize + ($0.isOnTrial ? $0.size : 0) }
                .reduce(0, +)
        }
    }

    /// Takes note that more could be sent, were there room for it.
    func noteFull() {
        state.withLock { state in
            for endpoint in state.paces.indices { state.paces[endpoint].noteFull() }
        }
    }

    /// Takes note that there is nothing to send at the moment.
    func noteIdle() {
        state.withLock { state in
            for endpoint in state.paces.indices { state.paces[endpoint].noteIdle() }
        }
    }

    /// Why the run must stop; nil while any endpoint may still answer.
    ///
    /// - `nextChance`: When the next request may go, as `admit` said; nil when that is not known.
    func stopReason(nextChance: Double?, at now: Double) -> StopReason? {
        state.withLock { state in
            let alive = state.paces.filter { $0.retired == nil }
            guard !alive.isEmpty else { return state.paces.compactMap(\.retired).first }
            let failure = alive.compactMap(\.lastFailure).first
            if alive.allSatisfy(\.isHopeless), let failure { return .unavailable(failure) }
            let isBusy = alive.contains { $0.inFlight > 0 }
            let lastAnswer = state.paces.map(\.lastAnswerAt).max() ?? 0
            let end = max(lastAnswer, 0) + rules.giveUpAfter.seconds
            guard now >= end || (!isBusy && nextChance ?? 0 > end) else { return nil }
            let patience = "nothing was answered for \(rules.giveUpAfter.text) (retry.give_up_after)"
            guard var failure else {
                return .unavailable(
                    Failure(
                        .unavailable, label: "limit_reached",
                        detail: "the limit in the job leaves no request for longer than \(rules.giveUpAfter.text)"))
            }
            if now < end {
                let wait = Duration.seconds(Int(((nextChance ?? now) - now).rounded(.up)))
                failure.detail += " (the next request may go in \(wait.text))"
            } else {
                failure.detail = "\(patience); last: \(failure.detail)"
            }
            return .unavailable(failure)
        }
    }

    /// When `give_up_after` will have passed without an answer.
    var patienceEnds: Double {
        state.withLock { ($0.paces.map(\.lastAnswerAt).max() ?? 0) + rules.giveUpAfter.seconds }
    }

    /// Endpoints whose state is another than when this was last asked, by their place in the job.
    func changedStates() -> [(endpoint: Int, state: EndpointState)] {
        state.withLock { state in
            var changes: [(Int, EndpointState)] = []
            for endpoint in state.paces.indices {
                let present = state.paces[endpoint].state
                guard present.differs(from: state.shown[endpoint]) else { continue }
                state.shown[endpoint] = present
                changes.append((endpoint, present))
            }
            return changes
        }
    }
}

extension Claim {
    /// How often the item had the very server error of a report in a row, this time included; 1 for anything else.
    ///
    /// 502 and 503 say of themselves that they pass.
    fileprivate func serverErrors(likeThatOf report: AttemptReport) -> Int {
        guard report.isServerError else { return 1 }
        let label = report.outcome.failure?.label
        return 1 + earlier.reversed().prefix { $0.errorCode == label && $0.httpStatus == report.httpStatus }.count
    }

    /// How often the item had an error before.
    fileprivate func count(of label: String?) -> Int {
        earlier.count { $0.errorCode == label }
    }
}

extension AttemptReport {
    /// Whether the server broke down over the request.
    var isServerError: Bool {
        outcome.failure?.kind == .transient && (httpStatus ?? 0) >= 500
    }
}

extension EndpointState {
    /// Whether there is news; the number in flight alone is none.
    fileprivate func differs(from other: EndpointState) -> Bool {
        concurrency != other.concurrency || requestsPerMinute != other.requestsPerMinute || health != other.health
    }
}
