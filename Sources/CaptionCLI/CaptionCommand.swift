import ArgumentParser

/// The root of the command line.
@main
struct CaptionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "caption",
        abstract: "Caption folders of images with a vision model, and never pay twice.",
        discussion: """
            A job spec (or just a folder) names images and prompts. Every request, answer and failure is kept in an \
            SQLite file, so the same command resumes where it stopped.

            Try it without a key:   caption run ./photos --provider simulated
            With Qwen-VL:           export DASHSCOPE_API_KEY=…; caption run ./photos
            With your own server:   caption run ./photos --base-url http://localhost:8000/v1 --model NAME
            Then:                   caption export ./photos > captions.csv

            Exit codes: 0 done · 1 the run failed · 3 done, some items failed for good · 64 bad usage · 65 bad spec · \
            69 endpoint unavailable, resumable · 74 the store or disk failed · 75 another process runs this job · \
            77 key refused · 78 stopped by the budget or the deadline · 130 interrupted, resumable.
            """,
        version: Version.text,
        subcommands: [
            InitCommand.self, CheckCommand.self, PlanCommand.self, RunCommand.self, StatusCommand.self,
            ShowCommand.self, RetryCommand.self, ExportCommand.self, RecoverCommand.self, SimulateCommand.self,
        ])

    static func main() async {
        restoreCrashSignals()
        await main(nil)
    }
}

enum Version {
    static let text = "caption 0.1.0"
}
