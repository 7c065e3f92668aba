import Glibc
import SystemPackage
import Testing

@testable import Captioning

/// A folder of one test's own, made of exact bytes and removed with everything in it.
struct ScratchFolder: ~Copyable {
    /// The folder, links resolved.
    let path: FilePath

    init() throws {
        var template = Array("/tmp/captioning-tests-XXXXXX".utf8CString)
        let made = template.withUnsafeMutableBufferPointer { buffer in
            buffer.baseAddress.flatMap { mkdtemp($0) }.map { FilePath(platformString: $0) }
        }
        path = try #require(made)
    }

    deinit {
        Self.remove(path)
    }

    func path(_ name: [UInt8]) -> FilePath {
        FilePath(bytes: path.bytes + [UInt8(ascii: "/")] + name)
    }

    func path(_ name: String) -> FilePath {
        path(Array(name.utf8))
    }

    /// Makes empty files and the folders above them.
    func makeFiles(_ names: String...) throws {
        for name in names { try makeFile(Array(name.utf8)) }
    }

    func makeFile(_ name: [UInt8]) throws {
        if let last = name.lastIndex(of: UInt8(ascii: "/")) { try makeFolder(Array(name[..<last])) }
        let file = path(name).withPlatformString { open($0, O_CREAT | O_WRONLY | O_CLOEXEC, 0o600) }
        try #require(file >= 0, "\(String(cString: strerror(errno)))")
        close(file)
    }

    func makeFolder(_ name: String) throws {
        try makeFolder(Array(name.utf8))
    }

    private func makeFolder(_ name: [UInt8]) throws {
        for (index, byte) in (name + [UInt8(ascii: "/")]).enumerated() where byte == UInt8(ascii: "/") {
            let made = path(Array(name[..<index])).withPlatformString { mkdir($0, 0o700) }
            try #require(made == 0 || errno == EEXIST)
        }
    }

    /// Makes a symbolic link.
    func link(_ name: String, to target: String) throws {
        let made = path(name).withPlatformString { place in target.withCString { symlink($0, place) } }
        try #require(made == 0)
    }

    func makeFIFO(_ name: String) throws {
        try #require(path(name).withPlatformString { mkfifo($0, 0o600) } == 0)
    }

    /// Removes what stands at the path; a link, not what it leads to.
    private static func remove(_ path: FilePath) {
        if path.withPlatformString({ unlink($0) }) == 0 { return }
        if let stream = path.withPlatformString({ opendir($0) }) {
            var names: [[UInt8]] = []
            while let entry = readdir(stream) {
                let name = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
                if name != Array(".".utf8), name != Array("..".utf8) { names.append(name) }
            }
            closedir(stream)
            for name in names { remove(FilePath(bytes: path.bytes + [UInt8(ascii: "/")] + name)) }
        }
        _ = path.withPlatformString { rmdir($0) }
    }
}

/// A job over images in a folder.
func job(
    _ images: [JobSpec.ImageSource], in root: FilePath, prompts: [String] = ["alt"], store: FilePath? = nil
) -> Job {
    Job(
        name: "scratch", root: root, images: images, prompts: prompts.map { .init(id: $0, text: "Describe.") },
        endpoint: .init(provider: .simulated, baseURL: Job.Endpoint.insideURL, model: "m", apiKeyVariable: nil),
        store: store ?? root.appending("scratch.sqlite"))
}
