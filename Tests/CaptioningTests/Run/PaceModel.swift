import DequeModule
import Foundation
import HeapModule

@testable import Captioning

/// A provider in virtual time, and a client that keeps one `EndpointPace` busy with it.
///
/// Everything is an event in a queue, so minutes of traffic take milliseconds and come out the same every time.
struct PaceModel {
    /// What the provider does with a request that arrives: answers after so many seconds, or refuses at once.
    enum Answer {
        case accepted(after: Double)
        case refused(retryAfter: Double?)
        case failed(Failure.Kind, after: Double)
    }

    /// Traffic of one second.
    struct Second {
        var sent = 0
        var accepted = 0
        var refused = 0
        var mostInFlight = 0
        var size = 0
    }

    private enum Event {
        case wake
        case answer(EndpointPace.Ticket, AttemptReport, item: Int64)
    }

    private struct Entry: Comparable {
        let time: Double
        let order: Int
        let event: Event

        static func < (left: Entry, right: Entry) -> Bool { (left.time, left.order) < (right.time, right.order) }
        static func == (left: Entry, right: Entry) -> Bool { left.order == right.order }
    }

    var pace: EndpointPace
    /// Tokens of input and output that each request really takes.
    var promptTokens = 100
    var completionTokens = 20
    private(set) var seconds: [Second] = []
    private var queue = Heap<Entry>()
    private var order = 0
    private var time = 0.0
    private var nextWake = Double.infinity
    private var item: Int64 = 0

    init(limits: Job.Limits, rules: Job.Retry = Job.Retry()) {
        pace = EndpointPace(limits: limits, rules: rules, firstCompletion: 100)
    }

    /// Sends as much as the pace allows until a time; the provider sees the time, and what is at work there.
    mutating func run(until end: Double, provider: (Double, Int) -> Answer) {
        while time < end {
            send(provider)
            guard let entry = queue.popMin() else { return }
            time = max(time, entry.time)
            switch entry.event {
            case .wake: if entry.time >= nextWake { nextWake = .infinity }
            case .answer(let ticket, let report, let item):
                if report.outcome.failure?.kind == .rateLimited { note { $0.refused += 1 } }
                if report.outcome.failure == nil { note { $0.accepted += 1 } }
                pace.note(
                    report, of: Item.ID(item), ticket, at: time,
                    wallClock: Date(timeIntervalSince1970: 1_800_000_000 + time))
            }
        }
    }

    /// Sums over whole seconds, from one to before another.
    func sum(_ from: Int, _ to: Int, _ part: (Second) -> Int) -> Int {
        seconds.indices.filter { $0 >= from && $0 < to }.reduce(0) { $0 + part(seconds[$1]) }
    }

    private mutating func send(_ provider: (Double, Int) -> Answer) {
        while true {
            switch pace.admission(promptTokens: promptTokens, at: time) {
            case .now:
                let ticket = pace.admit(promptTokens: promptTokens, at: time)
                item += 1
                note { $0.sent += 1 }
                switch provider(time, pace.inFlight - 1) {
                case .accepted(let latency):
                    var completion = Completion(caption: "a")
                    completion.usage = Usage(promptTokens: promptTokens, completionTokens: completionTokens)
                    push(.answer(ticket, report(.completed(completion)), item: item), after: latency)
                case .refused(let retryAfter):
                    let failure = Failure(
                        .rateLimited, label: "slow", detail: "", retryAfter: retryAfter.map { .seconds($0) })
                    push(.answer(ticket, report(.failed(failure, partial: nil)), item: item), after: 0.01)
                case .failed(let kind, let latency):
                    push(
                        .answer(
                            ticket, report(.failed(Failure(kind, label: "oops", detail: ""), partial: nil)),
                            item: item), after: latency)
                }
            case .later(let wake, _):
                if wake < nextWake {
                    nextWake = wake
                    push(.wake, after: max(wake - time, 0.0001))
                }
                return
            case .full, .never: return
            }
        }
    }

    private func report(_ outcome: Outcome) -> AttemptReport {
        AttemptReport(outcome: outcome, wasSent: true, finishedAt: Date(timeIntervalSince1970: 0))
    }

    private mutating func push(_ event: Event, after delay: Double) {
        order += 1
        queue.insert(Entry(time: time + delay, order: order, event: event))
    }

    private mutating func note(_ change: (inout Second) -> Void) {
        let second = Int(time)
        while seconds.count <= second { seconds.append(Second()) }
        change(&seconds[second])
        seconds[second].mostInFlight = max(seconds[second].mostInFlight, pace.inFlight)
        seconds[second].size = pace.window.size
    }
}

/// A provider's limit of requests in any 60 seconds, kept without mercy.
struct StrictMinute {
    let limit: Int
    private var taken: Deque<Double> = []

    init(limit: Int) {
        self.limit = limit
    }

    mutating func takes(at time: Double) -> Bool {
        while let first = taken.first, first <= time - 60 { taken.removeFirst() }
        guard taken.count < limit else { return false }
        taken.append(time)
        return true
    }
}
