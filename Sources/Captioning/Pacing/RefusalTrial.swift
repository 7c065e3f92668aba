import DequeModule
import Foundation

/// Tells a limit from chance: where fewer are refused at a lower pace, the pace was too high; where as many are, they would be
/// at any pace.
///
/// Pure.
struct RefusalTrial: Sendable {
    /// What to do about a refusal.
    enum Verdict: Hashable, Sendable {
        /// Too few to mean anything, or as many as come by chance: the item alone waits.
        case chance
        /// Try a lower pace: this part of what was accepted before.
        case lower(Double)
        /// Lower paces have not helped: back to the one before.
        case restore
    }

    /// Refusals among so many requests are compared with what is usual: a sudden share, and a lasting one.
    private static let sudden = (64, deviations: 4.0)
    private static let lasting = (512, deviations: 3.0)
    /// A share of refusals that costs less than finding out why.
    private static let harmless = 0.02
    /// Refusals at the lower pace, and how many lower ones are tried, before they count as chance.
    private static let refusalsToJudge = 4
    private static let refusalsToTell = 10
    private static let paces = [0.95, 0.7, 0.5]
    /// A share that takes all of the paces.
    private static let many = 0.2
    /// Seconds without a refusal after which a lower pace is right in any case.
    private static let longestTrial = 10.0
    /// Seconds after which what is refused by chance is believed to be half of what it was: it is found out anew.
    private static let halfLife = 120.0
    /// So many refusals should have come at the lower pace before their absence means something, and so many more for each
    /// that came: by chance that is so once in a thousand times.
    private static let absencesToJudge = (none: 7.0, each: 2.1)

    /// Refusals at a steady pace that are compared with those at a raised one; and what an older request counts.
    private static let steadyRefusals = 2.5
    /// Seconds between two that are two observations.
    private static let apart = 1.0
    private static let fading = exp2(-1 / 10_000.0)

    private struct Trial: Sendable {
        var share: Double
        var begunAt: Int
        let startedAt: Double
        var refused = 0
        var pace = 0
    }

    /// Requests begun and refused at a pace that had gone well for a while, and at one that was raised: where the first are
    /// refused as well, it is not the raise.
    private struct Shares: Sendable {
        var begun = 0.0
        var refused = 0.0
        var share: Double { begun > 0 ? refused / begun : 0 }

        mutating func fade() {
            begun *= RefusalTrial.fading
            refused *= RefusalTrial.fading
        }
    }

    private var steady = Shares()
    private var raised = Shares()
    private var lastSteady = -Double.infinity
    private var begun = 0
    private var refusals: Deque<Int> = []
    /// The share that is refused by chance, and when that was found out.
    private var verdict = (share: 0.0, at: 0.0)
    private var trial: Trial?

    /// Whether a lower pace is being tried.
    var isTrying: Bool { trial != nil }

    /// Whether some are refused by chance.
    var isChance: Bool { trial == nil && verdict.share > 0 }

    /// Counts a request that begins.
    mutating func begin(isRaised: Bool?, at now: Double) {
        begun += 1
        steady.fade()
        raised.fade()
        if isRaised == true { raised.begun += 1 }
        if isRaised == false { steady.begun += 1 }
        guard let trial else { return }
        let expected = trial.share * Double(begun - trial.begunAt)
        let isLong =
            now - trial.startedAt >= Self.longestTrial && trial.refused == 0
            && expected >= Self.absencesToJudge.none / 2
        if isLong || expected >= Self.absencesToJudge.none + Double(trial.refused) * Self.absencesToJudge.each {
            self.trial = nil
            verdict.share = 0
        }
    }

    /// Breaks a trial off: everything is refused, which is no chance.
    mutating func cancel() {
        trial = nil
        verdict.share = 0
    }

    /// Counts a refusal that something else seems to explain.
    mutating func record() {
        refusals.append(begun)
        while let first = refusals.first, first <= begun - Self.lasting.0 { refusals.removeFirst() }
    }

    /// Counts a refusal, and says what to do about it.
    ///
    /// - `isExplained`: Whether a limit that was found explains it, so that at a steady pace it is suspect.
    /// - `isRaised`: Whether the pace has been raised of late; nil when what was sent before may still be the cause.
    mutating func refuse(isExplained: Bool, isRaised: Bool?, at now: Double) -> Verdict {
        record()
        if trial != nil { return judge(at: now) }
        guard let isRaised else { return .chance }
        if isRaised { raised.refused += 1 }
        var isSuspect = false
        if !isRaised, now >= lastSteady + Self.apart {
            lastSteady = now
            steady.refused += 1
            isSuspect = isExplained && steady.refused >= Self.steadyRefusals && steady.share >= raised.share / 3
        }
        guard isSuspect || isUnusual(at: now) else {
            return .chance
        }
        steady = Shares()
        raised = Shares()
        // The larger sample is the fairer one: the smaller was looked at because it stood out.
        trial = Trial(
            share: Double(refusals.count) / Double(min(begun, Self.lasting.0)), begunAt: begun, startedAt: now)
        return .lower(Self.paces[0])
    }

    /// Whether more are refused of late than usual.
    private func isUnusual(at now: Double) -> Bool {
        let usual = max(verdict.share * exp2((verdict.at - now) / Self.halfLife), Self.harmless)
        return [Self.sudden, Self.lasting].contains { sample, deviations in
            let count = Double(refusals.lazy.reversed().prefix { $0 > begun - sample }.count)
            let expected = usual * Double(sample)
            // And one more for small numbers.
            return count >= expected + deviations * expected.squareRoot() + 1.5
        }
    }

    /// How many lower paces it takes to call a share chance: where it does no harm, one.
    private func paces(for share: Double) -> Int {
        share > Self.many ? Self.paces.count : share > Self.harmless * 1.5 ? 2 : 1
    }

    private mutating func judge(at now: Double) -> Verdict {
        guard var trial else { return .chance }
        trial.refused += 1
        self.trial = trial
        let count = max(begun - trial.begunAt, 1)
        let isLast = trial.pace + 1 == Self.paces.count
        guard trial.refused >= (isLast ? Self.refusalsToTell : Self.refusalsToJudge),
            Double(trial.refused) >= trial.share * Double(count) / 2
        else {
            return .chance
        }
        let share = min(Double(trial.refused) / Double(count), 1)
        guard trial.pace + 1 < paces(for: share) else {
            verdict = (share, now)
            self.trial = nil
            refusals.removeAll()
            return .restore
        }
        self.trial = Trial(share: share, begunAt: begun, startedAt: now, pace: trial.pace + 1)
        return .lower(Self.paces[trial.pace + 1])
    }
}
