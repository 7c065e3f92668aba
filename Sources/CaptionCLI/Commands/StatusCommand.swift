import ArgumentParser
import Captioning
import CaptioningSQLite
import SystemPackage

/// Shows what the store holds.
struct StatusCommand: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show how far a job is, also while it runs.",
        discussion: """
            caption status jobs/alt-text.yaml
            caption status ./photos --json
            """)

    @OptionGroup var options: JobOptions

    @Flag(help: "Print the status as JSON.")
    var json = false

    private struct Report: Encodable {
        var store: String
        /// The process that runs the job now; absent when none does.
        var runningPid: Int32?
        /// What the run says of itself: why it waits, and how its endpoints are doing; absent when none runs.
        var run: RunNote?
        var summary: StoreSummary
    }

    func run(_ context: Context) async throws {
        let job = try options.load(context).job
        let summary = try await withStore(of: job) { try await $0.summary() }
        let report = Report(
            store: job.store.string, runningPid: StoreLock.runner(ofStore: job.store.string),
            run: StoreLock.note(ofStore: job.store.string).flatMap(RunNote.init(line:)), summary: summary)
        if json {
            try context.print(json: report)
        } else {
            let state = report.runningPid.map { "running, pid \($0)" } ?? "not running"
            context.print("job \(summary.name): \(state)")
            for line in report.run?.lines(now: context.now()) ?? [] { context.print("  " + line) }
            context.print(SummaryText(summary: summary, spec: options.spec, isRunning: report.runningPid != nil).lines)
        }
    }
}
