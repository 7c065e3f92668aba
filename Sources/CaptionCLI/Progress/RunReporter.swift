import Captioning
import Foundation

/// Draws a run: one line redrawn on a terminal, a plain line every few seconds elsewhere, nothing when quiet.
struct RunReporter: Sendable {
    private let context: Context
    private let quiet: Bool
    private let state: Locked<ProgressState>
    private let note: Locked<RunNote>
    private let published = Locked(Duration.seconds(-1))
    private let publish: @Sendable (RunNote) -> Void
    private let keep: @Sendable (AttemptReport, Claim) -> Message?
    private let shownHealth = Locked<[Int: EndpointState.Health]>([:])
    private let hasWarnedOfUsage = Locked(false)
    private let start = ContinuousClock.now

    /// - `publish`: Leaves a note for `caption status`.
    /// - `keep`: Keeps an answer that could not be recorded, and says where.
    init(
        context: Context, quiet: Bool, job: Job, before: StoreSummary, limit: Int?,
        publish: @escaping @Sendable (RunNote) -> Void, keep: @escaping @Sendable (AttemptReport, Claim) -> Message?
    ) {
        self.context = context
        self.quiet = quiet
        self.publish = publish
        self.keep = keep
        note = Locked(
            RunNote(
                endpoints: job.endpoints.map { endpoint in
                    .init(
                        url: endpoint.baseURL, model: endpoint.model,
                        state: EndpointState(concurrency: min(3, endpoint.limits.concurrency.most), inFlight: 0))
                }))
        let settled = before.done + before.failed
        let total = limit.map { min(settled + $0, before.total) } ?? before.total
        state = Locked(ProgressState(total: total, before: settled))
    }

    /// Counts an event in.
    func note(_ event: RunEvent) {
        let time = start.duration(to: .now)
        state.with { state in
            switch event {
            case .started: state.noteStarted()
            case .completed(_, let usage, let isReused):
                state.noteCompleted(
                    at: time, promptTokens: usage.promptTokens ?? 0, completionTokens: usage.completionTokens ?? 0,
                    isReused: isReused)
            case .retrying: state.noteRetry()
            case .failed(_, _, let wasSent): state.noteFailed(at: time, wasSent: wasSent)
            case .unrecorded: state.noteInterrupted()
            case .interrupted: state.noteInterrupted()
            case .endpoint(let endpoint, let present): state.noteEndpoint(endpoint, present)
            case .waiting(let reason, let wait): state.noteWaiting(reason.rawValue, until: time + wait)
            case .draining: state.noteDraining()
            }
        }
        publish(event, at: time)
        if case .endpoint(let endpoint, let present) = event, !quiet { announce(endpoint, present) }
        if case .unrecorded(let claim, let report) = event, let message = keep(report, claim) { show(message) }
        if case .completed(let item, let usage, _) = event, usage.isImplausible { warnOfUsage(item) }
        if case .failed(let item, let failure, _) = event, !quiet {
            show("failed: \(item.key.image.display) (\(item.key.promptID)): \(failure.detail)")
        }
    }

    /// Says once that token counts were left out.
    private func warnOfUsage(_ item: Item) {
        let isFirst = hasWarnedOfUsage.with { warned in
            defer { warned = true }
            return !warned
        }
        guard isFirst, !quiet else { return }
        show(
            """
            warning: the server reports token counts that cannot be (over \(Usage.largestCount) for one request), \
            first for \(item.key.image.display); they count as not reported, so check the bill with the provider
            """)
    }

    /// Tells `caption status`, a few times a second at most.
    private func publish(_ event: RunEvent, at time: Duration) {
        let inFlight = state.with(\.inFlight)
        let present = note.with { note in
            note.inFlight = inFlight
            switch event {
            case .waiting(let reason, let wait):
                note.waiting = reason.rawValue
                note.waitingUntil = context.now().addingTimeInterval(wait.seconds)
            case .endpoint(let endpoint, let state): note.endpoints[endpoint].state = state
            case .started:
                note.waiting = nil
                note.waitingUntil = nil
            default: break
            }
            return note
        }
        let isDue = published.with { last in
            guard time - last > .milliseconds(500) || present.waiting != nil else { return false }
            last = time
            return true
        }
        if isDue { publish(present) }
    }

    /// Says when an endpoint goes and when it comes back.
    private func announce(_ endpoint: Int, _ present: EndpointState) {
        let before = shownHealth.with { shown in
            defer { shown[endpoint] = present.health }
            return shown[endpoint] ?? .good
        }
        guard before != present.health else { return }
        let name = note.with { $0.endpoints[endpoint].url }
        let trouble: Message = present.trouble.map { ": \($0)" } ?? ""
        switch present.health {
        case .down: show("\(name) does not answer and is tried with single requests\(trouble)")
        case .retired: show("\(name) is not asked any more\(trouble)")
        case .good where before == .down: show("\(name) answers again")
        case .good, .throttled: break
        }
    }

    /// Says that the first signal has come.
    func drain() {
        state.with { $0.noteDraining() }
        if !quiet { show("stopping: waiting for the requests in flight; Ctrl-C again breaks them off") }
    }

    /// Runs the work and draws until it ends.
    func whileDrawing<Result: Sendable>(_ work: @escaping @Sendable () async throws -> Result) async throws -> Result {
        guard !quiet else { return try await work() }
        return try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask { try await work() }
            group.addTask {
                await draw()
                return nil
            }
            defer {
                group.cancelAll()
                finishLine()
            }
            while let result = try await group.next() {
                if let result { return result }
            }
            throw CancellationError()
        }
    }

    private func draw() async {
        let pause: Duration = context.terminal.isInteractive ? .milliseconds(120) : .seconds(5)
        while (try? await Task.sleep(for: pause)) != nil {
            if context.terminal.isInteractive {
                context.errorOutput("\r\u{1B}[2K" + line)
            } else {
                context.note("\(current.plain)")
            }
        }
    }

    private var current: ProgressLine {
        ProgressLine(state: state.with { $0 }, time: start.duration(to: .now))
    }

    private var line: String {
        current.drawn(width: context.terminal.width(), usesColor: context.terminal.usesColor)
    }

    /// Prints a whole line above the one that is redrawn.
    private func show(_ message: Message) {
        context.errorOutput((context.terminal.isInteractive ? "\r\u{1B}[2K" : "") + message.text + "\n")
    }

    private func finishLine() {
        if context.terminal.isInteractive { context.errorOutput("\r\u{1B}[2K" + line + "\n") }
    }
}
