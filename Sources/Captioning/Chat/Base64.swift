/// Standard base64 with padding (RFC 4648, section 4), written where it is to be sent from.
///
/// Foundation has it too, but only as a value of its own, which then is copied; at the rate of images that is half the work.
enum Base64 {
    /// How many characters so many bytes take.
    static func length(of byteCount: Int) -> Int {
        (byteCount + 2) / 3 * 4
    }

    /// Two characters for every 12 bits, the first in the lower byte.
    private static let pairs: [UInt16] = {
        let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8).map(UInt16.init)
        return (0..<4096).map { letters[$0 >> 6] | letters[$0 & 63] << 8 }
    }()

    /// Encodes bytes.
    ///
    /// - `target`: At least `length(of: source.count)` bytes.
    static func encode(_ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer) {
        precondition(target.count >= length(of: source.count), "no room for the characters")
        let whole = source.count / 3
        pairs.withUnsafeBufferPointer { pairs in
            for group in 0..<whole {
                let bits = Int(source[group * 3]) << 16 | Int(source[group * 3 + 1]) << 8 | Int(source[group * 3 + 2])
                target.storeBytes(
                    of: UInt32(pairs[bits >> 12]) | UInt32(pairs[bits & 0xFFF]) << 16, toByteOffset: group * 4,
                    as: UInt32.self)
            }
            let rest = source.count - whole * 3
            guard rest > 0 else { return }
            let bits = Int(source[whole * 3]) << 16 | (rest == 2 ? Int(source[whole * 3 + 1]) << 8 : 0)
            target.storeBytes(of: pairs[bits >> 12], toByteOffset: whole * 4, as: UInt16.self)
            let third = UInt8(truncatingIfNeeded: pairs[bits & 0xFFF])
            target[whole * 4 + 2] = rest == 2 ? third : UInt8(ascii: "=")
            target[whole * 4 + 3] = UInt8(ascii: "=")
        }
    }
}
