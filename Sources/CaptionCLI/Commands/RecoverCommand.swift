import ArgumentParser
import Captioning
import CaptioningSQLite
import Foundation
import SystemPackage

/// Takes answers in that could not be recorded.
struct RecoverCommand: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "recover",
        abstract: "Take answers in that could not be recorded when they came.",
        discussion: """
            When the disk is full, answers go to STORE.unrecorded.jsonl. The next run takes them in by itself; this does it \
            without a run, and from wherever the file was put. It may be repeated. Sends nothing.

            caption recover holiday.sqlite.unrecorded.jsonl
            caption recover /tmp/caption-….unrecorded.jsonl --store holiday.sqlite
            """)

    @Argument(help: "The file with the answers.")
    var file: String

    @Option(help: ArgumentHelp("The SQLite file that they belong to; default: by the file's name.", valueName: "file"))
    var store: String?

    @Flag(help: "Print the counts as JSON.")
    var json = false

    func run(_ context: Context) async throws {
        let file = context.path(file)
        guard let path = store.map(context.path) ?? UnrecordedFile.store(of: file) else {
            throw CommandFailure(
                status: .badUsage,
                message: "'\(self.file)' does not tell its store by its name; say which with --store FILE")
        }
        let lock = try StoreLock(storePath: path.string)
        defer { withExtendedLifetime(lock) {} }
        let store = try SQLiteJobStore.openExisting(path: path.string, lock: lock)
        let recovery: Recovery
        do {
            _ = try await store.beginRun(now: context.now())
            recovery = try await UnrecordedFile.recover(file, into: store)
        } catch {
            try? store.close()
            throw error
        }
        try store.close()
        if json {
            try context.print(json: recovery)
        } else {
            try context.print("\(recovery.recovered) answers recovered, \(recovery.known) were there already")
        }
        guard recovery.refused.isEmpty else {
            throw CommandFailure(
                status: .badUsage,
                message: """
                    \(recovery.refused.count) lines were refused:
                    \(Message(lines: recovery.refused.prefix(10).map { "  \($0)" }))
                    """)
        }
    }
}
