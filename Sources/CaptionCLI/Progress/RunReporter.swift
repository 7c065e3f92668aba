import Captioning
import Foundation

/// Draws a run: one line redrawn on a terminal, a plain line every few seconds elsewhere, nothing when quiet.
struct RunReporter: Sendable {
    private let context: Context
    private let quiet: Bool
    private let state: Locked<ProgressState>
    private let start = ContinuousClock.now

    init(context: Context, quiet: Bool, before: StoreSummary, limit: Int?) {
        self.context = context
        self.quiet = quiet
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
            case .failed: state.noteFailed(at: time)
            case .interrupted: state.noteInterrupted()
            case .endpoint: break
            case .waiting(let reason, let wait): state.noteWaiting(reason.rawValue, until: time + wait)
            case .draining: state.noteDraining()
            }
        }
        if case .failed(let item, let failure, _) = event, !quiet {
            show("failed: \(item.key.image.display) (\(item.key.promptID)): \(failure.detail)")
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
                context.note(current.plain)
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
    private func show(_ text: String) {
        context.errorOutput((context.terminal.isInteractive ? "\r\u{1B}[2K" : "") + text + "\n")
    }

    private func finishLine() {
        if context.terminal.isInteractive { context.errorOutput("\r\u{1B}[2K" + line + "\n") }
    }
}
