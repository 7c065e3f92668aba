/// A limit that nobody told, found by running into it: so many requests per second, evenly spaced.
///
/// Kept just below what was refused, and raised again step by step. Pure: the caller says what time it is, in seconds.
struct FoundPace: Sendable {
    /// The first step upwards, as a share; each that goes well doubles it.
    private static let firstStep = 0.02
    private static let largestStep = 0.16
    /// Above what was refused, the limit has risen; below this part of it, it is far away.
    ///
    /// Between the two, steps stay small.
    private static let beyond = 1.0
    private static let farBelow = 0.85
    /// A pace that was refused is believed to be too high for as long as so many requests take: then trying it again costs
    /// less than a refusal in a hundred.
    private static let requestsPerTry = 100.0
    private static let beliefRange = 2.0...30.0
    private static let longestBelief = 15.0
    /// Paces that differ by less than this are the same limit, which is believed in for longer.
    private static let likeness = 0.1
    /// Requests, and seconds, between two steps: the server must have had time to refuse.
    private static let requestsPerStep = 20.0
    private static let stepRange = 2.0...10.0
    /// Steps within the time that the server looks back.
    private static let stepsPerHorizon = 10.0
    /// For this part of what the server looks back, refusals may come of what was sent before the pace was lowered.
    static let echo = 1.0 / 3
    /// After this part of it, the pace goes back to where it was before such refusals lowered it.
    private static let dip = 0.5
    /// Back by less than this is back by little.
    private static let smallRaise = 0.9
    /// Below the refused pace by this much while that is believed.
    private static let margin = 0.98

    /// Requests per second.
    private(set) var value: Double
    /// Seconds that the server seems to look back when it counts.
    let horizon: Double
    /// Whether nothing but refusals that may have been chance speaks for it: no lower pace has gone well yet.
    private(set) var isGuess: Bool
    private var step = firstStep
    private var nextRaise: Double
    private var refused: (value: Double, until: Double)
    private var belief = 0.0
    /// The paces of late, from the one that was held when the server's count began.
    private var history: [(value: Double, from: Double)]
    /// Until when refusals may still come of what was sent before it was lowered.
    private(set) var echoEnds: Double
    /// The pace to go back to, and when.
    private var dip: (value: Double, until: Double)?
    private(set) var echoBegan: Double

    /// A pace that was taken, on average over the time that the server looks back.
    init(_ value: Double, horizon: Double, isGuess: Bool = false, at now: Double) {
        self.value = value
        self.horizon = horizon
        self.isGuess = isGuess
        history = [(value, now)]
        echoEnds = isGuess ? now : now + horizon * Self.echo
        echoBegan = now
        // What was taken so far fills the server's count: it tells nothing of a higher pace before that time is over.
        refused = (value / Self.margin, now + horizon)
        nextRaise = now + horizon
    }

    /// Seconds between two steps upwards.
    private var pause: Double {
        max((Self.requestsPerStep / value).clamped(to: Self.stepRange), horizon / Self.stepsPerHorizon)
    }

    /// Goes a step upwards when it is time; call it while the pace holds something back.
    mutating func raiseIfDue(at now: Double) {
        if let dip, now >= dip.until {
            value = max(value, dip.value)
            history = [(value, now)]
            nextRaise = now + pause
            self.dip = nil
        }
        guard now >= nextRaise else { return }
        nextRaise = now + pause
        let raised = value * (1 + step)
        if now < refused.until, raised > refused.value * Self.margin {
            value = max(value, refused.value * Self.margin)
            return
        }
        value = raised
        history.append((value, now))
        while history.count > 1, history[1].from <= now - horizon { history.removeFirst() }
        if value > refused.value * Self.beyond || value < refused.value * Self.farBelow {
            step = min(step * 2, Self.largestStep)
        }
    }

    /// Whether it was raised since it was last lowered, so that a refusal is what this has brought.
    var isRaised: Bool { value > history[0].value }

    /// Goes to what a lower pace on trial has shown to be taken.
    mutating func settle(at pace: Double, at now: Double) {
        value = max(value, pace)
        isGuess = false
        history = [(value, now)]
        nextRaise = now + pause
    }

    /// The same pace, raised quickly: what it was made from may have been chance.
    func doubted(at now: Double) -> FoundPace {
        var pace = FoundPace(value, horizon: 1, isGuess: isGuess, at: now)
        pace.refused.until = now
        pace.step = Self.largestStep
        pace.nextRaise = now
        return pace
    }

    /// The pace that a dip leads back to.
    var lasting: Double { dip?.value ?? value }

    /// Takes back a raise that was too much, to what went well before.
    ///
    /// - `pace`: What the server took of late, per second.
    mutating func takeBack(to pace: Double, at now: Double) {
        let step = step
        lower(to: min(max(pace, history[0].value), value * Self.margin), at: now)
        // After a small raise, little too much was sent.
        if value >= refused.value * Self.smallRaise { echoEnds = now + pause }
        guard isGuess else { return }
        // It goes on as it was.
        self.step = step
        refused.until = now + Self.beliefRange.lowerBound
        nextRaise = refused.until
    }

    /// Goes to a lower pace until what was sent before has left the server's count.
    mutating func dip(to pace: Double, at now: Double) {
        dip = (dip?.value ?? value, now + horizon * Self.dip)
        value = pace
        nextRaise = .infinity
    }

    /// Goes to a lower pace.
    mutating func lower(to pace: Double, at now: Double) {
        dip = nil
        let isSame = abs(value - refused.value) < refused.value * Self.likeness
        belief = max(Self.requestsPerTry / value, isSame ? min(belief * 2, Self.longestBelief) : 0).clamped(
            to: Self.beliefRange)
        refused = (value, now + belief)
        value = pace
        history = [(value, now)]
        echoEnds = now + horizon * Self.echo
        echoBegan = now
        step = Self.firstStep
        nextRaise = max(now + pause, echoEnds)
    }
}

extension Comparable {
    func clamped(to range: ClosedRange<Self>) -> Self { min(max(self, range.lowerBound), range.upperBound) }
}
