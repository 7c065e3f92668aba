import Captioning
import Foundation

/// What a run tells of itself to `caption status` while it goes on.
struct RunNote: Codable, Hashable {
    /// One endpoint and how it is doing.
    struct Endpoint: Codable, Hashable {
        var url: String
        var model: String
        var state: EndpointState
    }

    /// Why nothing is sent at the moment; nil while something is.
    var waiting: String?
    /// Until when, at least; nil when nothing is waited for.
    var waitingUntil: Date?
    /// Requests in flight.
    var inFlight = 0
    /// The endpoints in the job's order.
    var endpoints: [Endpoint] = []

    /// The note as one line.
    var line: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .iso8601
        // Plain values always encode.
        return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    /// Reads a note; nil when it is none.
    init?(line: String) {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        guard let note = try? decoder.decode(RunNote.self, from: Data(line.utf8)) else { return nil }
        self = note
    }

    init(endpoints: [Endpoint]) {
        self.endpoints = endpoints
    }

    /// A few lines for a person.
    func lines(now: Date) -> [String] {
        var lines: [String] = []
        if let waiting, let waitingUntil, waitingUntil > now {
            lines.append(
                "waiting: \(waiting), \(ProgressLine.short(.seconds(waitingUntil.timeIntervalSince(now)))) more")
        }
        lines += endpoints.map { endpoint in
            let state = endpoint.state
            let pace = state.requestsPerMinute.map { ", at most \($0) a minute" } ?? ""
            let trouble = state.trouble.map { ": \($0.split(whereSeparator: \.isNewline).first ?? "")" } ?? ""
            let health = state.health == .good ? "" : ", \(state.health.rawValue)\(trouble)"
            return
                "\(endpoint.model) at \(endpoint.url): \(state.inFlight) of \(state.concurrency) in flight\(pace)\(health)"
        }
        return lines
    }
}
