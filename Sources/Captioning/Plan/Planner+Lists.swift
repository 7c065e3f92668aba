import Foundation
import SystemPackage

extension Planner {
    /// Calls `add` for every image that a file lists or holds; it tells whether the image is new to the plan.
    ///
    /// - Throws: `ListError` when the file cannot be used; whatever the others throw.
    func readList(
        _ source: JobSpec.ImageSource, _ notes: inout Notes, _ enter: (FolderState) throws -> Void,
        _ add: (Item.Kind, ImageName, [String: String]?) throws -> Bool
    ) throws {
        do {
            if let path = source.listPath, StoreFiles(store: job.store).contain(job.root.pushing(FilePath(path))) {
                throw ManifestReader.Problem(message: "it is the job's own store")
            }
            switch source {
            case .manifest(let path, let column): try readManifest(path, column, &notes, enter, add)
            case .urlFile(let path): try readURLs(path, &notes, enter, add)
            case .archive(let path, let include, let exclude):
                try readArchive(path, include: include, exclude: exclude, &notes, enter, add)
            case .folder, .files, .urls, .group: break
            }
        } catch let problem as ManifestReader.Problem {
            throw ListError(source: source, root: job.root, line: problem.line, message: problem.message)
        } catch let problem as ArchiveProblem {
            throw ListError(source: source, root: job.root, line: nil, message: problem.message)
        }
    }

    /// Calls `add` for every line that is a URL; empty lines and those that begin with `#` are none.
    private func readURLs(
        _ path: String, _ notes: inout Notes, _ enter: (FolderState) throws -> Void,
        _ add: (Item.Kind, ImageName, [String: String]?) throws -> Bool
    ) throws {
        let file = job.root.pushing(FilePath(path))
        var reader = CSVReader(bytes: try FileBytes(path: file))
        reader.bytes.skip([0xEF, 0xBB, 0xBF])
        if let state = reader.bytes.state(path: file) { try enter(state) } else { notes.isLasting = false }
        var unusable = 0
        while let (line, bytes) = try reader.nextLine() {
            let text = String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
            if text.isEmpty || text.hasPrefix("#") { continue }
            if isRemote(text) {
                _ = try add(.url, ImageName(text), nil)
            } else {
                warn(path, line, "this is no URL that a provider can download", &unusable, &notes)
            }
        }
        tellMore(path, unusable, &notes)
    }

    /// Calls `add` for every row of a manifest that names an image.
    ///
    /// A row that cannot be used is warned of and passed over.
    /// - Throws: `ManifestReader.Problem` when the file cannot be used; whatever the others throw.
    private func readManifest(
        _ path: String, _ column: String, _ notes: inout Notes, _ enter: (FolderState) throws -> Void,
        _ add: (Item.Kind, ImageName, [String: String]?) throws -> Bool
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
            var isNew = true
            if isRemote(image) {
                guard job.fetch.place == .local || job.endpoints.allSatisfy(\.imageLimits.acceptsRemoteURLs) else {
                    throw ManifestReader.Problem(
                        line: row.line,
                        message: "an image is a URL, and the provider does not download images; 'fetch: local' does")
                }
                isNew = try add(.url, ImageName(image), row.fields)
            } else if image.utf8.contains(0) {
                warn(path, row.line, "a file name with a NUL character", &unusable, &notes)
            } else {
                isNew = try add(.file, name(of: folder.pushing(FilePath(image))), row.fields)
            }
            if !isNew {
                let name = ImageName(image).display
                warn(
                    path, row.line, "'\(name)' is in the plan already, by an earlier line or source", &unusable, &notes)
            }
        }
        tellMore(path, unusable, &notes)
    }

    private static let mostWarnings = 20

    private func tellMore(_ path: String, _ unusable: Int, _ notes: inout Notes) {
        guard unusable > Self.mostWarnings else { return }
        notes.warnings.append("\(path): \(unusable - Self.mostWarnings) more lines cannot be used")
    }

    private func warn(_ path: String, _ line: Int, _ message: String, _ count: inout Int, _ notes: inout Notes) {
        count += 1
        if count <= Self.mostWarnings {
            notes.warnings.append("\(path), line \(line): \(message); it is left out")
        }
    }
}

extension JobSpec.ImageSource {
    /// The file that lists or holds the images, as the spec names it; nil for other sources.
    fileprivate var listPath: String? {
        switch self {
        case .manifest(let path, _), .urlFile(let path), .archive(let path, _, _): path
        case .folder, .files, .urls, .group: nil
        }
    }
}

/// Why a file that lists or holds images cannot be used.
struct ListError: Error {
    let source: JobSpec.ImageSource
    let root: FilePath
    let line: Int?
    let message: String

    /// The problem as the spec's own.
    func problem(ofSource index: Int) -> SpecError.Problem {
        let (key, path, hint) =
            switch source {
            case .manifest(let path, _):
                ("manifest", path, "a manifest is CSV with a header line, or JSON lines (.jsonl)")
            case .urlFile(let path): ("urls", path, "a list of URLs, or a text file with one a line")
            case .archive(let path, _, _): ("archive", path, "an archive is a .zip or .tar file")
            case .folder, .files, .urls, .group: ("", "", "")
            }
        let place = line.map { ", line \($0)" } ?? ""
        return SpecError.Problem(
            keyPath: "images[\(index)].\(key)",
            message: "'\(root.pushing(FilePath(path)).string)'\(place): \(message)",
            hint: hint)
    }
}
