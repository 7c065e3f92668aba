import Captioning
import Foundation
import SystemPackage

/// How fast images become request bodies: read from disk, checked, hashed, encoded.
///
/// Megabytes of image a second on one thread.
struct RequestBenchmark {
    private static let imageBytes = 2_000_000
    private static let rounds = 200

    let file: URL
    let data: Data

    /// Writes one image to a folder.
    init(folder: URL) throws {
        file = folder.appendingPathComponent("image.bmp")
        var bytes = Data("BM".utf8)
        bytes += Data(count: 12) + Data([40, 0, 0, 0, 208, 2, 0, 0, 158, 3, 0, 0, 1, 0, 24, 0]) + Data(count: 24)
        var generator = SystemRandomNumberGenerator()
        while bytes.count < Self.imageBytes {
            withUnsafeBytes(of: generator.next()) { bytes.append(contentsOf: $0) }
        }
        data = bytes
        try data.write(to: file)
    }

    /// What the program does: file to finished body.
    func building() throws -> Double {
        let job = Job(
            name: "benchmark", root: "/", images: [], prompts: [.init(id: "a", text: "Describe this.")],
            endpoint: .init(provider: .custom, baseURL: "http://localhost/v1", model: "m", apiKeyVariable: nil),
            store: "/dev/null")
        let builder = RequestBuilder(job: job)
        let loader = ImageLoader()
        var body = Data(count: Self.imageBytes * 2)
        return try megabytesPerSecond {
            let image = ImagePayload(try loader.load(FilePath(file.path)))
            var end = 0
            body.withUnsafeMutableBytes { target in
                for chunk in builder.body(text: "Describe this.", system: nil, images: [.inline(image)]).makeChunks() {
                    chunk.write(to: UnsafeMutableRawBufferPointer(rebasing: target[end...]))
                    end += chunk.count
                }
            }
        }
    }

    /// What nothing can be faster than.
    func copying() -> Double {
        var target = Data(count: data.count)
        return megabytesPerSecond {
            target.withUnsafeMutableBytes { into in data.withUnsafeBytes { into.copyMemory(from: $0) } }
            target[0] &+= 1
        }
    }

    /// The same file through `base64` of coreutils, again and again in one shell.
    func encodingByCoreutils() throws -> Double {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = [
            "-c", "for i in $(seq \(Self.rounds)); do cat \"$0\"; done | base64 -w 0 > /dev/null", file.path,
        ]
        let start = ContinuousClock.now
        try process.run()
        process.waitUntilExit()
        return megabytes(start.duration(to: .now))
    }

    private func megabytesPerSecond(_ body: () throws -> Void) rethrows -> Double {
        let start = ContinuousClock.now
        for _ in 0..<Self.rounds { try body() }
        return megabytes(start.duration(to: .now))
    }

    private func megabytes(_ time: Duration) -> Double {
        Double(Self.rounds * data.count) / 1e6 / (time / .seconds(1))
    }
}
