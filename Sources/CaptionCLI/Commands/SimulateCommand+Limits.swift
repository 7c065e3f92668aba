import ArgumentParser
import Captioning
import CaptioningSimulator

extension SimulateCommand {
    /// What the simulated provider refuses.
    struct LimitOptions: ParsableArguments {
        @Option(
            help: ArgumentHelp(
                "Requests accepted per minute, counted in any 60 seconds; more are answered 429.", valueName: "count"))
        var requestsPerMinute: Int?

        @Option(
            help: ArgumentHelp(
                "Prompt and completion tokens of the requests accepted per minute, counted in any 60 seconds.",
                valueName: "count"))
        var tokensPerMinute: Int?

        @Option(
            help: ArgumentHelp(
                "Count limits per minute pro rata over another time: with 10s, 1200 a minute are 200 in any 10 seconds.",
                valueName: "duration"))
        var window: DurationSpan?

        @Flag(
            help: "Count limits per minute from each full minute (or --window) of the wall clock to the next.")
        var calendarMinute = false

        @Option(
            help: ArgumentHelp("Requests accepted per second, by a bucket that fills evenly.", valueName: "count"))
        var requestsPerSecond: Int?

        @Option(
            help: ArgumentHelp(
                "Requests that the bucket of --requests-per-second holds; one second's worth unless set.",
                valueName: "count"))
        var bucket: Int?

        @Option(help: ArgumentHelp("Requests at work at one time; more are answered 429.", valueName: "count"))
        var maxInFlight: Int?

        @Option(
            help: ArgumentHelp(
                "Refuse what --max-in-flight does not let in with 503, as gateways do without an error code, or with 529.",
                valueName: "status"))
        var overloadStatus: Int?

        @Option(
            help: ArgumentHelp(
                "Another client on the same key: so many requests per second count against the limits per minute and "
                    + "per second meanwhile, such as 5@20s..60s; may be repeated.",
                valueName: "rate@from..to"))
        var stranger: [StrangerArgument] = []

        @Option(
            help: ArgumentHelp(
                "Answer this share of the requests 429 by chance, whatever the limits, without 'retry-after'.",
                valueName: "share"))
        var refuseShare = 0.0

        @Option(
            help: ArgumentHelp(
                "Requests accepted in all; then every one is answered 429 for good, without 'retry-after'.",
                valueName: "count"))
        var quota: Int?

        @Option(
            help: ArgumentHelp(
                "Answer so many requests 429 from a time on, whatever the limits; may be repeated.",
                valueName: "count@time"))
        var burst: [BurstArgument] = []

        @Option(
            help: ArgumentHelp(
                "Send 'retry-after' with every refusal by a limit, a burst or a 429 fault.", valueName: "duration"))
        var retryAfter: DurationSpan?

        @Flag(help: "Send OpenAI's x-ratelimit-* headers about the limits per minute.")
        var rateLimitHeaders = false

        func validate() throws {
            let counts = [
                ("requests-per-minute", requestsPerMinute), ("tokens-per-minute", tokensPerMinute),
                ("requests-per-second", requestsPerSecond), ("bucket", bucket), ("max-in-flight", maxInFlight),
            ]
            for (name, count) in counts where !(1...1_000_000_000).contains(count ?? 1) {
                throw ValidationError("--\(name) must be from 1 to 1000000000")
            }
            guard (0...1_000_000_000).contains(quota ?? 0) else {
                throw ValidationError("--quota must be from 0 to 1000000000")
            }
            guard (0...1).contains(refuseShare) else {
                throw ValidationError("--refuse-share must be from 0 to 1, such as 0.01")
            }
            guard SimulatorOptions.OverloadStatus(rawValue: overloadStatus ?? 429) != nil else {
                let known = SimulatorOptions.OverloadStatus.allCases.map { "\($0.rawValue)" }
                throw ValidationError("--overload-status must be one of \(known.joined(separator: ", "))")
            }
            guard retryAfter?.longest == nil else { throw ValidationError("--retry-after takes one length of time") }
            if let window {
                guard window.longest == nil else { throw ValidationError("--window takes one length of time") }
                guard (.milliseconds(100) ... .seconds(86_400)).contains(window.shortest) else {
                    throw ValidationError("--window must be from 100ms to 24h")
                }
            }
            guard stranger.allSatisfy({ $0.stranger.perSecond <= 1000 }) else {
                throw ValidationError("--stranger sends at most 1000 requests per second")
            }
            try validateCompanions()
        }

        /// Options that change another one mean nothing without it.
        private func validateCompanions() throws {
            let isLimitedPerMinute = requestsPerMinute != nil || tokensPerMinute != nil
            let perMinute = "--requests-per-minute or --tokens-per-minute"
            let companions = [
                ("window", window != nil, isLimitedPerMinute, perMinute),
                ("calendar-minute", calendarMinute, isLimitedPerMinute, perMinute),
                ("bucket", bucket != nil, requestsPerSecond != nil, "--requests-per-second"),
                ("overload-status", overloadStatus != nil, maxInFlight != nil, "--max-in-flight"),
                (
                    "stranger", !stranger.isEmpty, isLimitedPerMinute || requestsPerSecond != nil,
                    "a limit that it counts against: \(perMinute), or --requests-per-second"
                ),
            ]
            for (name, isGiven, hasCompanion, companion) in companions where isGiven && !hasCompanion {
                throw ValidationError("--\(name) needs \(companion)")
            }
        }

        /// Puts the limits into what the simulator is to do.
        func apply(to options: inout SimulatorOptions) {
            options.requestsPerMinute = requestsPerMinute
            options.tokensPerMinute = tokensPerMinute
            options.window = window?.shortest ?? options.window
            options.countsByCalendar = calendarMinute
            options.requestsPerSecond = requestsPerSecond
            options.bucket = bucket
            options.maxInFlight = maxInFlight
            options.overloadStatus = overloadStatus.flatMap { .init(rawValue: $0) } ?? options.overloadStatus
            options.strangers = stranger.map(\.stranger)
            options.refusedShare = refuseShare
            options.quota = quota
            options.bursts = burst.map(\.burst)
            options.retryAfter = retryAfter?.shortest
            options.sendsRateLimitHeaders = rateLimitHeaders
        }
    }
}

/// A burst of refusals, as `64@20s`.
struct BurstArgument: ExpressibleByArgument {
    let burst: SimulatorOptions.Burst

    init?(argument: String) {
        let parts = argument.split(separator: "@", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, let count = Int(parts[0]), count > 0, let start = Duration(text: parts[1]) else {
            return nil
        }
        burst = SimulatorOptions.Burst(count: count, start: start)
    }
}

/// Another client on the same key, as `5@20s..60s`.
struct StrangerArgument: ExpressibleByArgument {
    let stranger: SimulatorOptions.Stranger

    init?(argument: String) {
        let parts = argument.split(separator: "@", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, let perSecond = Double(parts[0]), perSecond.isFinite, perSecond > 0,
            let span = DurationSpan(argument: parts[1]), let end = span.longest
        else { return nil }
        stranger = SimulatorOptions.Stranger(perSecond: perSecond, span: span.shortest..<end)
    }
}
