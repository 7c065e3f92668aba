import ArgumentParser
import Captioning
import CaptioningHTTP
import CaptioningSQLite
import CaptioningSimulator
import Foundation
import SystemPackage

/// Captions everything that is pending.
struct RunCommand: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Caption everything that is pending; resume where the last run stopped.",
        discussion: """
            Safe to repeat: what is done is never asked again. The first Ctrl-C lets requests in flight finish and \
            records them; the second breaks them off.

            caption run ./photos --provider simulated
            caption run jobs/alt-text.yaml --limit 20
            caption run jobs/alt-text.yaml --redo stale
            """)

    @OptionGroup var options: JobOptions

    var job: JobOptions? { options }

    @Option(help: ArgumentHelp("Take at most so many items, the first in the plan.", valueName: "count"))
    var limit: Int?

    @Option(
        help: ArgumentHelp(
            "Requests in flight at once: a number fixes it, 4-256 are bounds to find it in.", valueName: "count"))
    var concurrency: String?

    @Option(help: ArgumentHelp("End the run after so long, such as 2h; it can be resumed.", valueName: "duration"))
    var deadline: String?

    @Option(
        help: ArgumentHelp(
            "Write what happens to a file, one JSON object a line; '-' is standard output.", valueName: "file"))
    var events: String?

    @Option(help: ArgumentHelp("'stale': ask again what was answered before the spec changed.", valueName: "stale"))
    var redo: StaleWord?

    @Option(help: ArgumentHelp("'stale': take those answers as they are.", valueName: "stale"))
    var keep: StaleWord?

    @Flag(help: "Ask at once, although the provider asked an earlier run to wait.")
    var noWait = false

    @Flag(help: "No progress, only errors.")
    var quiet = false

    @Flag(help: "Print the summary as JSON.")
    var json = false

    /// The options that a printed `run` repeats, whether they bound its cost or its pace.
    private var runOptions: [String] {
        [("--limit", limit.map(String.init)), ("--concurrency", concurrency), ("--deadline", deadline)]
            .flatMap(ShellText.option)
    }

    /// The options that say what a run prints and writes.
    private var outputOptions: [String] {
        ShellText.option("--events", events) + (quiet ? ["--quiet"] : []) + (json ? ["--json"] : [])
    }

    enum StaleWord: String, ExpressibleByArgument, CaseIterable {
        case stale
    }

    func validate() throws {
        if redo != nil, keep != nil { throw ValidationError("choose one of --redo stale and --keep stale") }
        guard limit ?? 1 > 0 else { throw ValidationError("--limit must be at least 1") }
        if let concurrency, Job.Concurrency(text: concurrency) == nil {
            throw ValidationError("--concurrency must be a number from 1 to 1024, or bounds such as 4-256")
        }
        if let deadline, Duration(text: deadline).map({ $0 < .seconds(1) }) ?? true {
            throw ValidationError("--deadline is no length of time of at least a second, such as 30m or 2h")
        }
    }

    func run(_ context: Context) async throws {
        let files = try raiseDescriptorLimit()
        var job = try options.load(
            context, concurrency: concurrency.flatMap(Job.Concurrency.init(text:)),
            deadline: deadline.flatMap(Duration.init(text:))
        ).job
        // A connection for each request in flight, beside the store, the event loops and images being read.
        let room = max((files - 40) / 2 / job.endpoints.count, 1)
        for place in job.endpoints.indices where job.endpoints[place].limits.concurrency.most > room {
            let least = min(job.endpoints[place].limits.concurrency.least, room)
            job.endpoints[place].limits.concurrency = Job.Concurrency(least: least, most: room)
            context.note("warning: \(files) files may be open at once: at most \(room) requests in flight")
        }
        if !quiet { job.printWarnings(context) }
        let planner = Planner(job: job)
        if !isFile(job.store) {
            // A job without images, or a folder that is not there, must not leave a store behind.
            try planner.requireImages()
        }
        let lock = try StoreLock(storePath: job.store.string)
        defer { withExtendedLifetime(lock) {} }
        let log = try events.map { try openLog($0, job, context) }
        let store = try SQLiteJobStore.open(
            path: job.store.string, name: job.name, now: context.now(), lock: lock)
        let status: ExitStatus
        do {
            do {
                status = try await run(job, planner, store, lock, log, context)
            } catch {
                switch error {
                case StoreError.moved, StoreError.cut: throw error
                default: try? store.close()
                }
                throw error
            }
            try store.close()
        } catch StoreError.moved(let path, nil) {
            throw StoreError.moved(path: path, rescued: await store.rescue())
        } catch StoreError.cut(let path, nil) {
            store.abandon()
            throw StoreError.cut(path: path, answers: await keepAnswers(of: store, job))
        }
        if status != .done { throw status.code }
    }

    private func openLog(_ name: String, _ job: Job, _ context: Context) throws -> EventLog {
        let path = context.path(name)
        do {
            let target = name == "-" ? nil : try OutputTarget(path)
            if let target { try requireReplaceable(target, of: job, options, context) }
            return try EventLog(target, endpoints: job.endpoints, context: context)
        } catch let error as FileFailure {
            throw CommandFailure(
                status: .badUsage,
                message: "cannot write events to '\(path.string)': \(error.reason); choose another file")
        }
    }

    private func run(
        _ job: Job, _ planner: Planner, _ store: SQLiteJobStore, _ lock: StoreLock, _ log: EventLog?, _ context: Context
    ) async throws -> ExitStatus {
        let plan = try await addPlan(planner, to: store)
        if !quiet { for warning in plan.warnings { context.note("warning: \(warning)") } }
        let interrupted = try await store.beginRun(now: context.now())
        if interrupted > 0, !quiet {
            context.note("an earlier run ended with \(interrupted) attempts open; their items are pending again")
        }
        if try await recoverUnrecorded(of: job, store, context) {
            // They may be answers to what the spec asked then.
            _ = try await addPlan(planner, to: store)
        }
        let before = try await store.summary()
        guard before.pending > 0 else {
            return try await finish(.finished, store, log, context)
        }
        let unrecorded = UnrecordedFile(job: job, storeID: try await store.storeID())
        let reporter = RunReporter(
            context: context, quiet: quiet, job: job, before: before, limit: limit, publish: { lock.publish($0.line) },
            keep: { unrecorded.keep($0, of: $1) })
        let end = try await withEndpoints(job, context) { job, transports in
            try await HTTPImageFetcher.withFetcher(rules: job.fetch, now: context.now) { fetcher in
                let runner = try Runner(
                    job: job, store: store, transports: transports, converter: makeConverter(), fetcher: fetcher,
                    clock: ContinuousClock(), now: context.now,
                    onEvent: { event in
                        reporter.note(event)
                        log?.note(event)
                    })
                return try await withSignals(context, onFirst: { reporter.drain() }) {
                    try await reporter.whileDrawing { try await runner.run(limit: limit, asksAtOnce: noWait) }
                }
            }
        }
        return try await finish(end ?? .interrupted, store, log, context)
    }

    /// Keeps the answers that may be gone with a log that was cut; taking in again what is not does no harm.
    private func keepAnswers(of store: SQLiteJobStore, _ job: Job) async -> String? {
        guard let id = try? await store.storeID(), !store.recentAnswers.isEmpty else { return nil }
        let file = UnrecordedFile(job: job, storeID: id)
        for (report, claim) in store.recentAnswers { _ = file.keep(report, of: claim) }
        return UnrecordedFile.path(ofStore: job.store).string
    }

    /// Takes in what an earlier run could not record, before any of it is asked and paid for again.
    ///
    /// - Returns: Whether there was any.
    private func recoverUnrecorded(of job: Job, _ store: SQLiteJobStore, _ context: Context) async throws -> Bool {
        let file = UnrecordedFile.path(ofStore: job.store)
        guard isFile(file) else { return false }
        let recovery = try await UnrecordedFile.recover(file, into: store)
        if !quiet, recovery.recovered > 0 {
            context.note("\(recovery.recovered) answers from '\(file.string)' are recorded now")
        }
        guard recovery.refused.isEmpty else {
            for reason in recovery.refused.prefix(10) { context.note("warning: '\(file.string)': \(reason)") }
            return recovery.recovered > 0
        }
        _ = file.withPlatformString { unlink($0) }
        return recovery.recovered > 0
    }

    /// Takes the plan over; results that have become stale wait for the user's word.
    private func addPlan(_ planner: Planner, to store: SQLiteJobStore) async throws -> TakenPlan {
        let plan = try await store.add(planner, stale: redo != nil ? .redo : keep != nil ? .keep : nil)
        if plan.stale > 0 { throw staleFailure(plan.stale) }
        return plan
    }

    /// Gives the work transports to the job's endpoints, starting the simulated provider when one of them means that.
    private func withEndpoints(
        _ job: Job, _ context: Context, _ work: @escaping @Sendable (Job, [HTTPTransport]) async throws -> RunEnd?
    ) async throws -> RunEnd? {
        let simulated = SimulatorOptions()
        let keys = try job.endpoints.map { endpoint in
            endpoint.isInside ? APIKey(simulated.apiKey) : try apiKey(endpoint, context)
        }
        guard job.endpoints.contains(where: \.isInside) else {
            return try await HTTPTransport.withTransports(for: job, keys: keys, environment: context.environment) {
                try await work(job, $0)
            }
        }
        return try await withSimulator(simulated) { simulator in
            var running = job
            for place in running.endpoints.indices where running.endpoints[place].isInside {
                running.endpoints[place].baseURL = simulator.baseURL
            }
            let job = running
            return try await HTTPTransport.withTransports(for: job, keys: keys, environment: context.environment) {
                try await work(job, $0)
            }
        }
    }

    private func apiKey(_ endpoint: Job.Endpoint, _ context: Context) throws -> APIKey? {
        guard let variable = endpoint.apiKeyVariable else { return nil }
        guard let text = context.environment[variable], !text.allSatisfy(\.isWhitespace) else {
            throw CommandFailure(
                status: .keyRefused,
                message: """
                    the environment variable \(variable) holds no key for \(endpoint.provider.rawValue); \
                    'export \(variable)=…' and run again, or try the job without a key:
                    \(options.simulatedCommand("run", runOptions))
                    """)
        }
        guard let key = APIKey(text) else {
            throw CommandFailure(
                status: .keyRefused,
                message:
                    "the environment variable \(variable) holds something that is no key (spaces or control characters)"
            )
        }
        return key
    }

    private func staleFailure(_ count: Int) -> CommandFailure {
        let again = options.command("run", runOptions + outputOptions)
        return CommandFailure(
            status: .badSpec,
            message: """
                \(count) results are stale: the prompt, the model, parameters or a group's files have changed since. Nothing was sent.
                  \(again) --redo stale   # asks them again, and pays again; the old answers stay in the store
                  \(again) --keep stale   # takes them as they are and sends only what is pending
                """)
    }

    private struct Report: Encodable {
        var end: String
        var exitCode: Int32
        var message: String?
        var summary: StoreSummary
    }

    private func finish(
        _ end: RunEnd, _ store: SQLiteJobStore, _ log: EventLog?, _ context: Context
    ) async throws -> ExitStatus {
        let summary = try await store.summary()
        let status = ExitStatus(end, failed: summary.failed)
        let message = Self.message(end)
        log?.note(end: Self.word(end), message: message?.raw)
        do {
            if json {
                try context.print(
                    json: Report(
                        end: Self.word(end), exitCode: status.rawValue, message: message?.raw, summary: summary))
            } else if !quiet {
                try context.print(SummaryText(summary: summary, options: options, runOptions: runOptions).message)
            }
        } catch let failure as OutputFailure {
            // What the run came to is more than that nobody reads of it.
            context.note("caption: \(failure.message)")
        }
        if let message { context.note("caption: \(message)") }
        return status
    }

    private static func word(_ end: RunEnd) -> String {
        switch end {
        case .finished: "finished"
        case .interrupted: "interrupted"
        case .deadline: "deadline"
        case .stopped: "stopped"
        }
    }

    private static func message(_ end: RunEnd) -> Message? {
        switch end {
        case .finished: nil
        case .interrupted:
            "interrupted; everything that was answered is recorded, and the same command goes on from here"
        case .deadline:
            "the job's deadline (limits.deadline) has come; everything that was answered is recorded, and the same command goes on from here"
        case .stopped(.unauthorized(let failure)):
            "the key was refused: \(failure.detail)\nNothing is lost; correct the key and run the same command again"
        case .stopped(.fatal(let failure)) where failure.label == "truncated":
            "the run stopped, because max_tokens is too small: \(failure.detail)\nNothing more is paid for; whole answers stay as they are when max_tokens is raised"
        case .stopped(.fatal(let failure)):
            "the run stopped, because no request can succeed (\(failure.label)): \(failure.detail)\nNothing is lost; correct that and run the same command again"
        case .stopped(.unavailable(let failure)):
            "the endpoint is not available: \(failure.detail)\nNothing is lost; run the same command again later"
        }
    }
}

/// Takes as many open files as the system allows: connections and images need two for each request in flight.
///
/// - Returns: How many.
/// - Throws: `CommandFailure` when the system allows too few for a run at all.
private func raiseDescriptorLimit() throws -> Int {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 1024 }
    guard limit.rlim_max >= 40 else {
        throw CommandFailure(
            status: .storeFailed,
            message: "only \(limit.rlim_max) files may be open at once, too few to run; 'ulimit -n 1024' allows more")
    }
    limit.rlim_cur = limit.rlim_max
    _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    return Int(clamping: limit.rlim_cur)
}

private func isFile(_ path: FilePath) -> Bool {
    FileManager.default.fileExists(atPath: path.string)
}
