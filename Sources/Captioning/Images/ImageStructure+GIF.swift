extension ImageStructure {
    /// Frames, how long each is shown and how often all are; comments and other programs' blocks are surplus.
    ///
    /// Stray bytes between blocks, which decoders pass over, are surplus too.
    static func gif(_ bytes: ByteView) -> ImageStructure {
        var parts = PictureParts()
        var offset = 13 + ImageHeader.colorTableBytes(bytes[10])
        guard offset <= bytes.count else { return ImageStructure(isWhole: false, surplus: .inseparable) }
        parts.keep(0..<offset)
        while let block = bytes[offset] {
            let start = offset
            switch block {
            case 0x21:
                offset = ImageHeader.skipSubBlocks(bytes, from: start + 2)
                guard offset <= bytes.count else { break }
                if isShowing(bytes, start..<offset) { parts.keep(start..<offset) }
            case 0x2C:
                let table = ImageHeader.colorTableBytes(bytes[start + 9])
                offset = ImageHeader.skipSubBlocks(bytes, from: start + 11 + table)
                if offset <= bytes.count { parts.keep(start..<offset) }
            case 0x3B:
                parts.keep(start..<start + 1)
                return ImageStructure(isWhole: true, surplus: parts.surplus(ofFileWith: bytes.count))
            default:
                offset += 1
            }
        }
        return ImageStructure(isWhole: false, surplus: .inseparable)
    }

    /// Whether an extension says how frames are shown: for how long (GIF89a, section 23), or how often all of them.
    private static func isShowing(_ bytes: ByteView, _ block: Range<Int>) -> Bool {
        switch bytes[block.lowerBound + 1] {
        case 0xF9: block.count == 8
        case 0xFF:
            // The only one of many programs' blocks that every decoder reads, in the only length that it has.
            block.count == 19 && bytes[block.lowerBound + 14] == 3
                && (bytes.has("NETSCAPE2.0", at: block.lowerBound + 3)
                    || bytes.has("ANIMEXTS1.0", at: block.lowerBound + 3))
        default: false
        }
    }
}
