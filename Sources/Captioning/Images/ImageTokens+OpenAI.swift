extension ImageTokens {
    /// Tokens of one image for an OpenAI model that counts tiles of 512 pixels, at high detail.
    ///
    /// The image is fitted within 2048 × 2048, then its shorter side is brought down to 768
    /// (platform.openai.com/docs/guides/images-vision). With 85 and 170: 1024×1024 → 765, 2048×4096 → 1105.
    ///
    /// - Parameters:
    ///   - width: Pixels per row; less than 1 counts as 1.
    ///   - height: Rows; less than 1 counts as 1.
    ///   - base: Tokens of any image.
    ///   - tile: Tokens of each tile.
    /// - Returns: Tokens.
    public static func openAITiled(width: Int, height: Int, base: Int, tile: Int) -> Int {
        var (width, height) = fitted(Double(max(width, 1)), Double(max(height, 1)), within: 2048)
        let shorter = min(width, height)
        if shorter > 768 {
            width *= 768 / shorter
            height *= 768 / shorter
        }
        return base + tile * squares(width, 512) * squares(height, 512)
    }

    /// Tokens of one image for an OpenAI model that counts patches of 32 pixels, at most 1536.
    ///
    /// With a multiplier of 1: 1024×1024 → 1024, 1800×2400 → 1452 (platform.openai.com/docs/guides/images-vision).
    ///
    /// - Parameters:
    ///   - width: Pixels per row; less than 1 counts as 1.
    ///   - height: Rows; less than 1 counts as 1.
    ///   - multiplier: Tokens per patch.
    /// - Returns: Tokens, rounded to the nearest.
    public static func openAIPatched(width: Int, height: Int, multiplier: Double) -> Int {
        let (width, height) = fitted(Double(max(width, 1)), Double(max(height, 1)), within: 2048)
        var patches = squares(width, 32) * squares(height, 32)
        if patches > mostPatches {
            let scale = (32.0 * 32.0 * Double(mostPatches) / (width * height)).squareRoot()
            let (columns, rows) = (width * scale / 32, height * scale / 32)
            let whole = scale * min(columns.rounded(.down) / columns, rows.rounded(.down) / rows)
            patches = min(squares(width * whole, 32) * squares(height * whole, 32), mostPatches)
        }
        return Int((Double(patches) * multiplier).rounded())
    }

    private static let mostPatches = 1536

    private static func fitted(_ width: Double, _ height: Double, within side: Double) -> (Double, Double) {
        let scale = min(1, side / max(width, height))
        return (width * scale, height * scale)
    }

    /// How many squares cover a length; rounding errors make no new one.
    private static func squares(_ length: Double, _ side: Double) -> Int {
        max(Int((length / side - 1e-6).rounded(.up)), 1)
    }
}
