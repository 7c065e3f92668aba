/// Which files of a folder are planned, and under which names.
struct FolderNames {
    private let prefix: [UInt8]
    private let include: [Glob]
    private let exclude: [Glob]
    private let storeFiles: Set<[UInt8]>

    /// - Parameters:
    ///   - prefix: The folder's own name, which its files' names begin with; empty for the job's root.
    ///   - include: Which files to take; none means those with an image's ending.
    ///   - exclude: Which of them to leave out.
    ///   - storeFiles: Paths below the folder that are never images.
    init(prefix: [UInt8], include: [Glob], exclude: [Glob], storeFiles: Set<[UInt8]>) {
        self.prefix = prefix.isEmpty ? [] : prefix + [UInt8(ascii: "/")]
        self.include = include
        self.exclude = exclude
        self.storeFiles = storeFiles
    }

    /// The name of the file at a path below the folder; nil when it is not planned.
    func name(of path: [UInt8]) -> ImageName? {
        let isWanted = include.isEmpty ? hasImageEnding(path) : include.contains { $0.matches(path) }
        guard isWanted, !exclude.contains(where: { $0.matches(path) }), storeFiles.isEmpty || !storeFiles.contains(path)
        else { return nil }
        return ImageName(bytes: prefix.isEmpty ? path : prefix + path)
    }

    private static let endings = Set(ImageFormat.fileExtensions.map { Array($0.utf8) })
    private static let longestEnding = ImageFormat.fileExtensions.map(\.utf8.count).max() ?? 0

    private func hasImageEnding(_ path: [UInt8]) -> Bool {
        guard let dot = path.suffix(Self.longestEnding + 1).lastIndex(of: UInt8(ascii: ".")) else { return false }
        return Self.endings.contains(path[(dot + 1)...].map(lowercased))
    }
}
