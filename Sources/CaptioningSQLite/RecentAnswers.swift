import Captioning
import DequeModule
import Synchronization

/// The last answers that a run has recorded, for when another program cuts off the log that holds them.
///
/// SQLite moves a log of a few hundred answers into the store at a time; more of them, and more bytes, are not kept.
final class RecentAnswers: Sendable {
    private struct State {
        var answers: Deque<(report: AttemptReport, claim: Claim)> = []
        var bytes = 0
    }

    private static let maxCount = 4096
    private static let maxBytes = 16 << 20

    private let state = Mutex(State())

    func add(_ report: AttemptReport, of claim: Claim) {
        guard let completion = report.outcome.completion else { return }
        if case .reused = report.outcome { return }
        state.withLock { state in
            state.answers.append((report, claim))
            state.bytes += Self.bytes(of: completion)
            while state.answers.count > Self.maxCount || state.bytes > Self.maxBytes,
                let first = state.answers.popFirst()
            {
                state.bytes -= first.report.outcome.completion.map(Self.bytes) ?? 0
            }
        }
    }

    var all: [(report: AttemptReport, claim: Claim)] {
        state.withLock { Array($0.answers) }
    }

    private static func bytes(of completion: Completion) -> Int {
        completion.caption.utf8.count + (completion.reasoning?.utf8.count ?? 0)
    }
}
