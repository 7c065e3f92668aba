extension ImageHeader {
    /// The size of the primary item of a HEIC or AVIF file; of the largest item when that one names none.
    ///
    /// `meta` holds `pitm` (which item is the image) and `iprp`, which holds `ipco` (all properties) and `ipma` (which
    /// properties an item has). `ispe` is the property with the size, `clap` the one that cuts off a codec's padding.
    static func heif(_ bytes: ByteView) -> Facts? {
        guard let meta = ISOBoxes(bytes).first(where: { $0.type == "meta" }) else { return nil }
        var primary: Int?
        var sizes: [Int: Facts] = [:]
        var cuts: [Int: Facts] = [:]
        var turns: Set<Int> = []
        var associations: [Range<Int>] = []
        // The content of `meta` begins with four bytes of version and flags.
        for box in ISOBoxes(bytes, in: meta.content, skipping: 4) {
            if box.type == "pitm", let version = bytes[box.content.lowerBound] {
                primary = bytes.big(at: box.content.lowerBound + 4, bytes: version == 0 ? 2 : 4)
            }
            guard box.type == "iprp" else { continue }
            for part in ISOBoxes(bytes, in: box.content) {
                if part.type == "ipco" { (sizes, cuts, turns) = properties(bytes, in: part.content) }
                if part.type == "ipma", associations.count < 64 { associations.append(part.content) }
            }
        }
        func number(where fits: (Int) -> Bool) -> Int? {
            guard let primary else { return nil }
            for part in associations {
                if let number = property(of: primary, in: part, bytes, where: fits) { return number }
            }
            return nil
        }
        func own(_ properties: [Int: Facts]) -> Facts? {
            properties.isEmpty ? nil : number { properties[$0] != nil }.flatMap { properties[$0] }
        }
        guard var facts = own(sizes) ?? sizes.values.max(by: { $0.area < $1.area }) else { return nil }
        if let cut = own(cuts), cut.width <= facts.width, cut.height <= facts.height { facts = cut }
        facts.isTurnedByDecoder = !turns.isEmpty && number(where: turns.contains) != nil
        facts.isAnimated = sequenceBrands.contains(ImageFormat.brands(bytes).first ?? "")
        return facts
    }

    private static let sequenceBrands: Set<String> = ["avis", "hevc", "hevx", "hevm", "hevs", "msf1"]

    /// The `ispe` and `clap` properties by their number, from 1, and the numbers of the `irot` by a quarter.
    ///
    /// The number has 15 bits, so there are no more.
    private static func properties(
        _ bytes: ByteView, in content: Range<Int>
    ) -> (sizes: [Int: Facts], cuts: [Int: Facts], turns: Set<Int>) {
        var sizes: [Int: Facts] = [:]
        var cuts: [Int: Facts] = [:]
        var turns: Set<Int> = []
        for (index, box) in ISOBoxes(bytes, in: content).prefix(0x7FFF).enumerated() {
            func number(_ place: Int) -> Int? { bytes.big(at: box.content.lowerBound + place, bytes: 4) }
            if box.type == "irot", let angle = bytes[box.content.lowerBound], angle % 2 == 1 {
                turns.insert(index + 1)
            }
            if box.type == "ispe", let width = number(4), let height = number(8) {
                sizes[index + 1] = Facts(width: width, height: height)
            }
            // Both sides of the clean aperture are fractions.
            if box.type == "clap", let width = number(0), let widthParts = number(4), let height = number(8),
                let heightParts = number(12), widthParts > 0, heightParts > 0, width >= widthParts,
                height >= heightParts
            {
                cuts[index + 1] = Facts(width: width / widthParts, height: height / heightParts)
            }
        }
        return (sizes, cuts, turns)
    }

    /// The number of the item's first property that fits.
    private static func property(
        of wanted: Int, in content: Range<Int>, _ bytes: ByteView, where fits: (Int) -> Bool
    ) -> Int? {
        var offset = content.lowerBound
        guard let version = bytes[offset], let flags = bytes[offset + 3],
            let count = bytes.big(at: offset + 4, bytes: 4)
        else { return nil }
        let idBytes = version < 1 ? 2 : 4
        let numberBytes = flags & 1 == 0 ? 1 : 2
        offset += 8
        for _ in 0..<min(count, ByteView.mostSteps) {
            guard offset < content.upperBound, let item = bytes.big(at: offset, bytes: idBytes),
                let properties = bytes[offset + idBytes]
            else { return nil }
            offset += idBytes + 1
            for _ in 0..<properties {
                guard let number = bytes.big(at: offset, bytes: numberBytes) else { return nil }
                offset += numberBytes
                // The highest bit says that a reader must understand the property.
                let index = number & (numberBytes == 1 ? 0x7F : 0x7FFF)
                if item == wanted, fits(index) { return index }
            }
        }
        return nil
    }

    /// `ihdr` inside `jp2h`, or the SIZ segment of a bare codestream.
    static func jpeg2000(_ bytes: ByteView) -> Facts? {
        if bytes.has([0xFF, 0x4F, 0xFF, 0x51]) {
            guard let right = bytes.big(at: 8, bytes: 4), let bottom = bytes.big(at: 12, bytes: 4),
                let left = bytes.big(at: 16, bytes: 4), let top = bytes.big(at: 20, bytes: 4)
            else { return nil }
            return Facts(width: right - left, height: bottom - top)
        }
        guard let header = ISOBoxes(bytes).first(where: { $0.type == "jp2h" }),
            let size = ISOBoxes(bytes, in: header.content).first(where: { $0.type == "ihdr" }),
            let height = bytes.big(at: size.content.lowerBound, bytes: 4),
            let width = bytes.big(at: size.content.lowerBound + 4, bytes: 4)
        else { return nil }
        return Facts(width: width, height: height)
    }
}

extension ImageHeader.Facts {
    /// Sides are below 2³², so that only a product near the limit of `Int` is cut.
    fileprivate var area: Int {
        let product = width.multipliedReportingOverflow(by: height)
        return product.overflow ? Int.max : product.partialValue
    }
}
