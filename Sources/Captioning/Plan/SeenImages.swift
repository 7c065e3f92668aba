import SystemPackage

/// Finds images that two sources name, remembering no more than it must.
///
/// One folder never yields a path twice, so only the names that the spec lists itself are remembered, and whole folders
/// only when one of them lies inside another.
struct SeenImages {
    /// How often an image has come again so far.
    private(set) var repeated = 0

    private let remembersAll: Bool
    private let listed: Set<ImageName>
    private var seen: Set<ImageName> = []
    private var seenURLs: Set<ImageName> = []
    private var seenGroups: Set<ImageName> = []
    /// With a manifest or an archive, which may name a million and any of them again: 64 bits of a keyed hash each.
    private var hashes: Set<Int>?

    init(job: Job, name: (FilePath) -> ImageName) {
        var listed: Set<ImageName> = []
        var folders: [[UInt8]] = []
        for source in job.images {
            switch source {
            case .files(let files): listed.formUnion(files.map { name(FilePath($0)) })
            case .folder(let path, _, _): folders.append(name(FilePath(path)).bytes)
            case .urls, .urlFile, .group, .manifest, .archive: break
            }
        }
        self.listed = listed
        hashes = job.images.haveList ? [] : nil
        remembersAll = folders.indices.contains { outer in
            folders.indices.contains { inner in
                outer != inner
                    && (folders[outer].isEmpty || (folders[inner] + [slash]).starts(with: folders[outer] + [slash]))
            }
        }
    }

    mutating func isNew(_ kind: Item.Kind, _ image: ImageName) -> Bool {
        let isNew: Bool
        if hashes != nil {
            var hasher = Hasher()
            hasher.combine(kind)
            hasher.combine(image)
            isNew = hashes?.insert(hasher.finalize()).inserted ?? true
            if !isNew { repeated += 1 }
            return isNew
        }
        switch kind {
        case .file:
            let isRemembered = remembersAll || (!listed.isEmpty && listed.contains(image))
            isNew = isRemembered ? seen.insert(image).inserted : true
        case .url: isNew = seenURLs.insert(image).inserted
        case .group: isNew = seenGroups.insert(image).inserted
        }
        if !isNew { repeated += 1 }
        return isNew
    }
}

private let slash = UInt8(ascii: "/")
