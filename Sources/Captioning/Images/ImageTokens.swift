/// How many tokens an image costs, before anything is sent.
///
/// For budgets only: the bill follows the `usage` of the answer.
public enum ImageTokens {
    /// Tokens of one image for a Qwen vision model, with the two markers around it.
    ///
    /// `resized width · resized height / patch² + 2`. With the defaults of two generations:
    ///
    /// | image | patch 28, 1,003,520 px | patch 32, 2,621,440 px |
    /// |---|---|---|
    /// | 640×480 | 393 | 302 |
    /// | 1920×1080 | 1224 | 2042 |
    /// | 4032×3024 | 1232 | 2496 |
    ///
    /// - Parameters:
    ///   - width: Pixels per row; less than 1 counts as 1.
    ///   - height: Rows; less than 1 counts as 1.
    ///   - patch: The side of the square that becomes one token: 32 for Qwen3-VL and later, 28 before.
    ///   - minPixels: Smaller images are enlarged; nil is the vendor's default of four patches.
    ///   - maxPixels: Larger images are reduced; such as `KnownModel.defaultMaxPixels`.
    /// - Returns: Tokens, at least 3.
    public static func qwen(width: Int, height: Int, patch: Int, minPixels: Int? = nil, maxPixels: Int) -> Int {
        let size = qwenSize(width: width, height: height, patch: patch, minPixels: minPixels, maxPixels: maxPixels)
        return (size.width / size.patch) * (size.height / size.patch) + 2
    }

    /// Tokens of one image with `vl_high_resolution_images`, which lifts the limit to 16,384 patches.
    public static func qwenHighResolution(width: Int, height: Int, patch: Int) -> Int {
        let patch = clamped(patch, to: patchSides)
        return qwen(width: width, height: height, patch: patch, maxPixels: 16_384 * patch * patch)
    }

    /// The size to which a Qwen vision model brings an image: multiples of the patch, within the limits, same shape.
    ///
    /// The order of steps and the rounding of halves to even are the vendor's (`smart_resize` of qwen-vl-utils).
    public static func qwenResized(
        width: Int, height: Int, patch: Int, minPixels: Int? = nil, maxPixels: Int
    ) -> (width: Int, height: Int) {
        let size = qwenSize(width: width, height: height, patch: patch, minPixels: minPixels, maxPixels: maxPixels)
        return (size.width, size.height)
    }

    /// Tokens of a whole prompt for a Qwen vision model on DashScope.
    ///
    /// The chat format adds 8, a system message 5 and its text, and a thinking model 2.
    ///
    /// - Parameters:
    ///   - images: Tokens of each image, as `qwen(width:height:patch:minPixels:maxPixels:)` counts them.
    ///   - text: Tokens of the prompt's text.
    ///   - system: Tokens of the system message's text; nil when there is none.
    ///   - thinks: Whether the model thinks before it answers.
    /// - Returns: What `usage.prompt_tokens` should come to.
    public static func qwenPrompt(images: [Int], text: Int, system: Int? = nil, thinks: Bool = false) -> Int {
        images.reduce(0, +) + text + 8 + (system.map { $0 + 5 } ?? 0) + (thinks ? 2 : 0)
    }

    /// Limits that keep every step below exact and far from overflow.
    private static let sides = 1...Int(Int32.max)
    private static let patchSides = 1...1024
    private static let areas = 1...1 << 60

    private static func qwenSize(
        width: Int, height: Int, patch: Int, minPixels: Int?, maxPixels: Int
    ) -> (width: Int, height: Int, patch: Int) {
        let patch = clamped(patch, to: patchSides)
        let width = Double(clamped(width, to: sides))
        let height = Double(clamped(height, to: sides))
        let step = Double(patch)
        let most = Double(clamped(maxPixels, to: areas))
        let least = Double(clamped(minPixels ?? 4 * patch * patch, to: areas))

        func sized(_ scale: (Double) -> Double, _ rounding: FloatingPointRoundingRule) -> (
            width: Double, height: Double
        ) {
            (
                max(step, (scale(width) / step).rounded(rounding) * step),
                max(step, (scale(height) / step).rounded(rounding) * step)
            )
        }
        var size = sized({ $0 }, .toNearestOrEven)
        if size.width * size.height > most {
            let shrink = (width * height / most).squareRoot()
            size = sized({ $0 / shrink }, .down)
        } else if size.width * size.height < least {
            let growth = (least / (width * height)).squareRoot()
            size = sized({ $0 * growth }, .up)
        }
        return (Int(size.width), Int(size.height), patch)
    }

    private static func clamped(_ value: Int, to range: ClosedRange<Int>) -> Int {
        min(max(value, range.lowerBound), range.upperBound)
    }
}
