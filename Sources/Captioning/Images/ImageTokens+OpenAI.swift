extension ImageTokens {
    /// How one family of OpenAI's models counts an image that is seen in detail.
    ///
    /// <https://platform.openai.com/docs/guides/images-vision>
    public enum OpenAIRule: Hashable, Sendable {
        /// `base`, and `tile` for every square of 512 pixels of the image reduced to 2048×2048 and a shorter side of 768.
        case tiles(base: Int, tile: Int)
        /// Squares of 32 pixels, no more than `most` of the image reduced to a side of `side`; one costs `percent` of a
        /// token.
        case patches(most: Int, side: Int, percent: Int)

        /// Patches as most models count them.
        static func patches(percent: Int) -> OpenAIRule { .patches(most: 1536, side: 2048, percent: percent) }

        /// The rule of a model; nil when the vendor's guide does not name its family.
        ///
        /// Case does not count, nor does a vendor's prefix such as `openai/`. The longest family name that begins the
        /// model's name decides, so `gpt-4.1-mini-2025-04-14` is a `gpt-4.1-mini` and no `gpt-4.1`.
        public static func rule(forModel model: String) -> OpenAIRule? {
            let name = KnownModels.bareName(model)
            return families.filter { isFamily($0.name, of: name) }.max { $0.name.count < $1.name.count }?.rule
        }

        /// Newer models take pictures as they are unless told otherwise; the price of their patches is hearsay.
        private static let families: [(name: String, rule: OpenAIRule)] = [
            ("gpt-4o", .tiles(base: 85, tile: 170)), ("gpt-4.1", .tiles(base: 85, tile: 170)),
            ("gpt-4.5", .tiles(base: 85, tile: 170)), ("gpt-4o-mini", .tiles(base: 2833, tile: 5667)),
            ("gpt-5", .tiles(base: 70, tile: 140)), ("o1", .tiles(base: 75, tile: 150)),
            ("o3", .tiles(base: 75, tile: 150)), ("computer-use-preview", .tiles(base: 65, tile: 129)),
            ("gpt-5-mini", .patches(percent: 162)), ("gpt-5-nano", .patches(percent: 246)),
            ("gpt-4.1-mini", .patches(percent: 162)), ("gpt-4.1-nano", .patches(percent: 246)),
            ("o4-mini", .patches(percent: 172)), ("gpt-5.4", .patches(most: 2500, side: 2048, percent: 120)),
            ("gpt-5.5", .patches(most: 10_000, side: 6000, percent: 120)),
            ("gpt-5.6", .patches(most: 10_000, side: 6000, percent: 120)),
        ]

        private static func isFamily(_ family: String, of name: String) -> Bool {
            guard name.hasPrefix(family) else { return false }
            return name.dropFirst(family.count).first.map { !$0.isLetter && !$0.isNumber } ?? true
        }
    }

    /// Tokens of one image for an OpenAI model.
    ///
    /// | image | gpt-4o | gpt-5 | patches of gpt-5-mini |
    /// |---|---|---|---|
    /// | 640×480 | 425 | 350 | 300 |
    /// | 1024×1024 | 765 | 630 | 1024 |
    /// | 1920×1080 | 1105 | 910 | 1508 |
    ///
    /// - Parameters:
    ///   - width: Pixels per row; less than 1 counts as 1.
    ///   - height: Rows; less than 1 counts as 1.
    ///   - rule: How the model counts.
    /// - Returns: Tokens, rounded up.
    public static func openAI(width: Int, height: Int, rule: OpenAIRule) -> Int {
        switch rule {
        case .tiles(let base, let tile):
            base + tile * openAITiles(width: width, height: height)
        case .patches(let most, let side, let percent):
            (openAIPatches(width: width, height: height, most: most, side: side) * percent + 99) / 100
        }
    }

    /// The most that an image can cost, whatever its size.
    static func openAIMost(rule: OpenAIRule) -> Int {
        switch rule {
        // 2048×768 is the largest that the reduction leaves.
        case .tiles(let base, let tile): base + tile * 8
        case .patches(let most, _, let percent): (most * percent + 99) / 100
        }
    }

    /// The size to which an image is reduced before it is counted.
    static func openAIReduced(_ size: PixelSize, rule: OpenAIRule) -> PixelSize {
        let reduced =
            switch rule {
            case .tiles: tileSize(width: size.width, height: size.height)
            case .patches(let most, let side, _):
                patchSize(width: size.width, height: size.height, most: most, side: Double(side))
            }
        // But for the last digits, so that 768.0000001 is 768.
        return PixelSize(
            width: max(1, Int((reduced.width + 1e-6).rounded(.down))),
            height: max(1, Int((reduced.height + 1e-6).rounded(.down))))
    }

    private static func tileSize(width: Int, height: Int) -> (width: Double, height: Double) {
        let size = fitted(width: width, height: height, side: 2048)
        let shorter = min(size.width, size.height)
        return shorter > 768 ? (size.width * 768 / shorter, size.height * 768 / shorter) : size
    }

    private static func patchSize(
        width: Int, height: Int, most: Int, side: Double
    ) -> (width: Double, height: Double) {
        let size = fitted(width: width, height: height, side: side)
        let (columns, rows) = (size.width / 32, size.height / 32)
        guard ceiling(columns) * ceiling(rows) > Double(most) else { return size }
        let shrink = (Double(most) / (columns * rows)).squareRoot()
        let (fewerColumns, fewerRows) = (columns * shrink, rows * shrink)
        let trim = min(whole(fewerColumns) / fewerColumns, whole(fewerRows) / fewerRows)
        return (fewerColumns * trim * 32, fewerRows * trim * 32)
    }

    /// Squares of 512 pixels.
    static func openAITiles(width: Int, height: Int) -> Int {
        let size = tileSize(width: width, height: height)
        return Int(ceiling(size.width / 512) * ceiling(size.height / 512))
    }

    /// Squares of 32 pixels, at most `most`.
    ///
    /// A larger image is reduced so that one side is a whole number of squares.
    static func openAIPatches(width: Int, height: Int, most: Int, side: Int) -> Int {
        let size = patchSize(width: width, height: height, most: most, side: Double(side))
        return Int(ceiling(size.width / 32) * ceiling(size.height / 32))
    }

    private static func fitted(width: Int, height: Int, side: Double) -> (width: Double, height: Double) {
        let sides = 1...Int(Int32.max)
        let width = Double(min(max(width, sides.lowerBound), sides.upperBound))
        let height = Double(min(max(height, sides.lowerBound), sides.upperBound))
        let shrink = min(1, side / max(width, height))
        return (width * shrink, height * shrink)
    }

    /// Rounds up and down but for the last digits, so that a side of 48.000000001 squares has 48.
    private static func ceiling(_ squares: Double) -> Double { max(1, (squares - 1e-6).rounded(.up)) }
    private static func whole(_ squares: Double) -> Double { max(1, (squares + 1e-6).rounded(.down)) }
}
