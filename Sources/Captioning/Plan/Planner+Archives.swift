import SystemPackage

extension Planner {
    /// Calls `add` for every image of an archive, in its order.
    ///
    /// - Throws: `ArchiveProblem` when there is none, or it cannot be opened; whatever the others throw.
    func readArchive(
        _ path: String, include: [String], exclude: [String], _ notes: inout Notes,
        _ enter: (FolderState) throws -> Void, _ add: (Item.Kind, ImageName, [String: String]?) throws -> Bool
    ) throws {
        let name = name(of: FilePath(path))
        let file = job.root.pushing(FilePath(bytes: name.bytes))
        let archive = try Archive(OpenFile(path: file))
        if let state = archive.file.state(path: file) { try enter(state) } else { notes.isLasting = false }
        let names = FolderNames(
            prefix: name.bytes, include: include.map(Glob.init), exclude: exclude.map(Glob.init), storeFiles: [])
        var found = 0
        var skipped = 0
        let problem = try archive.forEachEntry { entry in
            guard entry.isFile, let path = entry.path else { return }
            guard let image = names.name(of: path) else {
                skipped += 1
                return
            }
            found += 1
            _ = try add(.file, image, nil)
        }
        notes.skippedFiles += skipped
        if let problem, found > 0 {
            notes.warnings.append("\(path): \(problem.message); what comes behind \(found) images is left out")
        } else if let problem {
            throw problem
        }
        guard found > 0 else {
            throw ArchiveProblem(
                "no image in it; " + (skipped > 0 ? "\(skipped) other files were left out" : "it is empty"))
        }
    }
}
