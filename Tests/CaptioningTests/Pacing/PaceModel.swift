import Foundation
import HeapModule

@testable import Captioning

/// A client in virtual time that keeps one `EndpointPace` busy with a provider, over a network with delays.
///
/// Everything is an event in a queue, so minutes of traffic take milliseconds and come out the same every time.
struct PaceModel {
    /// What the provider does with a request that arrives: answers after so many seconds, or refuses at once.
    enum Answer {
        case accepted(after: Double)
        case refused(status: Int = 429, retryAfter: Double?)
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
        case arrival(EndpointPace.Ticket)
        case leave
        case answer(EndpointPace.Ticket, AttemptReport)
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
    /// Seconds that a request is under way to the server.
    var delay = 0.0...0.0
    private(set) var seconds: [Second] = []
    private var queue = Heap<Entry>()
    private var order = 0
    private(set) var time = 0.0
    private var nextWake = Double.infinity
    private var item: Int64 = 0
    private var atWork = 0
    private var generator = SplitMix64(seed: 99)

    init(limits: Job.Limits, rules: Job.Retry = Job.Retry()) {
        pace = EndpointPace(limits: limits, rules: rules, firstCompletion: 100, secondsIntoMinute: 20)
    }

    /// Sends as much as the pace allows until a time; the provider sees the time, and what is at work there.
    mutating func run(until end: Double, provider: (Double, Int) -> Answer) {
        while time < end {
            send()
            guard let entry = queue.popMin() else { return }
            time = max(time, entry.time)
            switch entry.event {
            case .wake: if entry.time >= nextWake { nextWake = .infinity }
            case .arrival(let ticket): arrive(ticket, provider(time, atWork))
            case .leave: atWork -= 1
            case .answer(let ticket, let report):
                item += 1
                pace.note(
                    report, of: Item.ID(item), ticket, at: time,
                    wallClock: Date(timeIntervalSince1970: 1_800_000_000 + time))
            }
        }
    }

    mutating func run(until end: Double, server: inout LimitedServer) {
        var served = server
        run(until: end) { served.receive(at: $0, atWork: $1) }
        server = served
    }

    /// Sums over whole seconds, from one to before another.
    func sum(_ from: Int, _ to: Int, _ part: (Second) -> Int) -> Int {
        seconds.indices.filter { $0 >= from && $0 < to }.reduce(0) { $0 + part(seconds[$1]) }
    }

    private mutating func send() {
        while true {
            switch pace.admission(promptTokens: promptTokens, at: time) {
            case .now:
                let ticket = pace.admit(promptTokens: promptTokens, at: time)
                count { $0.sent += 1 }
                push(.arrival(ticket), after: delay == 0...0 ? 0 : Double.random(in: delay, using: &generator))
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

    private mutating func arrive(_ ticket: EndpointPace.Ticket, _ answer: Answer) {
        switch answer {
        case .accepted(let latency):
            count { $0.accepted += 1 }
            atWork += 1
            push(.leave, after: latency)
            var completion = Completion(caption: "a")
            completion.usage = Usage(promptTokens: promptTokens, completionTokens: completionTokens)
            push(.answer(ticket, report(.completed(completion), latency: latency)), after: latency + 0.001)
        case .refused(let status, let retryAfter):
            count { $0.refused += 1 }
            let failure = Failure(
                status == 429 ? .rateLimited : .unavailable, label: "slow", detail: "",
                retryAfter: retryAfter.map { .seconds($0) })
            push(.answer(ticket, report(.failed(failure, partial: nil), status: status, latency: 0.01)), after: 0.01)
        case .failed(let kind, let latency):
            push(
                .answer(
                    ticket, report(.failed(Failure(kind, label: "oops", detail: ""), partial: nil), latency: latency)),
                after: latency)
        }
    }

    private func report(_ outcome: Outcome, status: Int? = nil, latency: Double) -> AttemptReport {
        AttemptReport(
            outcome: outcome, wasSent: true, httpStatus: status, finishedAt: Date(timeIntervalSince1970: 0),
            latency: .seconds(latency))
    }

    private mutating func push(_ event: Event, after delay: Double) {
        order += 1
        queue.insert(Entry(time: time + delay, order: order, event: event))
    }

    private mutating func count(_ change: (inout Second) -> Void) {
        let second = Int(time)
        while seconds.count <= second { seconds.append(Second()) }
        change(&seconds[second])
        seconds[second].mostInFlight = max(seconds[second].mostInFlight, pace.inFlight)
        seconds[second].size = pace.windowSize
    }
}
