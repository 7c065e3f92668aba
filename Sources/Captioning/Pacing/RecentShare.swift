/// The share of recent attempts of which something is true.
///
/// Pure.
struct RecentShare: Sendable {
    /// What an attempt counts when another one has come.
    private static let fading = 0.99
    /// Before there are any, one in so many.
    private static let prior = 10.0

    private var count = 0.0
    private var hits = 0.0

    /// From 0 to 1, both excluded.
    var share: Double { (hits + 1) / (count + Self.prior) }

    /// Counts an attempt.
    mutating func record(_ isHit: Bool) {
        count = count * Self.fading + 1
        hits = hits * Self.fading + (isHit ? 1 : 0)
    }
}
