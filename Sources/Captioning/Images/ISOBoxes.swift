/// The boxes of an ISO media file (ISO/IEC 14496-12), one after the other, within one range.
///
/// A box that claims to be longer than its surroundings ends with them; one shorter than its own head ends the walk.
struct ISOBoxes: Sequence, IteratorProtocol {
    struct Box {
        let type: String
        let content: Range<Int>
    }

    private let bytes: ByteView
    private let end: Int
    private var offset: Int
    private var steps = 0

    init(_ bytes: ByteView, in range: Range<Int>? = nil, skipping prefix: Int = 0) {
        self.bytes = bytes
        self.offset = (range?.lowerBound ?? 0) + prefix
        self.end = range?.upperBound ?? bytes.count
    }

    mutating func next() -> Box? {
        guard steps < ByteView.mostSteps, offset < end, end - offset >= 8, var size = bytes.big(at: offset, bytes: 4)
        else { return nil }
        let type = bytes.text(offset + 4..<offset + 8)
        var head = 8
        if size == 1 {
            guard let wide = bytes.big(at: offset + 8, bytes: 8) else { return nil }
            (size, head) = (wide, 16)
        } else if size == 0 {
            size = end - offset
        }
        guard size >= head else { return nil }
        let boxEnd = size < end - offset ? offset + size : end
        guard offset + head <= boxEnd else { return nil }
        steps += 1
        defer { offset = boxEnd }
        return Box(type: type, content: offset + head..<boxEnd)
    }
}
