import CBase64

/// Standard base64 with padding (RFC 4648, section 4), written where it is to be sent from.
///
/// Foundation has it too, but only as a value of its own, which then is copied; at the rate of images that is half the work.
enum Base64 {
    /// How many characters so many bytes take.
    static func length(of byteCount: Int) -> Int {
        (byteCount + 2) / 3 * 4
    }

    /// Encodes bytes.
    ///
    /// - `target`: At least `length(of: source.count)` bytes.
    static func encode(_ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer) {
        precondition(target.count >= length(of: source.count), "no room for the characters")
        source.withMemoryRebound(to: UInt8.self) { source in
            target.withMemoryRebound(to: UInt8.self) { target in
                guard let first = source.baseAddress, let start = target.baseAddress else { return }
                caption_base64_encode(first, source.count, start)
            }
        }
    }
}
