import Crypto
import Foundation

/// Decides which requests meet a fault: by a hash of the request and how often it came, so that a run can be repeated
/// whatever the order of its requests.
struct FaultDraw: Sendable {
    let faults: [Fault: Double]
    let seed: UInt64

    /// The fault for a request; nil for none.
    ///
    /// - `occurrence`: How often the same request came before.
    func fault(for digest: Data, occurrence: Int) -> Fault? {
        guard !faults.isEmpty else { return nil }
        var hash = SHA256()
        withUnsafeBytes(of: seed.littleEndian) { hash.update(bufferPointer: $0) }
        hash.update(data: digest)
        withUnsafeBytes(of: UInt64(occurrence).littleEndian) { hash.update(bufferPointer: $0) }
        let bits = hash.finalize().prefix(7).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        var share = Double(bits) / Double(UInt64(1) << 56)
        for fault in Fault.allCases {
            let probability = faults[fault] ?? 0
            if share < probability { return fault }
            share -= probability
        }
        return nil
    }
}
