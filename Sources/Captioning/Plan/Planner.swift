import Crypto
public import Foundation
public import SystemPackage

/// Turns a job's image sources into items: files on disk, URLs and groups, each with every prompt.
///
/// Order: sources as the spec lists them, files of a folder by the bytes of their path, prompts as the spec lists them.
/// No image is opened or read; what cannot be read fails later, as an item.
public struct Planner: Sendable {
    /// What the walk noticed and a person may want to know.
    public struct Notes: Hashable, Sendable {
        /// Directories that could not be listed.
        public var warnings: [String] = []
        /// Files in the job's folders that are no images by their name, or that the globs leave out.
        public var skippedFiles = 0
        /// The columns of the job's manifests, in their order, but for those that name the images.
        public var columns: [String] = []
        /// Whether the plan stays the same as long as the spec and the folders that were walked do.
        public var isLasting = true

        /// No notes.
        public init() {}
    }

    /// The job that is planned.
    public let job: Job

    /// A planner for the job.
    public init(job: Job) {
        self.job = job
    }

    /// SHA-256, 32 bytes, over everything in the spec that decides what is planned and what each item asks.
    public var digest: Data {
        let images = job.images.map { source -> JSONValue in
            func texts(_ texts: [String]) -> JSONValue { .array(texts.map(JSONValue.string)) }
            return switch source {
            case .folder(let path, let include, let exclude):
                .object(["folder": .string(path), "include": texts(include), "exclude": texts(exclude)])
            case .files(let files): .object(["files": texts(files)])
            case .urls(let urls): .object(["urls": texts(urls)])
            case .urlFile(let path): .object(["urls": .string(path)])
            case .manifest(let path, let image): .object(["manifest": .string(path), "image": .string(image)])
            case .archive(let path, let include, let exclude):
                .object(["archive": .string(path), "include": texts(include), "exclude": texts(exclude)])
            case .group(let name, let files): .object(["group": .string(name), "files": texts(files)])
            }
        }
        let requests = RequestVersion.versions(of: job).map { version -> JSONValue in
            .object(["id": .string(version.promptID), "digest": .string(version.digest.base64EncodedString())])
        }
        let json = JSONValue.object([
            // One more whenever the rules of planning change, such as the endings of image files.
            "rules": .int(2), "name": .string(job.name), "root": .string(job.root.string),
            "store": .string(job.store.string), "images": .array(images), "requests": .array(requests),
        ])
        return Data(SHA256.hash(data: json.canonicalData))
    }

    /// Makes sure that every folder exists and has an image, without walking further than to the first.
    ///
    /// - Throws: `SpecError` when one has not.
    public func requireImages() throws {
        _ = try walkSources(firstOnly: true, enter: { _ in }) { _ in }
    }

    /// Calls `visit` for every item in order, with its place from 0, and `enter` for every folder that is walked.
    ///
    /// An image that two sources name counts once, at its first place.
    ///
    /// - Throws: `SpecError` when a folder does not exist or no image is found at all; whatever the two throw.
    public func forEachItem(
        enter: (FolderState) throws -> Void = { _ in }, _ visit: (Item.Key, Int) throws -> Void
    ) throws -> Notes {
        try forEach(enter: enter) { try visit($0.key, $0.position) }
    }

    /// Calls `visit` for every image, URL and group once: with its item for the first prompt.
    ///
    /// - Throws: As `forEachItem` does.
    public func forEachImage(_ visit: (Item.Key) throws -> Void) throws -> Notes {
        let first = job.prompts.first?.id
        return try forEachItem { key, _ in
            if key.promptID == first { try visit(key) }
        }
    }

    /// The same with what manifests say of the images.
    public func forEach(
        enter: (FolderState) throws -> Void = { _ in }, _ visit: (PlannedItem) throws -> Void
    ) throws -> Notes {
        try walkSources(firstOnly: false, enter: enter, visit)
    }

