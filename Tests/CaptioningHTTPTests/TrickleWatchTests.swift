import Testing

@testable import CaptioningHTTP

struct TrickleWatchTests {
    /// Whether a piece at a second counts as trickling, after pieces before it.
    private func verdicts(_ pieces: [(second: Int, bytes: [UInt8])]) -> [Bool] {
        var watch = TrickleWatch()
        let start = ContinuousClock.now
        return pieces.map { watch.isTrickling($0.bytes, at: start + .seconds($0.second)) }
    }

    @Test func `an answer that comes drop by drop is given up after half a minute`() {
        let verdicts = verdicts((0...31).map { ($0, [0x7B]) })
        #expect(verdicts.dropLast().allSatisfy { !$0 })
        #expect(verdicts.last == true)
    }

    @Test func `white space before the answer keeps the connection open for as long as it takes`() {
        let waiting = (0..<300).map { (second: $0, bytes: [0x20, 0x0A] as [UInt8]) }
        #expect(verdicts(waiting + [(300, [0x7B]), (301, [0x7D])]).allSatisfy { !$0 })
    }
}
