extension ImageStructure {
    /// Whether the outermost boxes of an ISO media file end with the file, and whether every box, item and property is one
    /// of a picture's (ISO/IEC 23008-12).
    ///
    /// Surplus is never separable: items are found by their offsets in the file.
    static func isoMedia(_ bytes: ByteView) -> ImageStructure {
        ImageStructure(isWhole: endsWithBoxes(bytes), surplus: holdsOnlyPicture(bytes) ? .none : .inseparable)
    }

    private static func endsWithBoxes(_ bytes: ByteView) -> Bool {
        var offset = 0
        for _ in 0..<ByteView.mostSteps {
            guard offset < bytes.count else { break }
            guard let short = bytes.big(at: offset, bytes: 4) else { return false }
            // 0 means up to the end of the file, 1 that the size stands behind the type.
            guard short != 0 else { break }
            guard let size = short == 1 ? bytes.big(at: offset + 8, bytes: 8) : short, size >= 8,
                size <= bytes.count - offset
            else { return false }
            offset += size
        }
        return true
    }

    private static let metaBoxes: Set<String> = [
        "hdlr", "pitm", "iloc", "iinf", "iprp", "iref", "idat", "dinf", "grpl",
    ]

    /// Coded pictures, and pictures made of others; not `Exif`, `mime` (XMP), `uri ` and the like.
    private static let pictureItems: Set<String> = [
        "hvc1", "hev1", "lhv1", "av01", "avc1", "vvc1", "grid", "iovl", "iden", "tmap",
    ]

    /// Sizes, colours, turns and codecs' settings; not names, descriptions or times (`udes`, `altt`, `crtt`, `uuid`).
    private static let pictureProperties: Set<String> = [
        "ispe", "pixi", "colr", "pasp", "clap", "irot", "imir", "auxC", "rloc", "lsel", "hvcC", "lhvC", "av1C", "avcC",
        "vvcC", "a1op", "a1lx", "clli", "mdcv", "cclv", "amve", "oinf", "tols",
    ]

    private static func holdsOnlyPicture(_ bytes: ByteView) -> Bool {
        var hasMeta = false
        for box in ISOBoxes(bytes) {
            switch box.type {
            case "ftyp", "mdat": break
            case "free", "skip": guard bytes.isZero(box.content) else { return false }
            case "meta":
                guard !hasMeta, isPictureMeta(bytes, box.content) else { return false }
                hasMeta = true
            default: return false
            }
        }
        return hasMeta
    }

    /// Whether what stands in `meta`, behind its version and flags, describes pictures alone.
    private static func isPictureMeta(_ bytes: ByteView, _ meta: Range<Int>) -> Bool {
        var hasItems = false
        for box in ISOBoxes(bytes, in: meta, skipping: 4) {
            switch box.type {
            // Behind 20 bytes stands the writer's name of the handler.
            case "hdlr": guard bytes.isZero(box.content.dropFirst(20)) else { return false }
            case "iinf":
                guard holdsOnlyPictures(bytes, itemList: box.content) else { return false }
                hasItems = true
            case "iprp":
                for part in ISOBoxes(bytes, in: box.content) {
                    guard part.type == "ipma" || part.type == "ipco" && hasOnlyLooks(bytes, part.content) else {
                        return false
                    }
                }
            case "free", "skip": guard bytes.isZero(box.content) else { return false }
            default: guard metaBoxes.contains(box.type) else { return false }
            }
        }
        return hasItems
    }

    private static func holdsOnlyPictures(_ bytes: ByteView, itemList content: Range<Int>) -> Bool {
        let countBytes = bytes[content.lowerBound] == 0 ? 2 : 4
        for item in ISOBoxes(bytes, in: content, skipping: 4 + countBytes) {
            // From version 2 on an item has a type, behind its number and protection; then comes a name.
            let start = item.content.lowerBound
            guard item.type == "infe", let version = bytes[start], version == 2 || version == 3 else { return false }
            let type = start + 4 + (version == 2 ? 2 : 4) + 2
            guard type + 4 <= item.content.upperBound, pictureItems.contains(bytes.text(type..<type + 4)),
                bytes.isZero(type + 4..<item.content.upperBound)
            else { return false }
        }
        return true
    }

    private static func hasOnlyLooks(_ bytes: ByteView, _ properties: Range<Int>) -> Bool {
        for property in ISOBoxes(bytes, in: properties) {
            if property.type == "free" || property.type == "skip" {
                guard bytes.isZero(property.content) else { return false }
            } else if !pictureProperties.contains(property.type) {
                return false
            }
        }
        return true
    }
}
