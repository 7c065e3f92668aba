import ArgumentParser
import Captioning
import Foundation
import SystemPackage

/// A command whose effects all go through a `Context`.
protocol ContextCommand: AsyncParsableCommand {
    func run(_ context: Context) async throws

    /// The job that the command is about; nil for a command that has none.
    var job: JobOptions? { get }
}

extension ContextCommand {
    var job: JobOptions? { nil }

    mutating func run() async throws {
        try await runReporting(.live())
    }

    /// Runs the command; every error becomes a message on standard error and an exit code.
    func runReporting(_ context: Context) async throws {
        do {
            try await run(context)
        } catch let failure as CommandFailure {
            context.note("caption: \(failure.message)")
            throw failure.status.code
        } catch let failure as OutputFailure {
            guard !failure.isReaderGone else { return }
            context.note("caption: \(failure.message)")
            throw ExitStatus.storeFailed.code
        } catch let error as SpecError {
            for problem in error.problems { context.note("error: \(problem)") }
            if error.problems.count > 1 { context.note("\(error.problems.count) problems; nothing was changed") }
            throw ExitStatus.badSpec.code
        } catch StoreError.missing(let path) {
            let run: Message = job.map { ":\n\($0.command("run"))" } ?? ""
            context.note("caption: the store '\(path)' does not exist yet; 'caption run' creates it\(run)")
            let simulated = Job.simulatedStore(besides: FilePath(path)).string
            if FileManager.default.fileExists(atPath: simulated) {
                context.note("Simulated answers are in '\(simulated)'; '--provider simulated' shows them")
            }
            throw ExitStatus.storeFailed.code
        } catch let error as StoreError {
            context.note("caption: \(error)")
            if case .locked = error { throw ExitStatus.locked.code }
            throw ExitStatus.storeFailed.code
        }
    }
}
