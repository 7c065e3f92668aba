/// A number of bytes as a spec writes it.
enum ByteCountText {
    private static let units: [(suffix: String, bytes: Double)] = [
        ("kib", 1024), ("mib", 1_048_576), ("gib", 1_073_741_824), ("kb", 1e3), ("mb", 1e6), ("gb", 1e9),
    ]

    /// Reads `256MB`, `1.5 GB`, `512MiB` or a bare number of bytes; nil for anything else, and for 10¹⁵ and more.
    static func bytes(_ text: String) -> Int? {
        let trimmed = text.lowercased().filter { !$0.isWhitespace }
        let unit = units.first { trimmed.hasSuffix($0.suffix) }
        let digits = trimmed.dropLast(unit?.suffix.count ?? 0)
        guard digits.utf8.allSatisfy({ (48...57).contains($0) || $0 == 46 }), let number = Double(digits) else {
            return nil
        }
        let bytes = (number * (unit?.bytes ?? 1)).rounded()
        return bytes.isFinite && bytes < 1e15 ? Int(bytes) : nil
    }

    /// The same number in the largest unit that leaves no fraction of a thousandth: `256MB`, `1.5GB`.
    static func text(_ bytes: Int) -> String {
        for (suffix, size) in [("GB", 1_000_000_000), ("MB", 1_000_000), ("KB", 1000)] where bytes >= size {
            guard bytes % (size / 1000) == 0 else { continue }
            let (whole, rest) = (bytes / size, bytes % size / (size / 1000))
            guard rest > 0 else { return "\(whole)\(suffix)" }
            var fraction = String(rest + 1000).dropFirst()
            while fraction.hasSuffix("0") { fraction.removeLast() }
            return "\(whole).\(fraction)\(suffix)"
        }
        return "\(bytes)"
    }
}
