import SystemPackage

extension Planner {
    /// Calls `add` for every row of a manifest that names an image.
    ///
    /// A row that cannot be used is warned of and passed over.
    /// - Throws: `ManifestReader.Problem` when the file cannot be used; whatever the others throw.
    func readManifest(
        _ path: String, _ column: String, _ notes: inout Notes,
        _ enter: (FolderState) throws -> Void,
        _ add: (Item.Kind, ImageName, [String: String]) throws -> Void
    ) throws {
        let file = job.root.pushing(FilePath(path))
        var reader = try ManifestReader(path: file)
        guard reader.columns.contains(column) else {
            let near = suggestion(for: column, among: reader.columns)
            throw ManifestReader.Problem(
                line: 1,
                message: "no column '\(column)'; "
                    + (near.map { "did you mean 'image: \($0)'?" }
                        ?? "say which one names the images, such as 'image: \(reader.columns.first ?? "file")'"))
        }
        for name in reader.columns where name != column && !notes.columns.contains(name) { notes.columns.append(name) }
        if let state = reader.state(path: file) { try enter(state) } else { notes.isLasting = false }
        let folder = FilePath(path).removingLastComponent()
        var unusable = 0
        while true {
            let row: ManifestReader.Row?
            do throws(ManifestReader.Problem) {
                row = try reader.next()
            } catch {
                guard error.isOnlyTheRow else { throw error }
                warn(path, error.line ?? 0, error.message, &unusable, &notes)
                continue
            }
            guard var row else { break }
            guard let image = row.fields.removeValue(forKey: column) else {
                warn(path, row.line, "no image", &unusable, &notes)
                continue
            }
            if isRemote(image) {
                guard job.endpoints.allSatisfy(\.imageLimits.acceptsRemoteURLs) else {
                    throw ManifestReader.Problem(
                        line: row.line, message: "an image is a URL, and the provider does not download images")
                }
                try add(.url, ImageName(image), row.fields)
            } else if image.contains("\0") {
                warn(path, row.line, "a file name with a NUL character", &unusable, &notes)
            } else {
                try add(.file, name(of: folder.pushing(FilePath(image))), row.fields)
            }
        }
        if unusable > Self.mostWarnings {
            notes.warnings.append("\(path): \(unusable - Self.mostWarnings) more rows cannot be used")
        }
    }

    private static let mostWarnings = 20

    private func warn(_ path: String, _ line: Int, _ message: String, _ count: inout Int, _ notes: inout Notes) {
        count += 1
        if count <= Self.mostWarnings {
            notes.warnings.append("\(path), line \(line): \(message); the row is left out")
        }
    }
}