    private func walkSources(
        firstOnly: Bool, enter: (FolderState) throws -> Void, _ visit: (PlannedItem) throws -> Void
    ) throws -> Notes {
        var notes = Notes()
        var position = 0
        var problems: [SpecError.Problem] = []
        var seen = SeenImages(job: job, name: name(of:))
        let asked = PromptColumns(job: job)
        @discardableResult
        func add(
            _ kind: Item.Kind, _ image: ImageName, _ variables: [String: String]? = nil, files: [String] = []
        ) throws -> Bool {
            guard seen.isNew(kind, image) else { return false }
            let filesDigest =
                files.isEmpty ? nil : PromptColumns.digest(ofFiles: files.map { name(of: FilePath($0)) })
            for prompt in job.prompts {
                try visit(
                    PlannedItem(
                        key: Item.Key(kind: kind, image: image, promptID: prompt.id), position: position,
                        variables: variables,
                        asks: filesDigest ?? asked.digest(of: variables, promptID: prompt.id)))
                position += 1
            }
            return true
        }
        for (index, source) in job.images.enumerated() {
            switch source {
            case .files(let files):
                for file in files { try add(.file, name(of: FilePath(file))) }
            case .urls(let urls):
                for url in urls { try add(.url, ImageName(url)) }
            case .group(let name, let files):
                try add(.group, ImageName(name), files: files)
            case .urlFile, .manifest, .archive:
                do {
                    try readList(source, &notes, enter) { kind, image, variables in
                        let isNew = try add(kind, image, variables)
                        if firstOnly { throw EnoughSeen() }
                        return isNew
                    }
                } catch is EnoughSeen {
                } catch let error as ListError {
                    problems.append(error.problem(ofSource: index))
                }
            case .folder(let path, let include, let exclude):
                let (before, skippedBefore, repeatedBefore) = (position, notes.skippedFiles, seen.repeated)
                let warningsBefore = notes.warnings.count
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
                let names = FolderNames(
                    prefix: name(of: folder).bytes, include: include.map(Glob.init), exclude: exclude.map(Glob.init),
                    storeFiles: storeFiles(below: directory))
                do {
                    try walk(directory, names, &notes, enter) {
                        try add(.file, $0)
                        if firstOnly { throw EnoughSeen() }
                    }
                } catch is EnoughSeen {}
                if position == before, seen.repeated == repeatedBefore {
                    let skipped = notes.skippedFiles - skippedBefore
                    problems.append(
                        .init(
                            keyPath: "images[\(index)].folder", message: "no image in '\(directory.string)'",
                            hint: notes.warnings.dropFirst(warningsBefore).first
                                ?? (skipped > 0
                                    ? "\(skipped) other files were left out; 'include' says which names count"
                                    : "the folder is empty")))
                }
            }
        }
        if job.images.haveManifest, problems.isEmpty {
            let missing = asked.all.subtracting(notes.columns).sorted()
            for name in missing {
                let near = suggestion(for: name, among: notes.columns)
                problems.append(
                    .init(
                        keyPath: "prompts", message: "neither the spec nor a manifest sets the variable '\(name)'",
                        hint: near.map { "did you mean '\($0)'?" } ?? "columns: \(list(notes.columns))"))
            }
        }
        guard problems.isEmpty else { throw SpecError(problems) }
        return notes
    }

    /// The names of an item's image files, one for a file, several for a group, none for a URL.
    public func files(of key: Item.Key) -> [FilePath] {
        switch key.kind {
        case .url: []
        case .file: [job.root.pushing(FilePath(bytes: key.image.bytes))]
        case .group:
            job.images.lazy.compactMap { source in
                if case .group(let name, let files) = source, ImageName(name) == key.image { files } else { nil }
            }.first?.map { job.root.pushing(FilePath($0)) } ?? []
        }
    }

    private struct EnoughSeen: Error {}

    private func walk(
        _ directory: FilePath, _ names: FolderNames, _ notes: inout Notes, _ enter: (FolderState) throws -> Void,
        _ add: (ImageName) throws -> Void
    ) throws {
        var skipped = 0
        var walk = FolderWalk(root: directory)
        try walk.forEachFile(enter: enter) { path in
            if let name = names.name(of: path) { try add(name) } else { skipped += 1 }
        }
        if !walk.isLasting { notes.isLasting = false }
        notes.skippedFiles += skipped
        notes.warnings += walk.unreadable.map { entry in
            let below = ImageName(bytes: entry.path).display
            return "cannot list '\(directory.string)\(below.isEmpty ? "" : "/" + below)': \(entry.reason)"
        }
    }

    /// The store's own files that lie in a folder, as paths below it.
    private func storeFiles(below directory: FilePath) -> Set<[UInt8]> {
        var store = job.store.lexicallyNormalized()
        guard store.removePrefix(directory.lexicallyNormalized()) else { return [] }
        return Set(["", "-wal", "-shm", "-journal", ".lock"].map { store.bytes + Array($0.utf8) })
    }

    /// The path as it is stored: without `.` components, relative to the root when it lies below.
    func name(of path: FilePath) -> ImageName {
        var clean = path.lexicallyNormalized()
        if clean.isAbsolute {
            var relative = clean
            if relative.removePrefix(job.root.lexicallyNormalized()) { clean = relative }
        }
        let bytes = clean.bytes
        return ImageName(bytes: bytes == [UInt8(ascii: ".")] ? [] : bytes)
    }
}
