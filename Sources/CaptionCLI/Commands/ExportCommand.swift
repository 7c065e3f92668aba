import ArgumentParser
import Captioning
import CaptioningSQLite
import Foundation
import SystemPackage

/// Writes the results as CSV or JSON lines.
struct ExportCommand: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Export the results as CSV or JSON lines, also while a run is going on.",
        discussion: """
            One row per image and prompt, in the order of the plan, whether done, failed or pending. A file is written \
            under another name first and then renamed, so that it is never half there.

            caption export jobs/alt-text.yaml > captions.csv
            caption export jobs/alt-text.yaml --output captions.csv --bom     (for Excel)
            caption export jobs/alt-text.yaml --format jsonl | jq -r .caption
            """)

    enum Format: String, ExpressibleByArgument, CaseIterable {
        case csv, jsonl
    }

    @OptionGroup var options: JobOptions

    var job: JobOptions? { options }

    @Option(help: "csv or jsonl.")
    var format: Format = .csv

    @Option(name: .shortAndLong, help: ArgumentHelp("The file to write; - is standard output.", valueName: "file"))
    var output = "-"

    @Flag(help: "Begin the CSV with a byte order mark, so that Excel reads it as UTF-8.")
    var bom = false

    @Flag(help: "Also results of images and prompts that the spec no longer names.")
    var all = false

    func validate() throws {
        if bom, format != .csv { throw ValidationError("--bom goes with --format csv") }
    }

    func run(_ context: Context) async throws {
        let job = try options.load(context).job
        try await withStore(of: job) { try await export($0, job, context) }
    }

    private func export(_ store: SQLiteJobStore, _ job: Job, _ context: Context) async throws {
        guard output != "-" else {
            return try report(try await write(store) { try context.output(Data($0)) })
        }
        let path = context.path(output)
        let problems: [String]
        do {
            let target = try OutputTarget(path)
            try requireReplaceable(target, of: job, options, context)
            let file = try ReplacingFile(target)
            problems = try await write(store) { try file.write($0) }
            try file.commit()
        } catch let error as FileFailure {
            throw CommandFailure(status: .storeFailed, message: "cannot write '\(path.string)': \(error.reason)")
        }
        context.note("wrote \(output)")
        try report(problems)
    }

    /// Fails when the store has been damaged: what was written is right, and not all.
    private func report(_ problems: [String]) throws {
        guard !problems.isEmpty else { return }
        throw CommandFailure(
            status: .storeFailed,
            message: """
                the store is damaged, and the export is not whole:
                \(Message(lines: problems.map { "  \($0)" }))
                more: \(options.command("status", ["--verify"]))
                """)
    }

    /// - Returns: What is damaged.
    private func write(
        _ store: SQLiteJobStore, to sink: @escaping @Sendable ([UInt8]) throws -> Void
    ) async throws -> [String] {
        switch format {
        case .csv:
            let columns = try await store.manifestColumns()
            let writer = Locked(CSVWriter(manifestColumns: columns, bom: bom, sink: sink))
            let problems = try await store.forEachRow(isAll: all) { row in try writer.with { try $0.write(row) } }
            try writer.with { try $0.finish() }
            return problems
        case .jsonl:
            let writer = Locked(JSONLWriter(sink: sink))
            let problems = try await store.forEachRow(isAll: all) { row in try writer.with { try $0.write(row) } }
            try writer.with { try $0.finish() }
            return problems
        }
    }
}
