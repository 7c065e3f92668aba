extension ImageStructure {
    /// Whether every directory of the file, of whichever page, holds only what tells how pixels lie, and whether the
    /// directories account for the file's bytes.
    ///
    /// Surplus is not separable: everything is found by its offset. Where a TIFF ends, its format does not tell.
    static func tiff(_ bytes: ByteView) -> ImageStructure {
        var walk = TIFFWalk()
        let isPicture = TIFFDirectory(bytes).map { walk.isPicture($0) } ?? false
        let isAccountedFor = bytes.count - walk.accountedBytes <= walk.parts * TIFFWalk.mostPadding
        return ImageStructure(isWhole: true, surplus: isPicture && isAccountedFor ? .none : .inseparable)
    }
}

/// A walk over the directories of a TIFF file.
private struct TIFFWalk {
    /// Between two parts of a file lie no more bytes than these, which align them.
    static let mostPadding = 16
    /// More pages, and pages within pages, than those of a picture.
    private static let mostDirectories = 256

    /// Bytes of the file that the directories have a use for.
    private(set) var accountedBytes = 8
    /// The parts in which they lie.
    private(set) var parts = 1
    private var seen: Set<Int> = []

    /// Tags that tell how pixels lie and what they mean (TIFF 6.0 and its supplements; 34675 is the colour profile).
    private static let pictureTags: Set<Int> = Set(
        [
            // Sizes, depths, packing, strips, tiles.
            254...259, 262...266, 273...274, 277...284, 290...293, 296...297, 317...325, 338...341, 347...347,
            // Transfer functions, halftones, inks by number, JPEG's tables of old, YCbCr.
            301...301, 332...332, 334...334, 336...336, 342...342, 512...521, 529...532, 34675...34675,
        ].joined())

    /// A picture within the picture, such as a smaller one.
    private static let subdirectories = 330
    /// The lengths of strips and of tiles.
    private static let lengths: Set<Int> = [279, 325]

    /// Whether a directory and all behind and below it describe pictures alone.
    mutating func isPicture(_ directory: TIFFDirectory) -> Bool {
        var waiting = [directory]
        while let directory = waiting.popLast() {
            guard seen.insert(directory.offset).inserted, seen.count <= Self.mostDirectories else { return false }
            add(directory.byteCount, parts: 1)
            for field in directory.fields {
                // Text is never structure, whatever its tag says.
                guard let values = field.values, field.type != 2 else { return false }
                if !field.isInside { add(values.count, parts: 1) }
                if field.tag == Self.subdirectories {
                    guard let offsets = directory.numbers(of: field, upTo: Self.mostDirectories + 1) else {
                        return false
                    }
                    for offset in offsets {
                        guard let below = directory.directory(at: offset) else { return false }
                        waiting.append(below)
                    }
                } else if !Self.pictureTags.contains(field.tag) || !isPlain(field, in: directory) {
                    return false
                } else if Self.lengths.contains(field.tag) {
                    guard let lengths = directory.numbers(of: field, upTo: .max) else { return false }
                    for length in lengths { add(length, parts: 1) }
                }
            }
            guard let next = directory.next else { return false }
            if next != 0 {
                guard let behind = directory.directory(at: next) else { return false }
                waiting.append(behind)
            }
        }
        return true
    }

    /// Whether pixels are not packed as JPEG files (6 and 7), which may carry metadata of their own.
    private func isPlain(_ field: TIFFDirectory.Field, in directory: TIFFDirectory) -> Bool {
        guard field.tag == 259 else { return true }
        let packing = directory.numbers(of: field, upTo: 1)?.first
        return packing != nil && packing != 6 && packing != 7
    }

    private mutating func add(_ bytes: Int, parts count: Int) {
        let (sum, overflow) = accountedBytes.addingReportingOverflow(bytes)
        accountedBytes = overflow ? .max : sum
        parts += count
    }
}
