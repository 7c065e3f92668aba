import ArgumentParser
import Captioning

/// Reads a spec and reports every problem at once.
struct CheckCommand: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Check a job spec and report every problem at once.",
        discussion: """
            Looks at nothing but the spec: no image, no store, no network.

            caption check jobs/alt-text.yaml
            caption check jobs/alt-text.yaml --json
            """)

    @OptionGroup var options: JobOptions

    @Flag(help: "Print problems and warnings as JSON.")
    var json = false

    private struct Report: Encodable {
        var problems: [SpecError.Problem]
        var warnings: [SpecError.Problem]
    }

    func run(_ context: Context) async throws {
        do {
            let job = try options.load(context).job
            if json {
                try context.print(json: Report(problems: [], warnings: job.warnings))
            } else {
                job.printWarnings(context)
                try context.print("\(options.spec) is fine")
            }
        } catch let error as SpecError where json {
            try context.print(json: Report(problems: error.problems, warnings: []))
            throw ExitStatus.badSpec.code
        }
    }
}
