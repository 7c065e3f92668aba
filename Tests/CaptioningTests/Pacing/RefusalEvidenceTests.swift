import Testing

@testable import Captioning

/// Whether requests in flight explain what is refused.
struct LevelHistogramTests {
    @Test func `one refusal above all that was accepted is enough where nothing else explains it`() {
        var levels = LevelHistogram()
        for level in 1...16 { levels.record(level, isAccepted: true) }
        levels.record(17, isAccepted: false)
        #expect(levels.separates(from: 17, isNew: true))
        #expect(!levels.separates(from: 17, isNew: false))
        levels.record(17, isAccepted: false)
        levels.record(17, isAccepted: false)
        #expect(levels.separates(from: 17, isNew: false))
    }

    @Test func `refusals among as many in flight as were accepted do not separate`() {
        var levels = LevelHistogram()
        var generator = SplitMix64(seed: 1)
        for index in 0..<2000 { levels.record(Int.random(in: 1...64, using: &generator), isAccepted: index % 20 != 0) }
        for level in 1...60 { #expect(!levels.separates(from: level, isNew: true), "\(level)") }
    }

    @Test func `what was accepted long ago is forgotten`() {
        var levels = LevelHistogram()
        for _ in 0..<100 { levels.record(64, isAccepted: true) }
        #expect(!levels.isHigh(64))
        for _ in 0..<1000 { levels.record(8, isAccepted: true) }
        #expect(levels.isHigh(64))
        #expect(!levels.isHigh(8))
    }

    @Test func `any level and any number of observations is counted`() {
        var levels = LevelHistogram()
        for _ in 0..<100_000 { levels.record(.max, isAccepted: false) }
        levels.record(-1, isAccepted: true)
        #expect(levels.separates(from: .max, isNew: true))
    }
}

/// Whether it is chance or a limit, by what a lower pace changes.
struct RefusalTrialTests {
    /// Sends at an even pace and refuses a share of it by a rule; returns the verdicts that were not "wait".
    private func send(
        _ trial: inout RefusalTrial, count: Int, isExplained: Bool = false, isRefused: (_ share: Double) -> Bool
    ) -> [RefusalTrial.Verdict] {
        var verdicts: [RefusalTrial.Verdict] = []
        var share = 1.0
        for index in 0..<count {
            let now = Double(index) * 0.1
            trial.begin(isRaised: false, at: now)
            guard isRefused(share) else { continue }
            let verdict = trial.refuse(isExplained: isExplained, isRaised: false, at: now)
            if verdict != .chance { verdicts.append(verdict) }
            switch verdict {
            case .lower(let part): share = part
            case .restore: share = 1
            case .chance: break
            }
        }
        return verdicts
    }

    @Test func `one in a hundred is not worth finding out why`() {
        var trial = RefusalTrial()
        var count = 0
        let verdicts = send(&trial, count: 5000) { _ in
            count += 1
            return count.isMultiple(of: 100)
        }
        #expect(verdicts.isEmpty)
        #expect(!trial.isChance)
    }

    @Test func `as many refused at a lower pace were refused by chance`() {
        var trial = RefusalTrial()
        var generator = SplitMix64(seed: 1)
        let verdicts = send(&trial, count: 2000) { _ in Double.random(in: 0..<1, using: &generator) < 0.1 }
        #expect(verdicts.contains(.restore))
        #expect(trial.isChance)
        // Once it is known, little is tried again.
        #expect(verdicts.count <= 12, "\(verdicts)")
    }

    @Test func `none refused at a lower pace were refused by a limit`() {
        var trial = RefusalTrial()
        var generator = SplitMix64(seed: 1)
        let verdicts = send(&trial, count: 2000) { share in
            share > 0.8 && Double.random(in: 0..<1, using: &generator) < 0.3
        }
        #expect(verdicts.count == 2, "\(verdicts)")
        #expect(!trial.isTrying)
        #expect(!trial.isChance)
    }

    @Test func `where everything is refused a trial ends without a verdict`() {
        var trial = RefusalTrial()
        _ = send(&trial, count: 12) { _ in true }
        trial.cancel()
        #expect(!trial.isTrying)
        #expect(!trial.isChance)
    }
}

/// A pace that was found, raised step by step and taken back.
struct FoundPaceTests {
    /// Holds a pace against a limit for so many seconds: the part of the limit that is used, and how often it was refused.
    private func hold(_ pace: inout FoundPace, under limit: Double, from start: Double, until end: Double) -> (
        used: Double, refused: Int
    ) {
        var refused = 0
        var used = 0.0
        for tick in Int(start * 10)..<Int(end * 10) {
            let now = Double(tick) / 10
            pace.raiseIfDue(at: now)
            used += min(pace.value, limit) / limit
            guard pace.value > limit, now >= pace.echoEnds else { continue }
            refused += 1
            pace.takeBack(to: limit, at: now)
        }
        return (used / Double(Int(end * 10) - Int(start * 10)), refused)
    }

    @Test(arguments: [1.0, 5, 60])
    func `it stays near the limit and runs into it rarely`(horizon: Double) {
        var pace = FoundPace(9, horizon: horizon, at: 0)
        let (used, refused) = hold(&pace, under: 10, from: 0, until: 600)
        #expect(used >= 0.95, "\(used)")
        #expect(refused <= 60, "\(refused)")
    }

    @Test(arguments: [1.0, 5, 60])
    func `a limit that has doubled is found within a minute`(horizon: Double) {
        var pace = FoundPace(10, horizon: horizon, at: 0)
        _ = hold(&pace, under: 10, from: 0, until: 120)
        _ = hold(&pace, under: 20, from: 120, until: 120 + 60)
        #expect(pace.value >= 17, "\(pace.value)")
    }

    @Test func `what was sent before fills the server's count: no step before that time is over`() {
        var pace = FoundPace(10, horizon: 60, at: 0)
        for second in 0..<60 { pace.raiseIfDue(at: Double(second)) }
        #expect(pace.value == 10)
        for second in 60..<80 { pace.raiseIfDue(at: Double(second)) }
        #expect(pace.value > 10)
    }

    @Test func `after a dip it goes back to where it was`() {
        var pace = FoundPace(10, horizon: 10, at: 0)
        pace.dip(to: 6, at: 1)
        #expect(pace.value == 6)
        #expect(pace.lasting == 10)
        pace.raiseIfDue(at: 7)
        #expect(pace.value == 10)
    }
}
