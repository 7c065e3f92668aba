public import SystemPackage

/// Turns a job's image sources into items: files on disk, URLs and groups, each with every prompt.
///
/// Order: sources as the spec lists them, files of a folder by the bytes of their path, prompts as the spec lists them.
/// Nothing is opened or read; what cannot be read fails later, as an item.
public struct Planner: Sendable {
    /// What the walk noticed and a person may want to know.
    public struct Notes: Hashable, Sendable {
        /// Directories that could not be listed.
        public var warnings: [String] = []
        /// Files in the job's folders that are no images by their name, or that the globs leave out.
        public var skippedFiles = 0

        /// No notes.
        public init() {}
    }

    /// The job that is planned.
    public let job: Job

    /// A planner for the job.
    public init(job: Job) {
        self.job = job
    }

    /// Calls `visit` for every item in order, with its place from 0.
    ///
    /// An image that two sources name counts once, at its first place.
    ///
    /// - Throws: `SpecError` when a folder does not exist or no image is found at all; whatever `visit` throws.
    public func forEachItem(_ visit: (Item.Key, Int) throws -> Void) throws -> Notes {
        var notes = Notes()
        var position = 0
        var problems: [SpecError.Problem] = []
        var seen = SeenImages(job: job, name: name(of:))
        func add(_ kind: Item.Kind, _ image: ImageName) throws {
            guard seen.isNew(kind, image) else { return }
            for prompt in job.prompts {
                try visit(Item.Key(kind: kind, image: image, promptID: prompt.id), position)
                position += 1
            }
        }
        for (index, source) in job.images.enumerated() {
            switch source {
            case .files(let files):
                for file in files { try add(.file, name(of: FilePath(file))) }
            case .urls(let urls):
                for url in urls { try add(.url, ImageName(url)) }
            case .group(let name, _):
                try add(.group, ImageName(name))
            case .folder(let path, let include, let exclude):
                let (before, skippedBefore, repeatedBefore) = (position, notes.skippedFiles, seen.repeated)
                let folder = FilePath(path)
                let directory = job.root.pushing(folder)
                guard isDirectory(directory) else {
                    let found = exists(directory) ? "is no folder" : "does not exist"
                    problems.append(
                        .init(
                            keyPath: "images[\(index)].folder", message: "'\(directory.string)' \(found)",
                            hint: "paths are relative to the spec's own folder"))
                    continue
                }
                try walk(directory, folder, include.map(Glob.init), exclude.map(Glob.init), &notes) {
                    try add(.file, $0)
                }
                if position == before, seen.repeated == repeatedBefore {
                    let skipped = notes.skippedFiles - skippedBefore
                    problems.append(
                        .init(
                            keyPath: "images[\(index)].folder", message: "no image in '\(directory.string)'",
                            hint: skipped > 0
                                ? "\(skipped) other files were left out; 'include' says which names count"
                                : "the folder is empty"))
                }
            }
        }
        guard problems.isEmpty else { throw SpecError(problems) }
        return notes
    }

    /// The names of an item's image files, one for a file, several for a group, none for a URL.
    public func files(of key: Item.Key) -> [FilePath] {
        switch key.kind {
        case .url: []
        case .file: [job.root.pushing(path(of: key.image.bytes))]
        case .group:
            job.images.lazy.compactMap { source in
                if case .group(let name, let files) = source, ImageName(name) == key.image { files } else { nil }
            }.first?.map { job.root.pushing(FilePath($0)) } ?? []
        }
    }

    private func walk(
        _ directory: FilePath, _ folder: FilePath, _ include: [Glob], _ exclude: [Glob], _ notes: inout Notes,
        _ add: (ImageName) throws -> Void
    ) throws {
        let storeFiles = ["", "-wal", "-shm", "-journal", ".lock"].map {
            job.store.lexicallyNormalized().bytes + Array($0.utf8)
        }
        let prefix = name(of: folder).bytes
        let base = directory.lexicallyNormalized().bytes
        var skipped = 0
        var walk = FolderWalk(root: directory)
        try walk.forEachFile { path in
            let isWanted = include.isEmpty ? hasImageExtension(path) : include.contains { $0.matches(path) }
            guard isWanted, !exclude.contains(where: { $0.matches(path) }),
                !storeFiles.contains(base + [UInt8(ascii: "/")] + path)
            else {
                skipped += 1
                return
            }
            try add(ImageName(bytes: prefix.isEmpty ? path : prefix + [UInt8(ascii: "/")] + path))
        }
        notes.skippedFiles += skipped
        notes.warnings += walk.unreadable.map { entry in
            let below = ImageName(bytes: entry.path).display
            return "cannot list '\(directory.string)\(below.isEmpty ? "" : "/" + below)': \(entry.reason)"
        }
    }

    /// The path as it is stored: without `.` components, relative to the root when it lies below.
    private func name(of path: FilePath) -> ImageName {
        var clean = path.lexicallyNormalized()
        if clean.isAbsolute {
            var relative = clean
            if relative.removePrefix(job.root.lexicallyNormalized()) { clean = relative }
        }
        let bytes = clean.bytes
        return ImageName(bytes: bytes == [UInt8(ascii: ".")] ? [] : bytes)
    }

    private func hasImageExtension(_ path: [UInt8]) -> Bool {
        guard let dot = path.lastIndex(of: UInt8(ascii: ".")) else { return false }
        let ending = String(decoding: path[(dot + 1)...], as: UTF8.self).lowercased()
        return ImageFormat.fileExtensions.contains(ending)
    }
}
