import Foundation

/// Decides which requests meet a fault.
struct FaultDraw: Sendable {
    /// The probability of each fault, drawn anew whenever a request comes.
    let faults: [Fault: Double]
    let seed: UInt64
    /// The share of the different requests that meet a fault however often they come.
    var poison: [Fault: Double] = [:]

    /// The fault for a request; nil for none.
    ///
    /// Poison comes first.
    ///
    /// - `occurrence`: How often the same request came before.
    func fault(for digest: Data, occurrence: Int) -> Fault? {
        let draw = Draw(seed: seed)
        return Self.fault(among: poison) { draw.share(for: digest, occurrence: nil, purpose: "poison") }
            ?? Self.fault(among: faults) { draw.share(for: digest, occurrence: occurrence) }
    }

    private static func fault(among faults: [Fault: Double], share: () -> Double) -> Fault? {
        guard !faults.isEmpty else { return nil }
        var share = share()
        for fault in Fault.allCases {
            let probability = faults[fault] ?? 0
            if share < probability { return fault }
            share -= probability
        }
        return nil
    }
}
