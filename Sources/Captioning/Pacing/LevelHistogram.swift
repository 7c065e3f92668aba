import Foundation

/// Accepted and refused requests by a measure of our own pace at the moment they began, such as requests in flight: tells
/// whether that measure separates the refused from the accepted.
///
/// Forgets as observations come, in constant memory. Pure.
struct LevelHistogram: Sendable {
    /// Two levels this much apart are told apart.
    private static let step = 1.04
    /// Levels up to 1.04^180, over a thousand requests in flight.
    private static let levels = 180
    /// Observations after which an earlier one counts half.
    private static let halfLife = 100.0
    /// Refusals that it takes to find a limit where another explanation is at hand.
    private static let minRefused = 3.0
    /// The part of the accepted that counts as few.
    private static let highShare = 0.1
    /// A limit explains at least this part of what was refused of late.
    private static let explainedShare = 0.7
    /// New observations weigh ever more, instead of old ones being scaled down every time; beyond this all are scaled once.
    private static let largestWeight = 1e12

    private var accepted = [Double](repeating: 0, count: levels)
    private var refused = [Double](repeating: 0, count: levels)
    private var weight = 1.0

    /// Counts a request that began at a level, 1 or higher.
    mutating func record(_ level: Int, isAccepted: Bool) {
        weight *= exp2(1 / Self.halfLife)
        if weight > Self.largestWeight { rescale() }
        if isAccepted { accepted[Self.index(level)] += weight } else { refused[Self.index(level)] += weight }
    }

    /// Whether a level explains the refusals: most of what was refused began there or above, and most of what began there was
    /// refused.
    ///
    /// - `isNew`: Whether nothing else explains them, so that a single one will do.
    func separates(from level: Int, isNew: Bool) -> Bool {
        let (accepted, refused) = counts(from: level)
        guard refused >= Self.explainedShare * counts(from: 1).refused else { return false }
        return refused >= accepted && (isNew || refused >= (Self.minRefused - 0.5) * weight)
    }

    /// Whether few of those accepted of late began at such a level or above.
    func isHigh(_ level: Int) -> Bool {
        counts(from: level).accepted <= Self.highShare * counts(from: 1).accepted
    }

    private func counts(from level: Int) -> (accepted: Double, refused: Double) {
        let levels = Self.index(level)..<Self.levels
        return (accepted[levels].reduce(0, +), refused[levels].reduce(0, +))
    }

    private mutating func rescale() {
        for level in accepted.indices {
            accepted[level] /= weight
            refused[level] /= weight
        }
        weight = 1
    }

    private static func index(_ level: Int) -> Int {
        min(max(Int(log(Double(max(level, 1))) / log(step)), 0), levels - 1)
    }
}
