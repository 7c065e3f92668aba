public import Captioning
public import Foundation
import SystemPackage

/// A temporary folder with small, different images, and a job over it.
public final class JobScene: Sendable {
    /// The folder; removed with the scene.
    public let folder: URL

    /// Makes a folder with so many images, named `100.bmp`, `101.bmp` and so on.
    ///
    /// - Throws: When the folder cannot be written.
    public init(images: Int = 0) throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("caption-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        for index in 0..<images { try add("\(100 + index).bmp", width: 20 + index) }
    }

    deinit {
        try? FileManager.default.removeItem(at: folder)
    }

    /// Adds a black BMP; equal widths give equal bytes.
    ///
    /// - Throws: When the file cannot be written.
    public func add(_ name: String, width: Int) throws {
        try Self.bitmap(width: width, height: 20).write(to: folder.appendingPathComponent(name))
    }

    /// A job over the folder.
    public func job(
        prompts: [JobSpec.Prompt] = [.init(id: "a", text: "Say a.")], model: String = "m",
        baseURL: String = "http://h/v1",
        parameters: [String: JSONValue] = [:], limits: Job.Limits = .init(concurrency: 4), retry: Job.Retry = .init()
    ) -> Job {
        Job(
            name: "scene", root: FilePath(folder.path), images: [.folder(path: ".", include: [], exclude: [])],
            prompts: prompts,
            endpoint: .init(provider: .custom, baseURL: baseURL, model: model, apiKeyVariable: nil),
            parameters: parameters, limits: limits, retry: retry, store: FilePath(folder.path + "/scene.sqlite"))
    }

    /// A black 24-bit BMP, as small as one can be.
    public static func bitmap(width: Int, height: Int) -> Data {
        func bytes(_ number: Int, _ count: Int) -> [UInt8] { (0..<count).map { UInt8(number >> (8 * $0) & 0xFF) } }
        let pixels = (width * 3 + 3) / 4 * 4 * height
        var data = Array("BM".utf8) + bytes(54 + pixels, 4) + bytes(0, 4) + bytes(54, 4)
        data += bytes(40, 4) + bytes(width, 4) + bytes(height, 4) + bytes(1, 2) + bytes(24, 2) + bytes(0, 24)
        return Data(data + [UInt8](repeating: 0, count: pixels))
    }
}
