import Foundation
package import SystemPackage

extension Planner {
    /// Where the spec names a file, as a key path such as `images[0].manifest`; nil when the job does not live by it.
    ///
    /// A folder names every file that would be planned from it, whether it is there or not.
    package func keyPath(naming file: FilePath) -> String? {
        func isNamed(_ path: String) -> Bool {
            let named = job.root.pushing(FilePath(path)).lexicallyNormalized()
            guard let left = FileIdentity(at: file), let right = FileIdentity(at: named) else {
                return file == named
            }
            return left == right
        }
        for (index, source) in job.images.enumerated() {
            let key: String? =
                switch source {
                case .files(let files): files.contains(where: isNamed) ? "files" : nil
                case .group(_, let files): files.contains(where: isNamed) ? "group" : nil
                case .manifest(let path, _): isNamed(path) ? "manifest" : nil
                case .archive(let path, _, _): isNamed(path) ? "archive" : nil
                case .urlFile(let path): isNamed(path) ? "urls" : nil
                case .urls: nil
                case .folder(let path, let include, let exclude):
                    wouldPlan(file, from: FilePath(path), include, exclude) ? "folder" : nil
                }
            if let key { return "images[\(index)].\(key)" }
        }
        return nil
    }

    private func wouldPlan(_ file: FilePath, from folder: FilePath, _ include: [String], _ exclude: [String]) -> Bool {
        let directory = job.root.pushing(folder).lexicallyNormalized()
        let parent = file.removingLastComponent()
        guard let root = directory.resolved, let real = parent.resolved, let name = file.lastComponent else {
            return false
        }
        var below = real.appending(name)
        guard below.removePrefix(root), !below.components.contains(where: { $0.string.hasPrefix(".") }) else {
            return false
        }
        let names = FolderNames(
            prefix: [], include: include.map(Glob.init), exclude: exclude.map(Glob.init), storeFiles: [])
        return names.name(of: below.bytes) != nil
    }
}
