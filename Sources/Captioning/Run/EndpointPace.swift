import Foundation

/// Says when the next request to an endpoint may go, and how it has been answering.
///
/// Requests and tokens are admitted together or not at all. Pure: the caller says what time it is, in seconds since the
/// run began, and draws nothing by chance.
struct EndpointPace: Sendable {
    /// The same refusal of so many items with no success at all means that the request is wrong, not the images.
    static let refusalsToStop = 20
    /// Refusals in a row that a found limit may explain before they count as trouble.
    private static let explainable = 3

    /// Most limits are per minute or shorter: within one, trouble may be over any moment.
    private static let longestWaitInFirstMinute = 5.0
    private static let mostTries = 32
    private static let fewTries = 4

    /// What an endpoint says to one more request.
    enum Admission: Hashable, Sendable {
        case now
        /// Not before then.
        case later(Double, WaitReason)
        /// As many are in flight as may be; an answer makes room.
        case full
        /// Not in this run.
        case never
    }

    /// A request that was admitted.
    struct Ticket: Hashable, Sendable {
        fileprivate let startedAt: Double
        fileprivate let generation: Int
        fileprivate let tokens: Double
        fileprivate let estimate: Int
        /// Requests in the minute before this one.
        fileprivate let inMinute: Double
        /// Requests in flight, this one included.
        fileprivate let inFlight: Int
        fileprivate let isTry: Bool
    }

    private let rules: Job.Retry
    private(set) var window: ConcurrencyWindow
    private(set) var inFlight = 0
    private var requests: RequestPace
    private var tokens: RateLimit
    private var day: (limit: Double, window: SlidingWindow)?
    private var cost: CostEstimate
    private var quotas = ServerQuotas()
    private(set) var breaker = CircuitBreaker()
    private var throttling: Throttling?
    private var coolDownUntil = 0.0
    private var explained = 0
    private var lastRefusalAt = -Double.infinity
    private var triesInFlight = 0
    private var refusals: (label: String, count: Int) = ("", 0)
    private var successes = 0
    private(set) var answers = 0
    private(set) var lastAnswerAt = 0.0
    /// When an item last got its caption here; nil when none has.
    private(set) var lastSuccess: Date?
    /// Why nothing more is sent here; nil while things may go on.
    private(set) var retired: StopReason?
    /// What went wrong last, for a message; nil when nothing has.
    private(set) var lastFailure: Failure?

    /// A time of refusals: from the first until the server takes requests again.
    private struct Throttling: Sendable {
        var refusal: RequestPace.Refusal
        var rounds = 1
        var roundBegunAt: Double
        /// Whether the window's size had held for a while.
        let wasProven: Bool
        /// Whether the next try is made when the last minute's count has room for one, if that is what counts.
        var expectsRoom = false
    }

    init(limits: Job.Limits, rules: Job.Retry, firstCompletion: Int, at now: Double = 0) {
        self.rules = rules
        window = ConcurrencyWindow(limits.concurrency)
        requests = RequestPace(told: limits.requestsPerMinute, at: now)
        tokens = RateLimit(perMinute: limits.tokensPerMinute.map(Double.init), at: now)
        day = limits.requestsPerDay.map { (Double($0), SlidingWindow(length: 86_400)) }
        cost = CostEstimate(firstCompletion: firstCompletion)
    }

    /// Counts in what an earlier run spent here, so that limits hold across a restart.
    mutating func note(earlier spending: [Spending], since start: Date) {
        let known = spending.compactMap(\.tokens)
        // Of what was cut off no reply told: it counts as the largest of the others, or as a large image.
        let unknown = known.max() ?? 2_500
        for spent in spending {
            let time = min(spent.time.timeIntervalSince(start), 0)
            if time > -60 {
                requests.note(earlier: spent.requests, at: time)
                tokens.note(Double(spent.tokens ?? unknown), at: time)
            }
            day?.window.add(Double(spent.requests), at: time)
        }
    }

    /// Whether the endpoint is being tried with a few requests.
    var isOnTrial: Bool { throttling != nil || breaker.isOpen }

    /// Requests that may be in flight.
    var size: Int { isOnTrial ? tries : window.size }

    /// Requests that find out together whether trouble is over: one where nothing answers, a few where it says "slow down".
    private var tries: Int {
        guard let throttling, !breaker.isOpen, !throttling.expectsRoom else { return 1 }
        // A size that went well for a while is most likely right again when a burst of refusals is over.
        return max(min(window.size / 2, throttling.wasProven ? Self.mostTries : Self.fewTries), 1)
    }

    /// Whether it is worth while to have work at hand for the endpoint.
    func mayTakeWork(at now: Double) -> Bool {
        retired == nil && coolDownUntil <= now && !(breaker.isOpen && breaker.nextTry > now)
    }

