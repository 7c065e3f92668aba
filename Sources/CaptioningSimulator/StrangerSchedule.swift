/// When another client on the same key sends its requests, evenly spaced.
///
/// Pure, and each time is computed from the number of the request, so that no rounding adds up.
struct StrangerSchedule: Sendable {
    /// More requests per second would keep the simulator busy with nothing else after an idle hour.
    static let maxPerSecond = 1000.0

    private let perSecond: Double
    private let span: Range<Duration>
    private var sent = 0

    /// Nothing sent yet.
    init(_ stranger: SimulatorOptions.Stranger) {
        perSecond = min(stranger.perSecond, Self.maxPerSecond)
        span = stranger.span
    }

    /// When the next request comes; nil when none comes any more.
    var next: Duration? {
        guard perSecond > 0 else { return nil }
        let seconds = Double(sent) / perSecond
        guard seconds < (span.upperBound - span.lowerBound) / .seconds(1) else { return nil }
        return span.lowerBound + .seconds(seconds)
    }

    /// Counts the next one as sent.
    mutating func send() {
        sent += 1
    }
}
