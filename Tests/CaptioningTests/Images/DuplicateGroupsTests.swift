import Testing

@testable import Captioning

struct DuplicateGroupsTests {
    private func hash(_ bits: UInt64) -> PerceptualHash { PerceptualHash(bits: bits) }

    @Test func `the same files and such as look alike are told apart`() {
        var found = DuplicateGroups()
        found.add("a", digest: [1], hash: hash(0xFF00_FF00_FF00_FF00))
        found.add("b", digest: [2], hash: hash(0x1234_5678_9ABC_DEF0))
        found.add("c", digest: [1], hash: hash(0xFF00_FF00_FF00_FF00))
        found.add("d", digest: [3], hash: hash(0xFF00_FF00_FF00_FF03))
        found.add("e", digest: [4], hash: nil)
        found.add("f", digest: [5], hash: nil)
        #expect(
            found.groups() == [
                .init(isIdentical: true, images: ["a", "c"]), .init(isIdentical: false, images: ["a", "d"]),
            ])
        #expect(found.repeatedCount == 1)
        #expect(DuplicateGroups().groups().isEmpty)
    }

    @Test func `hashes are near up to four bits, wherever these are`() {
        var generator = SplitMix64(seed: 5)
        for _ in 0..<300 {
            let first = generator.next()
            let places = Array(0..<64).shuffled(using: &generator)
            for count in 1...6 {
                var found = DuplicateGroups()
                found.add("a", digest: [1], hash: hash(first))
                found.add("b", digest: [2], hash: hash(places.prefix(count).reduce(first) { $0 ^ 1 << UInt64($1) }))
                #expect(found.groups().count == (count <= 4 ? 1 : 0))
            }
        }
    }

    @Test func `a picture is hashed by its slopes`() throws {
        let rising = (0..<72).map { UInt8($0 % 9 * 20) }
        let falling = rising.map { 255 - $0 }
        #expect(try #require(PerceptualHash(greys: rising)).bits == 0)
        #expect(try #require(PerceptualHash(greys: falling)).bits == .max)
        #expect(PerceptualHash(greys: Array(repeating: 7, count: 72)) == nil)
        #expect(PerceptualHash(greys: [1, 200]) == nil)
        #expect(hash(0b1011).distance(to: hash(0b0001)) == 2)
    }
}