    /// What the endpoint says to one more request, whose input comes to an estimated number of tokens.
    mutating func admission(promptTokens: Int, at now: Double) -> Admission {
        guard retired == nil else { return .never }
        if coolDownUntil > now { return held(until: coolDownUntil, .rateLimited) }
        if breaker.isOpen, breaker.nextTry > now { return held(until: breaker.nextTry, .unavailable) }
        if isOnTrial ? triesInFlight >= tries : inFlight >= window.size {
            if !isOnTrial { window.noteFull() }
            return .full
        }
        let waits: [(Double, WaitReason)] = [
            (requests.wait(at: now), .requestsPerMinute),
            (tokens.wait(for: cost.tokens(promptTokens), at: now), .tokensPerMinute),
            (quotas.wait(at: now), .requestsPerMinute),
            (dayWait(at: now), .requestsPerDay),
        ]
        guard let longest = waits.max(by: { $0.0 < $1.0 }), longest.0 > 0 else { return .now }
        return held(until: now + longest.0, longest.1)
    }

    /// Admits a request that goes now.
    mutating func admit(promptTokens: Int, at now: Double) -> Ticket {
        let inMinute = requests.inLastMinute(at: now)
        let spent = cost.tokens(promptTokens)
        requests.take(at: now)
        tokens.take(spent, at: now)
        day?.window.add(1, at: now)
        quotas.take(tokens: spent)
        inFlight += 1
        if isOnTrial { triesInFlight += 1 }
        return Ticket(
            startedAt: now, generation: window.generation, tokens: spent, estimate: promptTokens, inMinute: inMinute,
            inFlight: inFlight, isTry: isOnTrial)
    }

    /// Takes note that a request waits for an earlier one to be over.
    mutating func noteFull() {
        if !isOnTrial { window.noteFull() }
    }

    /// Takes note that there is nothing to send at the moment.
    mutating func noteIdle() {
        if inFlight < window.size { window.noteRoom() }
    }

    /// Takes note of how an attempt ended.
    ///
    /// - `wallClock`: The time as it is stored.
    mutating func note(
        _ report: AttemptReport, of item: Item.ID, _ ticket: Ticket, at now: Double, wallClock: Date
    ) {
        inFlight -= 1
        if ticket.isTry { triesInFlight = max(triesInFlight - 1, 0) }
        settle(report, ticket)
        if let headers = report.rateLimits { noteHeaders(headers, at: now) }
        guard case .failed(let failure, _) = report.outcome else {
            noteAnswer(ticket, report.latency, at: now)
            noteSuccess(ticket, at: now)
            lastSuccess = wallClock
            return
        }
        switch failure.kind {
        case .rateLimited:
            lastFailure = failure
            breaker.noteAnswer()
            noteRefusal(failure, ticket, at: now)
        case .unavailable, .connectionLost, .transient:
            lastFailure = failure
            window.noteFault()
            let isDown = breaker.noteFailure(failure, of: item, ticket, rules, at: now)
            if isDown { triesInFlight = 0 }
            if let asked = failure.retryAfter { coolDown(for: asked, at: now) }
        case .refused:
            noteAnswer(ticket, report.latency, at: now)
            refusals = refusals.label == failure.label ? (failure.label, refusals.count + 1) : (failure.label, 1)
            if successes == 0, refusals.count >= Self.refusalsToStop { retire(.fatal(failure)) }
        case .truncated, .filtered, .cutShort:
            noteAnswer(ticket, report.latency, at: now)
        case .unauthorized:
            lastFailure = failure
            retire(.unauthorized(failure))
        case .fatal:
            lastFailure = failure
            retire(.fatal(failure))
        case .unreadableImage, .interrupted: break
        }
    }

    /// Whether the endpoint will count as failing whatever it is asked, once an attempt has been learned from.
    func isDown(after report: AttemptReport, of item: Item.ID, _ ticket: Ticket, at now: Double) -> Bool {
        guard let failure = report.outcome.failure else { return false }
        switch failure.kind {
        case .unavailable, .connectionLost, .transient:
            var breaker = breaker
            breaker.noteFailure(failure, of: item, ticket, rules, at: now)
            return breaker.isOpen
        case .unreadableImage, .interrupted, .unauthorized, .fatal: return breaker.isOpen
        case .rateLimited, .refused, .truncated, .filtered, .cutShort: return false
        }
    }

    /// Whether the endpoint has never answered, and been tried often enough.
    var isHopeless: Bool {
        answers == 0 && breaker.rounds >= rules.attempts && breaker.lastFailure?.kind == .unavailable
    }

    /// The limits in force, for whoever shows them.
    var state: EndpointState {
        let health: EndpointState.Health =
            retired != nil ? .retired : breaker.isOpen ? .down : throttling != nil ? .throttled : .good
        return EndpointState(
            concurrency: window.size, inFlight: inFlight,
            requestsPerMinute: requests.limitPerMinute.map { Int(min($0.rounded(), 1e15)) }, health: health,
            trouble: health == .good ? nil : lastFailure?.detail)
    }

    private mutating func held(until time: Double, _ reason: WaitReason) -> Admission {
        window.noteRoom()
        return .later(time, reason)
    }

    private mutating func dayWait(at now: Double) -> Double {
        guard let limit = day?.limit else { return 0 }
        return day?.window.wait(for: 1, under: limit, at: now) ?? 0
    }

