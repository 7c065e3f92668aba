import Captioning

/// A store's summary for a person, with the next command to type.
struct SummaryText {
    let summary: StoreSummary
    let options: JobOptions
    /// Options of `run` that a printed `run` repeats.
    var runOptions: [String] = []
    var isRunning = false

    /// The text, several lines.
    var message: Message {
        let retrying: Message = summary.retrying > 0 ? " (\(summary.retrying) of them wait for a retry)" : ""
        let reused: Message =
            summary.reused > 0 ? ", \(summary.reused) answers reused for identical images" : ""
        var lines: [Message] = [
            "\(summary.done) of \(summary.total) done, \(summary.failed) failed, \(summary.pending) pending\(retrying)",
            """
            \(summary.attempts) attempts, \(summary.promptTokens) input and \(summary.completionTokens) output \
            tokens\(reused)
            """,
        ]
        if summary.setAside > 0 {
            lines.append("\(summary.setAside) more results are of images or prompts that the spec no longer names")
        }
        if !summary.failures.isEmpty { lines.append("failures:") }
        for group in summary.failures {
            lines.append("  \(group.count) × \(group.code): \(Self.shortened(group.example))")
        }
        if let next { lines.append("next: \(next)") }
        return Message(lines: lines)
    }

    /// What to do next; asking for cut answers again without a change would pay for the same cut.
    private var next: Message? {
        if isRunning { return nil }
        let run = options.command("run", runOptions)
        if let cut = summary.failures.first(where: { $0.code == Self.truncated }) {
            let retry = options.command("retry", ShellText.option("--code", Self.truncated))
            return """
                raise max_tokens (`parameters` in the spec; \(cut.count) answers were cut), then: \
                \(retry) && \(run)
                """
        }
        if summary.pending > 0 { return "\(run)" }
        if let group = summary.failures.first {
            let code = summary.failures.count > 1 ? ShellText.option("--code", group.code) : []
            return "\(options.command("retry", code)) && \(run)"
        }
        return summary.done > 0 ? "\(options.command("export", ["--output", "captions.csv"]))" : nil
    }

    /// The code of an answer that reached `max_tokens`.
    private static let truncated = "truncated"

    private static func shortened(_ text: String) -> String {
        let line = text.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
        return line.count > 160 ? line.prefix(159) + "…" : line
    }
}
