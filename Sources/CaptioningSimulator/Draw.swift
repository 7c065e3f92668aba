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

    /// A length of time between two, both included, for each time that a request comes.
    func latency(from shortest: Duration, to longest: Duration, for digest: Data, occurrence: Int) -> Duration {
        guard shortest < longest else { return shortest }
        return shortest + (longest - shortest) * share(for: digest, occurrence: occurrence, purpose: "latency")
    }
}
