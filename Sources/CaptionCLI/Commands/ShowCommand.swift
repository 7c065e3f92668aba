import ArgumentParser
import Captioning
import CaptioningSQLite
import Foundation
import SystemPackage

/// Shows everything the store knows of one image.
struct ShowCommand: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show every attempt and answer for one image.",
        discussion: """
            The image is named as exports name it: the path relative to the spec, the URL, or the group.

            caption show jobs/alt-text.yaml photos/cat.jpg
            caption show ./photos cat.jpg --prompt alt --json
            """)

    @OptionGroup var options: JobOptions

    var job: JobOptions? { options }

    @Argument(help: "The image's name.")
    var item: String

    @Option(help: "Only this prompt's id.")
    var prompt: String?

    @Flag(help: "Print the attempts as JSON.")
    var json = false

    func run(_ context: Context) async throws {
        let job = try options.load(context).job
        let name = item.hasPrefix("./") ? String(item.dropFirst(2)) : item
        let history = try await withStore(of: job) {
            try await $0.history(of: ImageName(bytes: ArgumentBytes.bytes(name)), promptID: prompt)
        }
        guard !history.isEmpty else {
            let asked: Message = prompt.map { " with prompt '\($0)'" } ?? ""
            throw CommandFailure(
                status: .badUsage,
                message: """
                    the store has no image '\(item)'\(asked); this lists them:
                    \(options.command("export"))
                    """)
        }
        if json { return try context.print(json: history) }
        for (index, attempt) in history.enumerated() {
            let isNewPrompt = index == 0 || history[index - 1].prompt != attempt.prompt
            if isNewPrompt {
                let gap: Message = index > 0 ? "\n" : ""
                try context.print("\(gap)\(item), prompt \(attempt.prompt): \(attempt.itemState)")
            }
            try context.print(Self.message(attempt))
        }
    }

    private static func message(_ attempt: AttemptHistory) -> Message {
        guard let number = attempt.number else { return "  no attempt yet" }
        var parts = ["attempt \(number): \(attempt.outcome ?? "in flight")"]
        if let date = attempt.startedAt { parts.append(date.formatted(.iso8601)) }
        if let latency = attempt.latencyMs { parts.append("\(latency) ms") }
        if let status = attempt.httpStatus { parts.append("HTTP \(status)") }
        if let model = attempt.answeredModel ?? attempt.model { parts.append(model) }
        if let tokens = attempt.usage.promptTokens {
            parts.append("\(tokens) + \(attempt.usage.completionTokens ?? 0) tokens")
        }
        if let reason = attempt.finishReason { parts.append(reason) }
        if let id = attempt.providerRequestID { parts.append("request \(id)") }
        var lines: [Message] = ["  \(parts.joined(separator: " · "))"]
        if let images = attempt.images {
            let original = "\(images.imageSize) \(images.imageFormat), \(images.imageBytes) bytes"
            let sent = "\(images.sentSize) \(images.sentFormat), \(images.sentBytes) bytes (\(images.prepared))"
            lines.append("    image: \(original)\(images.prepared.isEmpty ? ", sent as it is" : "; sent: \(sent)")")
        }
        if let code = attempt.errorCode { lines.append("    \(code): \(attempt.errorMessage ?? "")") }
        if let caption = attempt.caption { lines.append("\(lines: caption, indent: "    ")") }
        return Message(lines: lines)
    }
}
