extension Job.Concurrency {
    /// Reads `32` or `4-256`, as a flag gives it; nil for anything else and for what is out of range.
    public init?(text: String) {
        let numbers = text.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
        guard (1...2).contains(numbers.count), let least = numbers.first ?? nil, let most = numbers.last ?? nil,
            1 <= least, least <= most, most <= Self.largest
        else { return nil }
        self.init(least: least, most: most)
    }
}
