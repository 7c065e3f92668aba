/// Tells when answers are cut because `max_tokens` is too small for all of them, before the whole folder is paid for.
struct CutAnswers: Sendable {
    /// So many cut answers, and not one whole, tell at the beginning.
    static let first = 5
    /// So many in a row tell at any time.
    static let inARow = 20

    private var cut = 0
    private var hasWhole = false

    /// Records a whole answer.
    mutating func recordWhole() {
        cut = 0
        hasWhole = true
    }

    /// Records a cut answer; returns why the run must stop, when it must.
    mutating func record(_ failure: Failure) -> Failure? {
        cut += 1
        guard cut >= (hasWhole ? Self.inARow : Self.first) else { return nil }
        let which = hasWhole ? "the last \(cut) answers" : "the first \(cut) answers"
        return Failure(.fatal, label: failure.label, detail: "\(which) are all cut: \(failure.detail)")
    }
}
