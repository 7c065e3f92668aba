import CaptioningTesting
import Foundation
import Testing

/// The command of Debian's libvips-tools, to have images from another encoder than ours.
enum VipsCommand {
    /// An image in another format.
    ///
    /// - `target`: The file's name with its ending, and options in brackets.
    static func convert(_ png: Data, to target: String) async throws -> Data {
        try await TemporaryFolder.use { folder in
            try folder.write(png, to: "in.png")
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/vips")
            process.arguments = ["copy", folder.path("in.png"), folder.path(target)]
            try process.run()
            process.waitUntilExit()
            #expect(process.terminationStatus == 0, "vips copy to \(target)")
            let name = target.prefix { $0 != "[" }
            return try Data(contentsOf: URL(fileURLWithPath: folder.path(String(name))))
        }
    }
}
