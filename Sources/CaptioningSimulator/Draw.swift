import Crypto
import Foundation

/// Evenly spread numbers in place of chance: the same seed, request and purpose always give the same, so that a run can
/// be repeated whatever the order of its requests.
struct Draw: Sendable {
    let seed: UInt64

    /// A number from 0 up to 1.
    ///
    /// - `occurrence`: How often the same request came before; nil for a number that stays with the request.
    func share(for digest: Data, occurrence: Int?, purpose: String = "") -> Double {
        var hash = SHA256()
        withUnsafeBytes(of: seed.littleEndian) { hash.update(bufferPointer: $0) }
        hash.update(data: digest)
        if let occurrence {
            withUnsafeBytes(of: UInt64(occurrence).littleEndian) { hash.update(bufferPointer: $0) }
        }
        hash.update(data: Data(purpose.utf8))
        let bits = hash.finalize().prefix(7).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return Double(bits) / Double(UInt64(1) << 56)
    }

    /// Whether a request is in a share of all, 0 to 1; 0 has none and 1 has every one.
    func isAmong(_ share: Double, _ digest: Data, occurrence: Int, purpose: String) -> Bool {
        share > 0 && self.share(for: digest, occurrence: occurrence, purpose: purpose) < share
    }

    /// A length of time between two, both included, for each time that a request comes.
    func latency(from shortest: Duration, to longest: Duration, for digest: Data, occurrence: Int) -> Duration {
        guard shortest < longest else { return shortest }
        return shortest + (longest - shortest) * share(for: digest, occurrence: occurrence, purpose: "latency")
    }
}
