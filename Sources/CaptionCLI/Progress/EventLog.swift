import Captioning
import Foundation
import SystemPackage

/// Writes what happens during a run, one JSON object a line.
final class EventLog: Sendable {
    /// One line; what does not apply is left out.
    private struct Line: Encodable {
        var time: String
        var event: String
        var image: String?
        var prompt: String?
        var endpoint: String?
        var code: String?
        var message: String?
        var notBefore: String?
        var promptTokens: Int?
        var completionTokens: Int?
        var reused: Bool?
        var reason: String?
        var seconds: Double?
        var inFlight: Int?
        var concurrency: Int?
        var requestsPerMinute: Int?
        var health: String?
        var end: String?
    }

    private let context: Context
    private let endpoints: [String]
    /// Nil when events go to standard output.
    private let file: EventFile?
    private let isClosed = Locked(false)

    /// A log in a file, which is written anew, in a device or in a pipe; nil means standard output.
    ///
    /// - Throws: `FileFailure` when it cannot be written.
    init(_ target: OutputTarget?, endpoints: [Job.Endpoint], context: Context) throws(FileFailure) {
        self.context = context
        self.endpoints = endpoints.map(\.baseURL)
        if let target { file = try EventFile(target) } else { file = nil }
    }

    /// Writes an event.
    func note(_ event: RunEvent) {
        var line = Line(time: Self.text(context.now()), event: "")
        func about(_ item: Item, _ name: String) {
            line.event = name
            line.image = item.key.image.lossyText
            line.prompt = item.key.promptID
        }
        func because(_ failure: Failure) {
            line.code = failure.label
            line.message = failure.detail
        }
        switch event {
        case .started(let item, let endpoint):
            about(item, "started")
            line.endpoint = endpoints[endpoint]
        case .completed(let item, let usage, let isReused):
            about(item, "completed")
            line.promptTokens = usage.promptTokens
            line.completionTokens = usage.completionTokens
            line.reused = isReused
        case .retrying(let item, let failure, let notBefore):
            about(item, "retrying")
            because(failure)
            line.notBefore = Self.text(notBefore)
        case .failed(let item, let failure, _):
            about(item, "failed")
            because(failure)
        case .interrupted(let item): about(item, "interrupted")
        case .unrecorded(let claim, let report):
            about(claim.item, "unrecorded")
            line.message = report.outcome.completion?.caption
        case .waiting(let reason, let wait):
            line.event = "waiting"
            line.reason = reason.rawValue
            line.seconds = wait.seconds
        case .endpoint(let endpoint, let state):
            line.event = "endpoint"
            line.endpoint = endpoints[endpoint]
            line.concurrency = state.concurrency
            line.inFlight = state.inFlight
            line.requestsPerMinute = state.requestsPerMinute
            line.health = state.health.rawValue
            line.message = state.trouble
        case .draining(let inFlight):
            line.event = "draining"
            line.inFlight = inFlight
        }
        write(line)
    }

    /// Writes how the run ended.
    func note(end: String, message: String?) {
        write(Line(time: Self.text(context.now()), event: "ended", message: message, end: end))
    }

    private func write(_ line: Line) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(line) + Data("\n".utf8) else { return }
        isClosed.with { isClosed in
            guard !isClosed else { return }
            guard let file else {
                // What nobody reads any more must not end the run that it tells of.
                try? context.output(data)
                return
            }
            do throws(FileFailure) {
                try file.write(data)
            } catch {
                isClosed = true
                context.note("warning: events are written no more: \(error.reason); the run goes on")
            }
        }
    }

    private static func text(_ date: Date) -> String {
        date.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    }
}
