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
    for range in structure.needed ?? [] {
        precondition(range.lowerBound >= end && range.upperBound <= data.count)
        end = range.upperBound
    }
    if let stripped = structure.withoutMetadata(data, header.format) {
        precondition(stripped.count < data.count)
        // Without its metadata it is the same picture.
        let again = try? ImageHeader(parsing: stripped)
        precondition(again == nil || again?.format == header.format)
    }
    return 0
}
