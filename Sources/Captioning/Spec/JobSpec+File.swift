import Foundation
public import SystemPackage

extension JobSpec {
    /// Reads a spec from a regular file.
    ///
    /// - Parameters:
    ///   - path: Where the file is.
    ///   - name: Its name for messages.
    /// - Throws: `SpecError` when it cannot be read, is larger than 4 MiB or no text, or with every problem of the document.
    public init(path: FilePath, name: String) throws(SpecError) {
        func problem(_ message: String, _ hint: String) -> SpecError {
            SpecError([.init(file: name, keyPath: "", message: message, hint: hint)])
        }
        let bytes: [UInt8]
        do throws(ArchiveProblem) {
            bytes = try Self.bytes(at: path)
        } catch {
            guard error.errno != ENOENT, error.errno != ENOTDIR else {
                throw SpecError([
                    .init(
                        keyPath: "", message: "there is no job spec and no folder at '\(name)'",
                        hint: "'caption init' writes a spec to start from")
                ])
            }
            throw problem(error.message, "a job spec is a YAML file")
        }
        guard bytes.count <= SpecBounds.fileBytes else {
            throw problem(
                "it has more than \(SpecBounds.fileBytes >> 20) MiB",
                "long lists of images belong into a manifest or a file of URLs")
        }
        guard let yaml = String(validating: bytes, as: UTF8.self) else {
            throw problem("this is not UTF-8 text", "a job spec is a YAML file")
        }
        try self.init(yaml: yaml, file: name)
    }

    /// Up to one byte more than a spec may have.
    private static func bytes(at path: FilePath) throws(ArchiveProblem) -> [UInt8] {
        let file = try OpenFile(path: path)
        var problem: ArchiveProblem?
        let bytes = [UInt8](unsafeUninitializedCapacity: SpecBounds.fileBytes + 1) { space, count in
            do throws(ArchiveProblem) {
                count = try file.read(into: UnsafeMutableRawBufferPointer(space), at: 0)
            } catch {
                problem = error
            }
        }
        if let problem { throw problem }
        return bytes
    }
}
