/// When a simulated provider cuts every connection, in time since the first request.
struct Downtime: Sendable {
    let outages: [Range<Duration>]
    /// From when on the provider is down for good; nil means never.
    let diesAt: Duration?

    /// Whether every connection is cut at a time.
    func covers(_ time: Duration) -> Bool {
        outages.contains { $0.contains(time) } || diesAt.map { time >= $0 } ?? false
    }

    /// When the provider goes down next after a time; nil means never.
    func nextStart(after time: Duration) -> Duration? {
        (outages.map(\.lowerBound) + [diesAt].compactMap(\.self)).filter { $0 > time }.min()
    }
}
