/// What a simulated provider lets in: all its limits as one value.
///
/// Pure: the caller says what time it is, since the first request. A request that is refused counts nowhere.
struct Throttle: Sendable {
    private var bursts: [SimulatorOptions.Burst]
    private var requests: SlidingWindow?
    private var tokens: SlidingWindow?
    private var rate: RequestRate?
    private let mostAtWork: Int?
    private var atWork = 0
    private var latest = Duration.zero

    init(options: SimulatorOptions) {
        bursts = options.bursts
        requests = options.requestsPerMinute.map(SlidingWindow.init(limit:))
        tokens = options.tokensPerMinute.map(SlidingWindow.init(limit:))
        rate = options.requestsPerSecond.map(RequestRate.init(perSecond:))
        mostAtWork = options.maxInFlight
    }

    /// Lets a request in, which then is at work until `finish()`, or says why not.
    ///
    /// - `cost`: Its prompt and completion tokens.
    mutating func refusal(ofRequestCosting cost: Int, at time: Duration) -> SimulatedError? {
        advance(to: time)
        if let burst = bursts.firstIndex(where: { $0.start <= latest && $0.count > 0 }) {
            bursts[burst].count -= 1
            return .rateLimited
        }
        if let requests, requests.remaining < 1 { return .rateLimited }
        if let rate, !rate.fits(at: latest) { return .rateLimited }
        if let mostAtWork, atWork >= mostAtWork { return .rateLimited }
        if let tokens, tokens.remaining < cost { return .quotaExceeded }
        requests?.add(1, at: latest)
        tokens?.add(cost, at: latest)
        rate?.add(at: latest)
        atWork += 1
        return nil
    }

    /// Takes note that a request that was let in is no longer at work.
    mutating func finish() {
        atWork -= 1
    }

    /// OpenAI's headers about the two windows (platform.openai.com, "Rate limits"); none for a limit that is not set.
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
        latest = max(latest, time)
        requests?.advance(to: latest)
        tokens?.advance(to: latest)
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
