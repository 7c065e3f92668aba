import DequeModule

/// What was spent in the last so many seconds, to keep a provider's limit in every window, wherever it begins.
///
/// Pure: the caller says what time it is, in seconds. Times are kept in three thousand slots, so that memory does not grow
/// with the limit; a slot counts until its last moment has left the window.
struct SlidingWindow: Sendable {
    /// Seconds that the window spans.
    let length: Double

    private struct Slot: Sendable {
        var index: Int
        var amount: Double
    }

    private let grain: Double
    private var slots: Deque<Slot> = []
    private var sum = 0.0

    init(length: Double) {
        self.length = length
        grain = length / 3000
    }

    /// What counts at a time.
    mutating func total(at now: Double) -> Double {
        prune(at: now)
        return sum
    }

    /// What was spent since an earlier time within the window.
    func total(since time: Double) -> Double {
        let first = Int((time / grain).rounded(.down))
        var total = 0.0
        for slot in slots.reversed() {
            guard slot.index >= first else { break }
            total += slot.amount
        }
        return total
    }

    /// Counts something in; times must not go back by more than the window.
    mutating func add(_ amount: Double, at time: Double) {
        let index = Int((time / grain).rounded(.down))
        sum += amount
        if let last = slots.indices.last, slots[last].index >= index {
            guard let place = place(of: index) else {
                slots.insert(Slot(index: index, amount: amount), at: slots.firstIndex { $0.index > index } ?? last)
                return
            }
            slots[place].amount += amount
        } else {
            slots.append(Slot(index: index, amount: amount))
        }
    }

    /// Corrects what was counted in at a time; nothing happens when that has left the window.
    mutating func correct(by difference: Double, at time: Double) {
        guard let place = place(of: Int((time / grain).rounded(.down))) else { return }
        slots[place].amount += difference
        sum += difference
    }

    /// Seconds until so much more fits under a limit; 0 when it does.
    ///
    /// What is larger than the limit goes when the window is empty.
    mutating func wait(for amount: Double, under limit: Double, at now: Double) -> Double {
        prune(at: now)
        var excess = sum + min(amount, limit) - limit
        guard excess > 1e-6 * limit else { return 0 }
        for slot in slots {
            excess -= slot.amount
            if excess <= 1e-6 * limit { return max(end(of: slot) - now, 0.001) }
        }
        return slots.last.map { max(end(of: $0) - now, 0.001) } ?? 0
    }

    private func end(of slot: Slot) -> Double {
        Double(slot.index + 1) * grain + length
    }

    private func place(of index: Int) -> Int? {
        var low = 0
        var high = slots.count
        while low < high {
            let middle = (low + high) / 2
            if slots[middle].index < index { low = middle + 1 } else { high = middle }
        }
        return low < slots.count && slots[low].index == index ? low : nil
    }

    private mutating func prune(at now: Double) {
        while let first = slots.first, end(of: first) <= now {
            sum -= first.amount
            slots.removeFirst()
        }
        if slots.isEmpty { sum = 0 }
    }
}
