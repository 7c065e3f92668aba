import ArgumentParser
import Captioning
import Foundation
import SystemPackage

/// Reads a spec and reports every problem at once.
struct CheckCommand: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Check a job spec and report every problem at once.",
        discussion: """
            Looks at nothing but the spec, unless '--images' is given: then every image is opened, and what would be \
            done to it before it is sent, or why it would fail, is told. Nothing is sent.

            caption check jobs/alt-text.yaml
            caption check jobs/alt-text.yaml --images
            """)

    @OptionGroup var options: JobOptions

    var job: JobOptions? { options }

    @Flag(help: "Open every image, too, and tell what would be done to it.")
    var images = false

    @Flag(help: "Print problems and warnings as JSON; with --images one line for every image, then the sums.")
    var json = false

    private struct Report: Encodable {
        var problems: [SpecError.Problem]
        var warnings: [SpecError.Problem]
    }

    func run(_ context: Context) async throws {
        do {
            let job = try options.load(context).job
            if images {
                if !json { job.printWarnings(context) }
                if try await checkImages(of: job, context) > 0 { throw ExitStatus.someFailed.code }
            } else if json {
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

    /// Opens every image once, and tells what would be done.
    ///
    /// - Returns: How many would fail.
    private func checkImages(of job: Job, _ context: Context) async throws -> Int {
        let check = ImageCheck(job: job, converter: makeConverter())
        var report = ImageReport()
        try await forEachImage(of: job, context) {
            await check.results(for: $0)
        } then: { key, results in
            try tell(results, of: key, &report, context)
        }
        if json { try context.printLine(json: report.sums) } else { try context.print("\(report.text)") }
        return report.sums.failed
    }

    private func tell(
        _ results: ImageCheck.Results, of key: Item.Key, _ report: inout ImageReport, _ context: Context
    ) throws {
        for (file, result) in results {
            let name = key.kind == .group ? "\(key.image.lossyText) (\(file.string))" : key.image.lossyText
            let line = report.add(name, result)
            if json {
                try context.printLine(json: line)
            } else if let text = line.text {
                try context.print("\(text)")
            }
        }
    }
}