    /// Corrects what was charged to what it came to.
    private mutating func settle(_ report: AttemptReport, _ ticket: Ticket) {
        let kind = report.outcome.failure?.kind
        if !report.wasSent || kind == .rateLimited {
            requests.giveBack(takenAt: ticket.startedAt)
            tokens.settle(ticket.tokens, as: 0, takenAt: ticket.startedAt)
            if !report.wasSent { day?.window.correct(by: -1, at: ticket.startedAt) }
        } else if let actual = cost.learn(from: report.outcome.completion?.usage, estimate: ticket.estimate) {
            tokens.settle(ticket.tokens, as: actual, takenAt: ticket.startedAt)
        }
    }

    private mutating func noteHeaders(_ headers: RateLimitHeaders, at now: Double) {
        if let quota = headers.requests, quota.isPerMinute, let limit = quota.limit {
            requests.noteTold(limit, at: now)
        }
        quotas.note(headers, inFlight: inFlight, tokensPerRequest: cost.typicalTokens, at: now)
    }

    private mutating func noteAnswer(_ ticket: Ticket, _ latency: Duration?, at now: Double) {
        if breaker.isOpen {
            window.restart(at: now)
            triesInFlight = 0
        }
        breaker.noteAnswer()
        answers += 1
        lastAnswerAt = now
        window.noteAnswer(generation: ticket.generation, latency: latency?.seconds ?? now - ticket.startedAt, at: now)
    }

    private mutating func noteSuccess(_ ticket: Ticket, at now: Double) {
        successes += 1
        if ticket.startedAt >= lastRefusalAt { explained = 0 }
        guard let throttling, ticket.startedAt >= throttling.roundBegunAt else { return }
        // The server takes requests again; what it refused before is of no more account.
        self.throttling = nil
        triesInFlight = 0
        lastRefusalAt = now
        requests.learn(from: throttling.refusal, inMinute: ticket.inMinute, wasRepeated: throttling.rounds > 1, at: now)
    }

    private mutating func noteRefusal(_ failure: Failure, _ ticket: Ticket, at now: Double) {
        if failure.isThrottlingGrowth { requests.slowDownGrowth(at: now) }
        if let asked = failure.retryAfter { coolDown(for: asked, at: now) }
        guard ticket.startedAt >= lastRefusalAt else {
            // Under way when the first refusal came: part of the same.
            if var refusal = throttling?.refusal, ticket.startedAt < refusal.begunAt {
                requests.note(refusedAsWell: ticket.startedAt, in: &refusal)
                throttling?.refusal = refusal
            }
            return
        }
        lastRefusalAt = now
        if throttling == nil, explained < Self.explainable, failure.retryAfter == nil {
            // Met by trying a little more than before: no reason to stop.
            if requests.isFoundLimitAtWork(at: now) {
                explained += 1
                requests.takeBack(at: now)
                return
            }
            if window.isKnownAsTooMuch(ticket.inFlight) {
                explained += 1
                window.stepBack(generation: ticket.generation, below: ticket.inFlight, at: now)
                requests.learnPaceIfUnknown(at: now)
                return
            }
        }
        if throttling == nil {
            let wasProven = window.isProven(at: now)
            window.cut(generation: ticket.generation, at: now)
            throttling = Throttling(
                refusal: requests.beginRefusal(at: now), roundBegunAt: now, wasProven: wasProven)
            triesInFlight = 0
        } else {
            throttling?.rounds += 1
            throttling?.roundBegunAt = now
        }
        guard failure.retryAfter == nil, var throttling else { return }
        var wait = RetryPolicy(rules: rules).backoff(afterAttempt: throttling.rounds).seconds
        if now - throttling.refusal.begunAt < 60 { wait = min(wait, Self.longestWaitInFirstMinute) }
        if throttling.rounds > 1 {
            // Refused again: if it counts by the minute, this is when room comes.
            let room = requests.waitForRoom(below: throttling.refusal, at: now)
            throttling.expectsRoom = room < wait
            wait = min(wait, room)
            self.throttling = throttling
        }
        coolDownUntil = max(coolDownUntil, now + wait)
    }

    private mutating func coolDown(for asked: Duration, at now: Double) {
        coolDownUntil = max(coolDownUntil, now + max(asked.seconds, 0))
    }

    private mutating func retire(_ reason: StopReason) {
        retired = retired ?? reason
    }
}

extension CircuitBreaker {
    /// Counts in a failure of a request that was admitted.
    ///
    /// Returns whether the endpoint has just been found down.
    @discardableResult
    fileprivate mutating func noteFailure(
        _ failure: Failure, of item: Item.ID, _ ticket: EndpointPace.Ticket, _ rules: Job.Retry, at now: Double
    ) -> Bool {
        noteFailure(
            failure, of: item, isLost: failure.kind != .transient, startedAt: ticket.startedAt, at: now,
            backoff: RetryPolicy(rules: rules).backoff(afterAttempt:))
    }
}
