/// Columns and rows of a picture, at least 1 each.
public struct PixelSize: Hashable, Sendable, Codable {
    /// Pixels per row.
    public var width: Int
    /// Rows.
    public var height: Int

    /// A size.
    public init(width: Int, height: Int) {
        self.width = width
        self.height = height
    }

    /// Pixels in all; `Int.max` when they are more.
    public var pixels: Int {
        let (product, overflow) = width.multipliedReportingOverflow(by: height)
        return overflow ? .max : product
    }

    /// As people write it: `4032x3024`.
    public var text: String { "\(width)x\(height)" }

    /// The largest size of the same shape with at most so many pixels; the size itself when it has no more.
    public func fitted(toPixels most: Int) -> PixelSize {
        guard pixels > most else { return self }
        let shrink = (Double(most) / (Double(width) * Double(height))).squareRoot()
        var size = PixelSize(
            width: max(1, Int((Double(width) * shrink).rounded(.down))),
            height: max(1, Int((Double(height) * shrink).rounded(.down))))
        // A side of one pixel cannot shrink: the other one must.
        if size.pixels > most {
            size = width > height ? PixelSize(width: most, height: 1) : PixelSize(width: 1, height: most)
        }
        return size
    }
}
