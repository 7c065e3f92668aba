import ArgumentParser
import Captioning
import Glibc

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
        let arguments = ArgumentBytes.ofProcess()
        do {
            var command = try parseAsRoot(arguments)
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            end(with: error, arguments)
        }
    }

    /// Prints what the argument parser has to say, as its own `exit(withError:)` does, but fit for a terminal: it quotes
    /// arguments, and a shell's pattern may have made them of anybody's file names.
    private static func end(with error: any Error, _ arguments: [String]) -> Never {
        let code = exitCode(for: error)
        // Its lines are its own; those of an argument are not.
        let text = arguments.reduce(fullMessage(for: error)) { text, argument in
            let fit = TerminalText.fit(argument)
            return fit == argument ? text : text.replacing(argument, with: fit)
        }
        // Help and completion scripts are the program's own text.
        guard code != .success else { exit(withError: error) }
        if !text.isEmpty {
            Context.live().note("\(lines: text, indent: "")")
        }
        Glibc.exit(code.rawValue)
    }
}

enum Version {
    static let text = "caption 0.1.0"
}
