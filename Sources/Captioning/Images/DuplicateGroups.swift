/// Finds images that are the same, byte for byte, and such as look alike.
public struct DuplicateGroups: Sendable {
    /// Images that belong together.
    public struct Group: Hashable, Sendable, Codable {
        /// Whether their files are the same; else they only look alike.
        public var isIdentical: Bool
        /// Their names, in the order in which they came.
        public var images: [String]
    }

    private var names: [String] = []
    private var byDigest: [[UInt8]: [Int]] = [:]
    private var byHash: [PerceptualHash: [Int]] = [:]

    /// No images yet.
    public init() {}

    /// Takes an image in.
    ///
    /// - `digest`: SHA-256 of its file.
    /// - `hash`: nil when it has no shapes, or cannot be decoded.
    public mutating func add(_ name: String, digest: [UInt8], hash: PerceptualHash?) {
        let place = names.count
        names.append(name)
        // Copies of one file look alike, too: the first stands for all.
        if byDigest[digest, default: []].isEmpty, let hash { byHash[hash, default: []].append(place) }
        byDigest[digest, default: []].append(place)
    }

    /// How many images are the same as one before them, and so are sent once.
    public var repeatedCount: Int { byDigest.values.reduce(0) { $0 + $1.count - 1 } }

    /// Every group of two or more: first those that are identical, each kind in the order of their first images.
    public func groups() -> [Group] {
        let identical = byDigest.values.filter { $0.count > 1 }
        return sorted(identical, isIdentical: true) + sorted(alike(), isIdentical: false)
    }

    private func sorted(_ groups: some Sequence<[Int]>, isIdentical: Bool) -> [Group] {
        groups.map { $0.sorted() }.sorted { ($0.first ?? 0) < ($1.first ?? 0) }.map { places in
            Group(isIdentical: isIdentical, images: places.map { names[$0] })
        }
    }

    /// Places whose hashes are near each other, or are joined by such as are.
    private func alike() -> [[Int]] {
        let hashes = Array(byHash.keys)
        var parents = Array(hashes.indices)
        func root(_ index: Int) -> Int {
            var index = index
            while parents[index] != index {
                parents[index] = parents[parents[index]]
                index = parents[index]
            }
            return index
        }
        // Of five parts of the bits, two hashes that differ in four at most have one in common.
        for part in 0...PerceptualHash.nearBits {
            var buckets: [UInt64: [Int]] = [:]
            for (index, hash) in hashes.enumerated() {
                buckets[hash.bits >> (part * 13) & 0x1FFF, default: []].append(index)
            }
            for bucket in buckets.values {
                for (place, first) in bucket.enumerated() {
                    for second in bucket[(place + 1)...]
                    where hashes[first].distance(to: hashes[second]) <= PerceptualHash.nearBits {
                        parents[root(first)] = root(second)
                    }
                }
            }
        }
        let sets = Dictionary(grouping: hashes.indices, by: root)
        return sets.values.map { indices in indices.flatMap { byHash[hashes[$0]] ?? [] } }.filter { $0.count > 1 }
    }
}
