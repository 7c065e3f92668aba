import Foundation
import Testing

@testable import Captioning

struct Base64Tests {
    @Test(arguments: Array(0...80) + [191, 192, 193, 1000, 196_607, 196_608, 196_609])
    func `it encodes as Foundation does`(_ count: Int) {
        var generator = SplitMix64(seed: UInt64(count))
        let bytes = (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        var text = [UInt8](repeating: 0, count: Base64.length(of: count))
        bytes.withUnsafeBytes { source in text.withUnsafeMutableBytes { Base64.encode(source, into: $0) } }
        #expect(Data(text) == Data(bytes).base64EncodedData())
    }
}
