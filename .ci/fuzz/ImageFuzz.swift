import Foundation

/// What libFuzzer calls with every input: whatever the bytes are, reading them ends, and promises nothing impossible.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    // A slice in the middle of other memory, as files come.
    let data = (Data([0xFF]) + Data(bytes: start, count: count)).dropFirst()
    guard let header = try? ImageHeader(parsing: data) else { return 0 }
    precondition(header.width > 0 && header.height > 0)
    precondition((1...8).contains(header.orientation))
    precondition(header.uprightSize.pixels > 0)
    if header.format == .bmp, let bitmap = Bitmap(data) {
        let shown = try? ImageHeader(parsing: bitmap.tiff)
        precondition(shown?.uprightSize == header.uprightSize && shown?.format == .tiff)
    }
    let structure = ImageStructure(of: data, header.format)
    var end = 0
    if case .separable(let pieces) = structure.surplus {
        for case .file(let range) in pieces {
            precondition(range.lowerBound >= end && range.upperBound <= data.count)
            end = range.upperBound
        }
    }
    if let alone = structure.withoutSurplus(data) {
        precondition(alone.count <= data.count)
        // Without its surplus it is the same picture, and has no more surplus.
        let again = try? ImageHeader(parsing: alone)
        precondition(again == nil || again?.format == header.format)
        let rest = ImageStructure(of: alone, header.format)
        precondition(rest.isWhole && rest.surplus == .none)
    }
    return 0
}
