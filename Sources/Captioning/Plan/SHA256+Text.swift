import Crypto
import Foundation

extension SHA256 {
    /// Takes a text in behind its length, so that no two rows of texts come to the same bytes.
    mutating func update(text: String) {
        update(bytes: Array(text.utf8))
    }

    /// The same with bytes.
    mutating func update(bytes: [UInt8]) {
        withUnsafeBytes(of: UInt64(bytes.count).littleEndian) { update(bufferPointer: $0) }
        update(data: bytes)
    }
}
