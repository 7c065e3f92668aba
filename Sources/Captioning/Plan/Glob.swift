/// A file name pattern, matched on bytes: `*`, `?`, `[a-z]`, `[!a]`, and `**` for any number of folders.
///
/// A pattern without a slash is matched against the file's name at any depth, one with a slash against the whole path
/// below the folder. ASCII letters match in either case, so that `*.jpg` finds `DSC01.JPG`.
struct Glob: Sendable {
    private let pattern: [UInt8]
    private let isNameOnly: Bool

    init(_ text: String) {
        var pattern = Array(text.utf8).map(lowercased)
        if pattern.starts(with: Array("./".utf8)) { pattern.removeFirst(2) }
        isNameOnly = !pattern.contains(UInt8(ascii: "/"))
        if pattern.first == UInt8(ascii: "/") { pattern.removeFirst() }
        self.pattern = pattern
    }

    /// Whether a path below the folder fits.
    func matches(_ path: some Collection<UInt8>) -> Bool {
        let path = path.map(lowercased)
        let start = isNameOnly ? path.lastIndex(of: slash).map { $0 + 1 } ?? 0 : 0
        return matches(Array(path[start...]))
    }

    /// Dynamic programming over (pattern, text) positions, so that no pattern takes more than their product in steps.
    private func matches(_ text: [UInt8]) -> Bool {
        var reachable: Set<Int> = closure(of: [0], atFolderStart: true)
        for byte in text {
            var next: Set<Int> = []
            for place in reachable where place < pattern.count { advance(from: place, over: byte, into: &next) }
            reachable = closure(of: next, atFolderStart: byte == slash)
            if reachable.isEmpty { return false }
        }
        return reachable.contains(pattern.count)
    }

    private func advance(from place: Int, over byte: UInt8, into next: inout Set<Int>) {
        switch pattern[place] {
        case star where isDoubleStar(place): next.insert(place)
        case star: if byte != slash { next.insert(place) }
        case UInt8(ascii: "?"): if byte != slash { next.insert(place + 1) }
        case UInt8(ascii: "["):
            if let (end, matched) = bracket(from: place, byte) {
                if matched, byte != slash { next.insert(end) }
            } else if byte == UInt8(ascii: "[") {
                next.insert(place + 1)
            }
        case let literal: if literal == byte { next.insert(place + 1) }
        }
    }

    /// Stars may match nothing: adds the places behind them.
    private func closure(of places: Set<Int>, atFolderStart: Bool) -> Set<Int> {
        var result = places
        var open = Array(places)
        while let place = open.popLast() {
            guard place < pattern.count, pattern[place] == star else { continue }
            var after = [place + 1]
            if isDoubleStar(place) {
                after = [place + 2]
                // `**/` may stand for no folder at all, but not for a part of a folder's name.
                if atFolderStart, place + 2 < pattern.count, pattern[place + 2] == slash { after.append(place + 3) }
            }
            for next in after where result.insert(next).inserted { open.append(next) }
        }
        return result
    }

    private func isDoubleStar(_ place: Int) -> Bool {
        place + 1 < pattern.count && pattern[place] == star && pattern[place + 1] == star
    }

    private func bracket(from place: Int, _ byte: UInt8) -> (end: Int, matched: Bool)? {
        var index = place + 1
        var negated = false
        if index < pattern.count, pattern[index] == UInt8(ascii: "!") || pattern[index] == UInt8(ascii: "^") {
            negated = true
            index += 1
        }
        let first = index
        var matched = false
        while index < pattern.count, pattern[index] != UInt8(ascii: "]") || index == first {
            var high = pattern[index]
            let low = high
            if index + 2 < pattern.count, pattern[index + 1] == UInt8(ascii: "-"),
                pattern[index + 2] != UInt8(ascii: "]")
            {
                high = pattern[index + 2]
                index += 2
            }
            if low <= byte, byte <= high { matched = true }
            index += 1
        }
        return index < pattern.count ? (index + 1, matched != negated) : nil
    }
}

private let star = UInt8(ascii: "*")
private let slash = UInt8(ascii: "/")

/// An ASCII letter in lower case; any other byte as it is.
func lowercased(_ byte: UInt8) -> UInt8 {
    (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
}
