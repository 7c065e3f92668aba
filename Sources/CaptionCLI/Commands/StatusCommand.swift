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
            caption status jobs/alt-text.yaml --verify     (counts everything again; a minute for a million images)
            """)

    @OptionGroup var options: JobOptions

    var job: JobOptions? { options }

    @Flag(help: "Print the status as JSON.")
    var json = false

    @Flag(help: "Check every row of the store against the ledger's rules; exit 74 when one is broken.")
    var verify = false

    private struct Report: Encodable {
        var store: String
        /// The process that runs the job now; absent when none does.
        var runningPid: Int32?
        /// What the run says of itself: why it waits, and how its endpoints are doing; absent when none runs.
        var run: RunNote?
        var summary: StoreSummary
        /// What verifying found; absent when nobody asked.
        var problems: [String]?
    }

    func run(_ context: Context) async throws {
        let job = try options.load(context).job
        let (summary, problems) = try await withStore(of: job) { store in
            (try await store.summary(), verify ? try await store.verify() : nil)
        }
        let report = Report(
            store: job.store.string, runningPid: StoreLock.runner(ofStore: job.store.string),
            run: StoreLock.note(ofStore: job.store.string).flatMap(RunNote.init(line:)), summary: summary,
            problems: problems)
        if json {
            try context.print(json: report)
        } else {
            let state = report.runningPid.map { "running, pid \($0)" } ?? "not running"
            try context.print("job \(summary.name): \(state)")
            for line in report.run?.lines(now: context.now()) ?? [] { try context.print("  \(line)") }
            try context.print(
                SummaryText(summary: summary, options: options, isRunning: report.runningPid != nil).message)
            if problems?.isEmpty == true { try context.print("verified: every count and every row is as it must be") }
        }
        guard let problems, !problems.isEmpty else { return }
        throw CommandFailure(
            status: .storeFailed,
            message: """
                the store '\(job.store.string)' is not as it must be:
                \(Message(lines: problems.map { "  \($0)" }))
                Captions that can be read are safe with this:
                \(options.command("export", ["--output", "captions.csv"]))
                """)
    }
}
