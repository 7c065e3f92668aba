import Captioning

/// A store's summary for a person, with the next command to type.
struct SummaryText {
    let summary: StoreSummary
    let spec: String
    var isRunning = false

    /// The text, several lines.
    var lines: String {
        var lines = [
            "\(summary.done) of \(summary.total) done, \(summary.failed) failed, \(summary.pending) pending"
                + (summary.retrying > 0 ? " (\(summary.retrying) of them wait for a retry)" : "")
        ]
        lines.append(
            "\(summary.attempts) attempts, \(summary.promptTokens) input and \(summary.completionTokens) output tokens"
                + (summary.reused > 0 ? ", \(summary.reused) answers reused for identical images" : ""))
        if summary.setAside > 0 {
            lines.append("\(summary.setAside) more results are of images or prompts that the spec no longer names")
        }
        if !summary.failures.isEmpty { lines.append("failures:") }
        for group in summary.failures {
            lines.append("  \(group.count) × \(group.code): \(Self.shortened(group.example))")
        }
        if let next = nextCommand { lines.append("next: \(next)") }
        return lines.joined(separator: "\n")
    }

    private var nextCommand: String? {
        if isRunning { return nil }
        if summary.pending > 0 { return "caption run \(quoted(spec))" }
        if let group = summary.failures.first {
            return
                "caption retry \(quoted(spec))\(summary.failures.count > 1 ? " --code \(group.code)" : ""), then caption run \(quoted(spec))"
        }
        return summary.done > 0 ? "caption export \(quoted(spec)) --output captions.csv" : nil
    }

    private static func shortened(_ text: String) -> String {
        let line = text.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
        return line.count > 160 ? line.prefix(159) + "…" : line
    }
}

/// A word as a shell takes it.
func quoted(_ word: String) -> String {
    let isPlain = word.utf8.allSatisfy { byte in
        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
            || "-_./=:,+@%".utf8.contains(byte)
    }
    return isPlain && !word.isEmpty ? word : "'" + word.replacing("'", with: "'\\''") + "'"
}
