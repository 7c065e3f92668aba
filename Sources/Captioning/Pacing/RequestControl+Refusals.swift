extension RequestControl {
    /// So many refusals in a row where most was in flight are no accident.
    private static let highRefusalsToTell = 3
    /// Requests that measure a pace, and the seconds to look back for them.
    private static let requestsToMeasure = 10.0
    private static let secondsToMeasure = [2.0, 10, 60]
    /// Seconds over which servers usually count, and by how much longer that looks from here.
    private static let usualHorizons = [1.0, 5, 10, 60]
    private static let jitter = 1.01
    /// Seconds that a server is first thought to look back when nothing tells.
    private static let usualHorizon = 5.0
    /// Refusals for this part of the time from the first request on tell how far the server looks back.
    private static let longRefusal = 0.25
    /// Refused again at once, it may be what was sent before the pace was found, or the pace: it is lowered to this part.
    private static let echoShare = 0.65
    /// After a refusal, nothing is sent for this part of what the server looks back: its count is full.
    ///
    /// And no sooner again than after `pauseInterval` of it.
    private static let pausedShare = 0.03
    private static let pauseInterval = 0.2
    /// A pace of which less than this part is taken, by so many refusals, is far too much.
    private static let farTooMuch = 0.85
    private static let refusalsToDip = 4
    /// Of what was taken, this part is settled for after a trial.
    private static let settledShare = 0.95

    /// Takes note that everything is refused from now on.
    mutating func close(at now: Double) {
        if let lowered { found = lowered.before }
        lowered = nil
        trial.cancel()
        let horizon = found?.horizon ?? RateLimit.minute
        let seconds = min(RateLimit.minute, now - accepted.base.at)
        accepted.closing = (accepted.total, requests.spent(since: now - seconds), seconds, horizon, now)
        // Where everything is refused, it was not the number at work.
        window.disprove()
    }

    /// Goes on after everything was refused: at the pace that was taken since the last time, the refusals' time included.
    ///
    /// - `tryAt`: When the request began that was accepted.
    mutating func reopen(closedAt: Double, tryAt: Double, at now: Double) {
        // The server counts over more than until the last refused try, and no more than until the accepted one.
        let (least, most) = (gate.lastRefused - accepted.base.at, tryAt - accepted.base.at)
        let usual = Self.usualHorizons.first { $0 > least && $0 <= most }
        if let found, closedAt < accepted.base.at + found.horizon * FoundPace.echo {
            self.found = FoundPace(found.lasting * Self.echoShare, horizon: found.horizon, at: now)
        } else if let rate = accepted.rate(over: usual.map { $0 * Self.jitter }, at: now) {
            var horizon = found?.horizon ?? Self.usualHorizon
            // A burst and then a long wait: both together are what the server looks back.
            let seconds = now - accepted.base.at
            if now - closedAt >= seconds * Self.longRefusal { horizon = usual ?? min(seconds, RateLimit.minute) }
            found = FoundPace(min(rate, found?.lasting ?? .infinity), horizon: horizon, at: now)
        } else if found == nil {
            window.restart(at: now)
        }
        accepted.closing = nil
        accepted.base = (accepted.total, now)
        applyPace(at: now)
    }

    /// Whether a refusal comes of the requests in flight; fewer go then.
    mutating func isExplained(_ mark: Mark, inFlight: Int, at now: Double) -> Bool {
        let isFull = inFlight + refusedUntil.count >= window.size - 1
        let isBinding = isPaceBinding(at: now)
        // Requests overtake each other: the server may have met a later one first.
        let level = max(mark.inFlight, inFlight + 1)
        levels.record(level, isAccepted: false)
        highRefusals = levels.isHigh(level) ? highRefusals + 1 : 0
        if window.contradicts(level) {
            window.disprove()
            return false
        }
        // A window that was not full, or refusals that come by chance anyway, make it less likely.
        guard
            levels.separates(from: level, isNew: isFull && !isBinding && !trial.isChance)
                || isBinding && highRefusals >= Self.highRefusalsToTell
        else { return false }
        highRefusals = 0
        trial.record()
        stepBack(mark, inFlight: inFlight, isVolley: false, at: now)
        return true
    }

    mutating func stepBack(_ mark: Mark, inFlight: Int, isVolley: Bool, at now: Double) {
        if window.stepBack(generation: mark.generation, inFlight: inFlight, isVolley: isVolley, at: now) {
            refusedUntil.removeAll()
        }
    }

    /// Lowers the pace after a refusal that nothing else explains, unless it was chance.
    mutating func slowDown(_ mark: Mark, at now: Double) {
        // What was sent before a lower pace says nothing about it.
        if let lowered, mark.startedAt < lowered.startedAt { return trial.record() }
        let isEcho = found.map { now < $0.echoEnds } ?? false
        let isExplained = found != nil && (isEcho || isPaceBinding(at: now)) && !trial.isChance
        switch trial.refuse(isExplained: isExplained, isRaised: isRaised(at: now), at: now) {
        case .chance:
            guard isExplained, !trial.isTrying else { return }
            if isEcho {
                dipIfFarTooMuch(at: now)
            } else {
                echoRefusals = 0
                let rate = rate(over: max(found?.horizon ?? 0, 2), at: now)
                found?.takeBack(to: rate ?? 0, at: now)
            }
        case .lower(let share):
            lower(to: share, at: now)
        case .restore:
            restore(at: now)
            return
        }
        applyPace(at: now)
        pause(at: now)
    }

    /// Lowers the pace for a while when much is refused after it was lowered: what is taken meanwhile is what can be taken.
    private mutating func dipIfFarTooMuch(at now: Double) {
        guard let found else { return }
        echoRefusals += 1
        let span = now - found.echoBegan - found.horizon * Self.pausedShare
        let count = requests.spent(since: found.echoBegan)
        guard echoRefusals >= Self.refusalsToDip, span > 0, count >= Self.requestsToMeasure,
            count / span < found.value * Self.farTooMuch
        else { return }
        self.found?.dip(to: count / span, at: now)
    }

    /// Tries a lower pace: a part of what was taken before the first of them.
    private mutating func lower(to share: Double, at now: Double) {
        let rate = lowered?.rate ?? recentRate(at: now)
        lowered = LoweredPace(
            before: lowered.map(\.before) ?? found, rate: rate, startedAt: now,
            lastRate: lowered == nil ? 0 : takenOnTrial(at: now))
        if found == nil { found = FoundPace(rate, horizon: Self.usualHorizon, isGuess: true, at: now) }
        found?.lower(to: rate * share, at: now)
    }

    /// Keeps a lower pace at which fewer are refused.
    mutating func settle(at now: Double) {
        if let lowered { found?.settle(at: lowered.lastRate * Self.settledShare, at: now) }
        lowered = nil
    }

    /// Goes back to the pace before a trial, and raises it quickly: what it was made from may have been chance too.
    private mutating func restore(at now: Double) {
        if let lowered {
            found = lowered.before.flatMap { $0.isGuess ? nil : $0.doubted(at: now) }
            window.restartMeasuring(at: now)
        }
        lowered = nil
        applyPace(at: now)
    }

    private func takenOnTrial(at now: Double) -> Double {
        lowered.map { requests.spent(since: $0.startedAt) / max(now - $0.startedAt, 0.1) } ?? 0
    }

    /// Sends nothing for a moment: what was sent before fills the server's count.
    private mutating func pause(at now: Double) {
        guard let horizon = found?.horizon, now >= nextPause else { return }
        requests.pause(for: horizon * Self.pausedShare, at: now)
        nextPause = now + horizon * Self.pauseInterval
    }

    /// Requests per second that were taken of late, over a short and over a long time: of which the lower is nearer to a limit
    /// that is counted over either.
    private func recentRate(at now: Double) -> Double {
        let rates = Self.secondsToMeasure.compactMap { rate(over: $0, at: now) }
        let span = (now - accepted.base.at).clamped(to: Self.secondsToMeasure[0]...RateLimit.minute)
        return rates.min() ?? found?.value ?? max(requests.spent(since: now - span), 1) / span
    }

    /// Requests per second that were taken in the last so many seconds, but not before a base; nil when too few tell.
    private func rate(over seconds: Double, at now: Double) -> Double? {
        let span = min(seconds, now - max(accepted.base.at, lowered?.startedAt ?? -.infinity))
        let count = requests.spent(since: now - span)
        return span > 0 && count >= Self.requestsToMeasure ? count / span : nil
    }
}
