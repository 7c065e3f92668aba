/// The candidate that a mistyped word most likely meant, or nil when none is near.
///
/// Near means at most two edits (one for words of up to four letters), or the same letters but for case, `-` and `_`.
func suggestion(for word: String, among candidates: some Sequence<String>) -> String? {
    // Nobody mistypes a word of that length.
    guard word.utf8.count <= 100 else { return nil }
    let plain = folded(word)
    let allowed = plain.count <= 4 ? 1 : 2
    return
        candidates
        .map { (candidate: $0, distance: editDistance(plain, folded($0))) }
        .filter { $0.distance <= allowed }
        .min { $0.distance < $1.distance }?
        .candidate
}

private func folded(_ word: String) -> [Character] {
    word.lowercased().filter { $0 != "_" && $0 != "-" }
}

/// Optimal string alignment: insertions, deletions, substitutions and swaps of neighbours count one each.
private func editDistance(_ left: [Character], _ right: [Character]) -> Int {
    var beforeLast: [Int] = []
    var last = Array(0...right.count)
    for i in left.indices {
        var row = [i + 1]
        for j in right.indices {
            var best = min(last[j + 1] + 1, row[j] + 1, last[j] + (left[i] == right[j] ? 0 : 1))
            if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] {
                best = min(best, beforeLast[j - 1] + 1)
            }
            row.append(best)
        }
        beforeLast = last
        last = row
    }
    return last[right.count]
}
