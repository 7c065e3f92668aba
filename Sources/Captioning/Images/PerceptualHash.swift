/// 64 bits that change little when a picture is scaled, encoded again or slightly brightened.
///
/// One bit for each of 8 rows of 8 neighbours: whether the left one is brighter (a difference hash).
public struct PerceptualHash: Hashable, Sendable {
    /// The size to which a picture is brought first, in grey.
    public static let size = PixelSize(width: 9, height: 8)
    /// Two pictures whose hashes differ in no more bits look alike.
    public static let nearBits = 4

    /// The bits.
    public let bits: UInt64

    /// The hash of a picture of that size; nil for one without shapes, which is like any other such.
    ///
    /// - `greys`: 72 bytes, row after row.
    public init?(greys: [UInt8]) {
        guard greys.count == Self.size.pixels, let least = greys.min(), let most = greys.max(), most - least >= 8 else {
            return nil
        }
        var bits: UInt64 = 0
        for row in 0..<8 {
            for column in 0..<8 {
                bits = bits << 1 | (greys[row * 9 + column] > greys[row * 9 + column + 1] ? 1 : 0)
            }
        }
        self.bits = bits
    }

    /// A hash of known bits.
    init(bits: UInt64) {
        self.bits = bits
    }

    /// In how many bits two hashes differ, 0 to 64.
    public func distance(to other: PerceptualHash) -> Int {
        (bits ^ other.bits).nonzeroBitCount
    }
}
