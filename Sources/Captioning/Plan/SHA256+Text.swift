import Crypto
import Foundation

extension SHA256 {
    /// Takes a text in behind its length, so that no two rows of texts come to the same bytes.
    mutating func update(text: String) {
        withUnsafeBytes(of: UInt64(text.utf8.count).littleEndian) { update(bufferPointer: $0) }
        update(data: Data(text.utf8))
    }
}
