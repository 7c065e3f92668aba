import DequeModule
import Foundation

/// Says when the next request to an endpoint may go, and how it has been answering.
///
/// Requests and tokens are admitted together or not at all. Pure: the caller says what time it is, in seconds since the
/// run began, and draws nothing by chance.
struct EndpointPace: Sendable {
    /// The same refusal of so many items with no success at all means that the request is wrong, not the images.
    static let refusalsToStop = 20
    /// A 503 or 529 that comes so quickly, in seconds, while others are answered, is a limit like 429.
    private static let quickRefusal = 1.0
    /// An endpoint that answered within so many seconds, or within three of its usual answers, is serving.
    private static let servingFor = 10.0
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
        fileprivate let mark: RequestControl.Mark
        fileprivate let tokens: Double
        fileprivate let estimate: Int
        fileprivate let isTry: Bool
    }

    private let rules: Job.Retry
    private var control: RequestControl
    private(set) var inFlight = 0
    private var tokens: RateLimit
    private var day: (limit: Double, window: SlidingWindow)?
    private var cost: CostEstimate
    private var quotas = ServerQuotas()
    private(set) var breaker = CircuitBreaker()
    private var coolDownUntil = 0.0
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
    private var errors = RecentShare()
    private var cut = CutAnswers()

    init(limits: Job.Limits, rules: Job.Retry, firstCompletion: Int, secondsIntoMinute: Double = 0, at now: Double = 0)
    {
        self.rules = rules
        control = RequestControl(limits: limits, rules: rules, secondsIntoMinute: secondsIntoMinute, at: now)
        tokens = RateLimit(perMinute: limits.tokensPerMinute.map(Double.init), burst: 1, at: now)
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
                control.record(earlier: spent.requests, at: time)
                tokens.note(Double(spent.tokens ?? unknown), at: time)
            }
            day?.window.add(Double(spent.requests), at: time)
        }
    }

    /// Whether the endpoint is being tried with single requests.
    var isOnTrial: Bool { control.isClosed || breaker.isOpen }

    /// Whether what is refused is refused by chance, so that the item alone waits.
    var refusesByChance: Bool { control.refusesByChance }

    /// Requests that may be in flight, were there no trouble.
    var windowSize: Int { control.window.size }

    /// Requests that may be in flight.
    var size: Int { isOnTrial ? 1 : windowSize }

    /// Whether it is worth while to have work at hand for the endpoint.
    func mayTakeWork(at now: Double) -> Bool {
        retired == nil && coolDownUntil <= now && !(control.isClosed && control.nextTry > now)
            && !(breaker.isOpen && breaker.nextTry > now)
    }

    /// What the endpoint says to one more request, whose input comes to an estimated number of tokens.
    mutating func admission(promptTokens: Int, at now: Double) -> Admission {
        guard retired == nil else { return .never }
        if coolDownUntil > now { return held(until: coolDownUntil, .rateLimited) }
        if control.isClosed, control.nextTry > now { return held(until: control.nextTry, .rateLimited) }
        if breaker.isOpen, breaker.nextTry > now { return held(until: breaker.nextTry, .unavailable) }
        guard !isOnTrial || triesInFlight == 0, let wait = control.wait(inFlight: inFlight, at: now) else {
            return .full
        }
        let others: [(Double, WaitReason)] = [
            (tokens.wait(for: cost.tokens(promptTokens), at: now), .tokensPerMinute),
            (quotas.wait(at: now), .requestsPerMinute),
            (dayWait(at: now), .requestsPerDay),
        ]
        guard let longest = others.max(by: { $0.0 < $1.0 }), longest.0 > wait else {
            return wait > 0 ? .later(now + wait, .requestsPerMinute) : .now
        }
        return held(until: now + longest.0, longest.1)
    }

    /// Admits a request that goes now.
    mutating func admit(promptTokens: Int, at now: Double) -> Ticket {
        let spent = cost.tokens(promptTokens)
        tokens.take(spent, at: now)
        day?.window.add(1, at: now)
        quotas.take(tokens: spent)
        inFlight += 1
        if isOnTrial { triesInFlight += 1 }
        let mark = control.admit(inFlight: inFlight, at: now)
        return Ticket(mark: mark, tokens: spent, estimate: promptTokens, isTry: isOnTrial)
    }

    /// Takes note that a request waits for an earlier one to be over.
    mutating func noteFull() {
        if !isOnTrial { control.window.didFill() }
    }

    /// Takes note that there is nothing to send at the moment.
    mutating func noteIdle() {
        if inFlight < windowSize { control.window.didNotFill() }
    }

    /// Records how an attempt ended.
    ///
    /// - `isRepeated`: Whether the item had this very server error the last time, too: it tells nothing of others.
    /// - `wallClock`: The time as it is stored.
    mutating func note(
        _ report: AttemptReport, of item: Item.ID, _ ticket: Ticket, isRepeated: Bool = false, at now: Double,
        wallClock: Date
    ) {
        if report.wasSent, !isRepeated { errors.record(report.isServerError) }
        let isRefusal = isRefusal(report, at: now)
        inFlight -= 1
        if ticket.isTry { triesInFlight = max(triesInFlight - 1, 0) }
        settle(report, ticket)
        if let headers = report.rateLimits { noteHeaders(headers, at: now) }
        guard case .failed(let failure, _) = report.outcome else {
            noteAnswer(ticket, report, at: now)
            cut.recordWhole()
            successes += 1
            lastSuccess = wallClock
            return
        }
        if isRefusal {
            lastFailure = failure
            breaker.noteAnswer()
            noteRefusal(failure, ticket, at: now)
            return
        }
        switch failure.kind {
        case .unavailable, .connectionLost, .transient:
            lastFailure = failure
            control.window.didFail()
            let isDown = breaker.noteFailure(failure, of: item, ticket, rules, at: now)
            if isDown { triesInFlight = 0 }
            if let asked = failure.retryAfter { coolDownUntil = max(coolDownUntil, now + asked.seconds) }
        case .refused:
            noteAnswer(ticket, report, at: now)
            refusals = refusals.label == failure.label ? (failure.label, refusals.count + 1) : (failure.label, 1)
            if successes == 0, refusals.count >= Self.refusalsToStop { retire(.fatal(failure)) }
        case .truncated:
            noteAnswer(ticket, report, at: now)
            if let reason = cut.record(failure) { retire(.fatal(reason)) }
        case .filtered, .cutShort:
            noteAnswer(ticket, report, at: now)
        case .unauthorized:
            lastFailure = failure
            retire(.unauthorized(failure))
        case .fatal:
            lastFailure = failure
            retire(.fatal(failure))
        case .rateLimited, .unreadableImage, .interrupted: break
        }
    }

    /// Whether a failure says "slow down", rather than "I am broken".
    ///
    /// A gateway's 503 or 529 does when it comes at once while others are answered; later, or alone, it is trouble.
    func isRefusal(_ report: AttemptReport, at now: Double) -> Bool {
        guard let failure = report.outcome.failure else { return false }
        switch (failure.kind, report.httpStatus) {
        case (.rateLimited, _): return true
        case (.unavailable, 503), (.unavailable, 529):
            let isServing = now - lastAnswerAt < max(Self.servingFor, 3 * control.typicalLatency)
            return answers > 0 && !breaker.isOpen && isServing && report.latency?.seconds ?? 0 < Self.quickRefusal
        default: return false
        }
    }

    /// The share of recent attempts that ended with a server error.
    var errorShare: Double { errors.share }

    /// Holds requests back until a time, as an earlier run was asked to, or had decided.
    ///
    /// - `wait`: How long the whole wait was, in seconds.
    mutating func hold(until time: Double, of wait: Double) {
        control.hold(until: time, lastWait: wait, at: 0)
        guard time > 0 else { return }
        lastFailure = Failure(
            .rateLimited, label: "held_back",
            detail: "the provider asked an earlier run to wait, or refused everything; "
                + "`caption run --no-wait` asks at once")
    }

    /// Until when requests will be held back, once an attempt has been learned from; nil when they will not be.
    func hold(after report: AttemptReport, of item: Item.ID, _ ticket: Ticket, at now: Double) -> Double? {
        guard let failure = report.outcome.failure else { return nil }
        guard isRefusal(report, at: now) || failure.retryAfter != nil else { return nil }
        var later = self
        later.note(report, of: item, ticket, at: now, wallClock: .distantPast)
        let end = max(later.coolDownUntil, later.control.isClosed ? later.control.nextTry : 0)
        return end > now ? end : nil
    }

    /// Whether the endpoint will count as failing whatever it is asked, once an attempt has been learned from.
    func isDown(after report: AttemptReport, of item: Item.ID, _ ticket: Ticket, at now: Double) -> Bool {
        guard let failure = report.outcome.failure, !isRefusal(report, at: now) else { return false }
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
            retired != nil ? .retired : breaker.isOpen ? .down : control.isClosed ? .throttled : .good
        return EndpointState(
            concurrency: windowSize, inFlight: inFlight,
            requestsPerMinute: control.limitPerMinute.map { Int(min($0.rounded(), 1e15)) }, health: health,
            trouble: health == .good ? nil : lastFailure?.detail)
    }

    private mutating func held(until time: Double, _ reason: WaitReason) -> Admission {
        control.window.didNotFill()
        return .later(time, reason)
    }

    private mutating func dayWait(at now: Double) -> Double {
        guard let limit = day?.limit else { return 0 }
        return day?.window.wait(for: 1, under: limit, at: now) ?? 0
    }

    /// Corrects what was charged to what it came to.
    private mutating func settle(_ report: AttemptReport, _ ticket: Ticket) {
        // What a limit refuses does not count for it; a 503 may have been counted before something else broke.
        if !report.wasSent || report.outcome.failure?.kind == .rateLimited {
            control.uncount(ticket.mark)
            tokens.settle(ticket.tokens, as: 0, takenAt: ticket.mark.startedAt)
            if !report.wasSent { day?.window.correct(by: -1, at: ticket.mark.startedAt) }
        } else if let actual = cost.learn(from: report.outcome.completion?.usage, estimate: ticket.estimate) {
            tokens.settle(ticket.tokens, as: actual, takenAt: ticket.mark.startedAt)
        }
    }

    private mutating func noteHeaders(_ headers: RateLimitHeaders, at now: Double) {
        if let quota = headers.requests, quota.isPerMinute, let limit = quota.limit {
            control.report(limit: limit, at: now)
        }
        quotas.note(headers, inFlight: inFlight, tokensPerRequest: cost.typicalTokens, at: now)
    }

    private mutating func noteAnswer(_ ticket: Ticket, _ report: AttemptReport, at now: Double) {
        if breaker.isOpen { control.window.restart(at: now) }
        if ticket.isTry { triesInFlight = 0 }
        breaker.noteAnswer()
        answers += 1
        lastAnswerAt = now
        // A cut answer may mean that all will be: no reason to send more at once.
        let mayGrow = report.outcome.failure?.kind != .truncated || successes > 0
        control.accept(
            ticket.mark, latency: report.latency?.seconds ?? now - ticket.mark.startedAt, mayGrow: mayGrow, at: now)
    }

    private mutating func noteRefusal(_ failure: Failure, _ ticket: Ticket, at now: Double) {
        let wasClosed = control.isClosed
        if let asked = failure.retryAfter?.seconds, !control.refusesByChance {
            coolDownUntil = max(coolDownUntil, now + asked)
        }
        control.refuse(
            ticket.mark, inFlight: inFlight, asked: failure.retryAfter?.seconds, isGrowth: failure.isThrottlingGrowth,
            at: now)
        if control.isClosed, !wasClosed { triesInFlight = 0 }
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
            failure, of: item, isLost: failure.kind != .transient, startedAt: ticket.mark.startedAt, at: now,
            backoff: RetryPolicy(rules: rules).endpointBackoff(afterTry:))
    }
}
