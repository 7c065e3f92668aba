extension ImageStructure {
    /// The chunks of pixels, of their colours and of an animation (developers.google.com/speed/webp/docs/riff_container).
    private static let pictureChunks: Set<String> = ["VP8X", "VP8 ", "VP8L", "ALPH", "ANIM", "ANMF", "ICCP"]
    /// What a frame of an animation is made of.
    private static let frameChunks: Set<String> = ["VP8 ", "VP8L", "ALPH"]

    static func webp(_ bytes: ByteView) -> ImageStructure {
        guard let size = bytes.little(at: 4, bytes: 4), size >= 4, size <= bytes.count - 8 else {
            return ImageStructure(isWhole: false, surplus: .inseparable)
        }
        var parts = PictureParts()
        var offset = 12
        let end = 8 + size
        while offset < end {
            guard let length = bytes.little(at: offset + 4, bytes: 4), length <= end - offset - 8 else {
                return ImageStructure(isWhole: false, surplus: .inseparable)
            }
            let next = min(offset + 8 + length + length % 2, bytes.count)
            let type = bytes.text(offset..<offset + 4)
            let isOther =
                type == "ANMF" && (length < 16 || !holdsOnlyFrame(bytes, in: offset + 24..<offset + 8 + length))
                || type == "VP8X" && length < 10
            if isOther {
                return ImageStructure(isWhole: true, surplus: .inseparable)
            }
            if type == "VP8X" {
                addCanvas(offset..<next, of: bytes, to: &parts)
            } else if pictureChunks.contains(type) {
                parts.keep(offset..<next)
            }
            offset = next
        }
        var whole = PictureParts()
        if parts.count + 4 == size, end == bytes.count {
            whole.keep(0..<12)
        } else {
            whole.write(bytes.bytes(0..<4) + littleEndianBytes(parts.count + 4, 4) + bytes.bytes(8..<12))
        }
        whole.append(parts)
        return ImageStructure(isWhole: true, surplus: whole.surplus(ofFileWith: bytes.count))
    }

    /// Adds the head of an extended file, whose flags tell which chunks follow: no EXIF and no XMP any more.
    private static func addCanvas(_ chunk: Range<Int>, of bytes: ByteView, to parts: inout PictureParts) {
        var head = bytes.bytes(chunk.lowerBound..<chunk.lowerBound + 18)
        guard head[8] & 0x0C != 0 || chunk.count > 18 else { return parts.keep(chunk) }
        head.replaceSubrange(4..<8, with: littleEndianBytes(10, 4))
        head[8] &= ~0x0C
        parts.write(head)
    }

    private static func holdsOnlyFrame(_ bytes: ByteView, in content: Range<Int>) -> Bool {
        var offset = content.lowerBound
        while offset < content.upperBound {
            guard frameChunks.contains(bytes.text(offset..<offset + 4)),
                let length = bytes.little(at: offset + 4, bytes: 4)
            else { return false }
            offset += 8 + length + length % 2
        }
        return true
    }
}

extension PictureParts {
    fileprivate mutating func append(_ other: PictureParts) {
        for piece in other.pieces {
            switch piece {
            case .file(let range): keep(range)
            case .bytes(let bytes): write(bytes)
            }
        }
    }
}
