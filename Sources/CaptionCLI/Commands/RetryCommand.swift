import ArgumentParser
import Captioning
import CaptioningSQLite
import SystemPackage

/// Makes failed items pending again.
struct RetryCommand: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry",
        abstract: "Requeue failed items; the next run asks them again.",
        discussion: """
            Without an option, all failed items. Sends nothing itself.

            caption retry jobs/alt-text.yaml
            caption retry jobs/alt-text.yaml --code truncated
            caption retry jobs/alt-text.yaml --image 'photos/2024*'
            """)

    @OptionGroup var options: JobOptions

    var job: JobOptions? { options }

    @Option(help: "Only items that failed with this code, as 'caption status' shows it.")
    var code: String?

    @Option(help: ArgumentHelp("Only images whose name fits this glob; * also matches slashes.", valueName: "glob"))
    var image: String?

    @Flag(help: "Print the count as JSON.")
    var json = false

    func run(_ context: Context) async throws {
        let job = try options.load(context).job
        let store = try SQLiteJobStore.openExisting(path: job.store.string)
        let count = try await store.requeue(RequeueSelection(code: code, imagePattern: image))
        try store.close()
        if json { return try context.print(json: ["requeued": count]) }
        try context.print(count == 1 ? "1 item is pending again" : "\(count) items are pending again")
        if count > 0 { try context.print("next: \(options.command("run"))") }
    }
}
