extension ImageHeader {
    /// The size in the first directory, with what else it says of the pixels.
    static func tiff(_ bytes: ByteView) -> Facts? {
        guard let values = TIFFDirectory(bytes)?.values(of: [256, 257, 258, 262, 274]), let width = values[256],
            let height = values[257]
        else { return nil }
        var facts = Facts(width: width, height: height)
        facts.isDeep = values[258] ?? 8 > 8
        facts.isCMYK = values[262] == 5
        if let orientation = values[274], (1...8).contains(orientation) { facts.orientation = orientation }
        return facts
    }
}
