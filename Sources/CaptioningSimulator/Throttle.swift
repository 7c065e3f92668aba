import Foundation

/// What a simulated provider lets in: all its limits as one value.
///
/// Pure: the caller says what time it is, since the first request. A request that is refused counts nowhere.
struct Throttle: Sendable {
    /// Requests that are let in before all are refused; nil means any number.
    private var quota: Int?
    private var bursts: [SimulatorOptions.Burst]
    private var requests: LimitWindow?
    private var tokens: LimitWindow?
    private var rate: RequestRate?
    private let maxAtWork: Int?
    private let overloadStatus: SimulatorOptions.OverloadStatus
    private var strangers: [StrangerSchedule]
    /// What the last request cost that was let in; a stranger's cost the same.
    private var lastCost = 0
    private var atWork = 0
    private var latest = Duration.zero

    init(options: SimulatorOptions) {
        func window(perMinute limit: Int) -> LimitWindow {
            LimitWindow(perMinute: limit, length: options.window, isCalendar: options.countsByCalendar)
        }
        quota = options.quota
        bursts = options.bursts
        requests = options.requestsPerMinute.map(window(perMinute:))
        tokens = options.tokensPerMinute.map(window(perMinute:))
        rate = options.requestsPerSecond.map { RequestRate(perSecond: $0, capacity: options.bucket) }
        maxAtWork = options.maxInFlight
        overloadStatus = options.overloadStatus
        strangers = options.strangers.map(StrangerSchedule.init)
    }

    /// Says what the wall clock shows at the first request.
    mutating func begin(at date: Date) {
        requests?.begin(at: date)
        tokens?.begin(at: date)
    }

    /// Lets a request in, which then is at work until `finish()`, or says why not.
    ///
    /// - `cost`: Its prompt and completion tokens.
    /// - `isUnlucky`: Whether chance refuses it, whatever the limits say.
    mutating func refusal(
        ofRequestCosting cost: Int, isUnlucky: Bool = false, at time: Duration
    ) -> SimulatedError? {
        advance(to: time)
        if let quota, quota < 1 { return .refusedWithoutWait }
        if let burst = bursts.firstIndex(where: { $0.start <= latest && $0.count > 0 }) {
            bursts[burst].count -= 1
            return .rateLimited
        }
        if isUnlucky { return .refusedWithoutWait }
        if !hasRoomForRequest { return .rateLimited }
        if let maxAtWork, atWork >= maxAtWork { return .overloaded(overloadStatus) }
        if let tokens, tokens.remaining < cost { return .quotaExceeded }
        add(costing: cost)
        quota = quota.map { $0 - 1 }
        lastCost = cost
        atWork += 1
        return nil
    }

    /// Ends the work on a request that was let in.
    mutating func finish() {
        atWork -= 1
    }

    /// OpenAI's headers about the two windows (platform.openai.com, "Rate limits"); none for a limit that is not set.
    ///
    /// The limit is that of the window, whatever its length.
    mutating func headers(at time: Duration) -> [(String, String)] {
        advance(to: time)
        let windows = [("requests", requests), ("tokens", tokens)]
        return windows.flatMap { name, window -> [(String, String)] in
            guard let window else { return [] }
            return [
                ("x-ratelimit-limit-\(name)", "\(window.limit)"),
                ("x-ratelimit-remaining-\(name)", "\(window.remaining)"),
                ("x-ratelimit-reset-\(name)", window.reset(at: latest).goText),
            ]
        }
    }

    /// Requests that are checked in parallel may come a little out of order.
    private mutating func advance(to time: Duration) {
        let time = max(latest, time)
        while let (index, arrival) = nextStranger, arrival <= time {
            strangers[index].send()
            // A time that has passed when it is looked at is never before one that was counted.
            drop(at: max(latest, arrival))
            if hasRoomForRequest, tokens?.remaining ?? .max >= lastCost { add(costing: lastCost) }
        }
        drop(at: time)
    }

    private var nextStranger: (index: Int, arrival: Duration)? {
        strangers.indices.compactMap { index in strangers[index].next.map { (index, $0) } }.min { $0.1 < $1.1 }
    }

    private mutating func drop(at time: Duration) {
        latest = time
        requests?.advance(to: time)
        tokens?.advance(to: time)
    }

    private var hasRoomForRequest: Bool {
        requests?.remaining ?? 1 >= 1 && rate?.fits(at: latest) ?? true
    }

    private mutating func add(costing cost: Int) {
        requests?.add(1, at: latest)
        tokens?.add(cost, at: latest)
        rate?.add(at: latest)
    }
}

extension Duration {
    /// As Go prints it, to the millisecond, rounded up: `0s`, `41ms`, `1.5s`, `6m0s`, `1h2m3s`.
    var goText: String {
        let milliseconds = Int((self / .milliseconds(1)).rounded(.up))
        if milliseconds > 0, milliseconds < 1000 { return "\(milliseconds)ms" }
        let seconds = milliseconds / 1000
        var fraction = String(milliseconds % 1000 + 1000).dropFirst()
        while fraction.hasSuffix("0") { fraction.removeLast() }
        let last = "\(seconds % 60)\(fraction.isEmpty ? "" : ".")\(fraction)s"
        if seconds >= 3600 { return "\(seconds / 3600)h\(seconds / 60 % 60)m\(last)" }
        return seconds >= 60 ? "\(seconds / 60)m\(last)" : last
    }
}
