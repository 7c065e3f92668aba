/// A limit that nobody told, found by running into it: kept just below what was refused, and tried again ever more rarely.
///
/// Pure: the caller says what time it is, in seconds.
struct LearnedLimit: Sendable {
    /// What is allowed at present.
    private(set) var value: Double

    private let pause: Double
    private var nextRaise: Double
    private let firstStep: Double
    private var step: Double
    /// What was too much, and until when it is believed.
    private var refused: (value: Double, until: Double)?
    private var belief: Double

    private static let longestBelief = 640.0

    /// A limit that is raised while nothing is refused.
    ///
    /// - Parameters:
    ///   - value: What went well.
    ///   - firstStep: The part of it by which it is first raised.
    ///   - pause: Seconds between two steps upwards.
    ///   - now: The time.
    init(_ value: Double, firstStep: Double, pause: Double, at now: Double) {
        self.value = value
        self.firstStep = firstStep
        step = firstStep
        self.pause = pause
        belief = pause * 4
        nextRaise = now + pause
    }

    /// Goes a step upwards when it is time, a larger one with every step that goes well.
    ///
    /// Call it while the limit holds something back; without need nothing is learned from raising it.
    mutating func raiseIfDue(at now: Double) {
        guard now >= nextRaise else { return }
        nextRaise = now + pause
        let raised = value * (1 + step)
        if let refused, now < refused.until {
            value = max(value, min(raised, refused.value * 0.97))
        } else {
            value = raised
        }
        step = min(step * 2, 0.5)
    }

    /// Takes back what was too much.
    ///
    /// - `measured`: What went well of late.
    mutating func noteRefusal(measured: Double, at now: Double) {
        if let refused, abs(refused.value - value) < refused.value * 0.1 {
            belief = min(belief * 2, Self.longestBelief)
        } else {
            belief = pause * 32
        }
        refused = (value, now + belief)
        value = min(value * 0.97, max(measured, value * 0.7))
        step = firstStep
        nextRaise = now + pause
    }
}
