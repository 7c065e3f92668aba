import DequeModule
import Foundation

/// A limit on what comes in a window of time: requests, or tokens.
///
/// The window is any so many seconds, or reaches from one full window of the wall clock to the next, as gateways count
/// that keep one counter per minute. Pure: the caller says what time it is, since the first request, and never goes
/// back. Every entry is kept until it no longer counts, so the window is exact; each costs constant time on average.
struct LimitWindow: Sendable {
    /// How much fits into one window.
    let limit: Int
    /// How long it is.
    let length: Duration

    /// How long before the first request the window of the wall clock began; nil when any `length` counts.
    private var phase: Duration?
    private var entries: Deque<(expiry: Duration, amount: Int)> = []
    private var total = 0

    /// An empty window.
    ///
    /// - `isCalendar`: Whether it reaches from one full window of the wall clock to the next; until `begin(at:)` the
    ///   first request comes with a full one.
    init(limit: Int, length: Duration = .seconds(60), isCalendar: Bool = false) {
        self.limit = limit
        self.length = length
        phase = isCalendar ? .zero : nil
    }

    /// A limit per minute, counted over a window of another length.
    init(perMinute limit: Int, length: Duration, isCalendar: Bool) {
        let length = max(length, .milliseconds(1))
        self.init(limit: Self.proRata(limit, over: length), length: length, isCalendar: isCalendar)
    }

    /// What a limit per minute comes to in another length of time, rounded down; at least 1.
    ///
    /// 1,200 a minute: 10 s → 200, 1 s → 20, 10 ms → 1.
    static func proRata(_ perMinute: Int, over length: Duration) -> Int {
        let (product, overflows) = perMinute.multipliedReportingOverflow(by: Int(length / .milliseconds(1)))
        return max((overflows ? .max : product) / 60_000, 1)
    }

    /// How much still fits; 0 or more.
    var remaining: Int { max(limit - total, 0) }

    /// Says what the wall clock shows at the first request.
    mutating func begin(at date: Date) {
        guard phase != nil else { return }
        phase = .seconds(date.timeIntervalSince1970.truncatingRemainder(dividingBy: length / .seconds(1)))
    }

    /// Drops what no longer counts.
    mutating func advance(to time: Duration) {
        while let first = entries.first, first.expiry <= time {
            entries.removeFirst()
            total -= first.amount
        }
    }

    /// Counts an amount in, at the time that the window was last advanced to.
    mutating func add(_ amount: Int, at time: Duration) {
        let expiry = expiry(ofEntryAt: time)
        total += amount
        if let last = entries.indices.last, entries[last].expiry == expiry {
            entries[last].amount += amount
        } else {
            entries.append((expiry, amount))
        }
    }

    /// How long until everything fits again, when nothing more comes.
    func reset(at time: Duration) -> Duration {
        entries.last.map { max($0.expiry - time, .zero) } ?? .zero
    }

    private func expiry(ofEntryAt time: Duration) -> Duration {
        guard let phase else { return time + length }
        return length * (((time + phase) / length).rounded(.down) + 1) - phase
    }
}
