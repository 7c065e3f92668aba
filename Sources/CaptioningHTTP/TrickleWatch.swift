/// Tells a reply that comes drop by drop from one that is slow to begin.
///
/// Servers that need minutes for an answer may send white space meanwhile, to keep the connection open; an answer that has
/// begun is a few kilobytes that come at once.
struct TrickleWatch {
    /// How long an answer may take from its first character to its last.
    static let longest = Duration.seconds(30)

    private var begunAt: ContinuousClock.Instant?

    /// Takes note of a piece of the reply; the result says whether it has been coming for too long.
    mutating func isTrickling(_ piece: some Sequence<UInt8>, at now: ContinuousClock.Instant) -> Bool {
        if let begunAt { return now - begunAt > Self.longest }
        if piece.contains(where: { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }) { begunAt = now }
        return false
    }
}
