import CaptioningTesting
import Foundation
import Testing

/// The command of Debian's libimage-exiftool-perl, to write metadata and to find it.
enum ExifTool {
    /// What every tag is set to that holds text.
    static let planted = "planted"

    /// One tag of each kind that tells of a person, a place or a camera; a format takes those it has room for.
    static let everything = [
        "-EXIF:GPSLatitude=48.8584", "-EXIF:GPSLatitudeRef=N", "-EXIF:GPSLongitude=2.2945", "-EXIF:GPSLongitudeRef=E",
        "-EXIF:SerialNumber=\(planted)", "-EXIF:LensSerialNumber=\(planted)", "-EXIF:OwnerName=\(planted)",
        "-EXIF:Make=\(planted)", "-EXIF:Model=\(planted)", "-EXIF:Software=\(planted)", "-EXIF:Artist=\(planted)",
        "-EXIF:HostComputer=\(planted)", "-EXIF:Copyright=\(planted)", "-EXIF:ImageDescription=\(planted)",
        "-EXIF:DocumentName=\(planted)", "-EXIF:XPAuthor=\(planted)", "-EXIF:UserComment=\(planted)",
        "-EXIF:DateTimeOriginal=2024:05:06 07:08:09", "-EXIF:ModifyDate=2024:05:06 07:08:09",
        "-IPTC:By-line=\(planted)", "-IPTC:City=\(planted)", "-IPTC:Keywords=\(planted)",
        "-Photoshop:CopyrightFlag=true", "-Photoshop:URL=\(planted)", "-XMP-dc:Creator=\(planted)",
        "-XMP-exif:GPSLatitude=48.8584", "-XMP-aux:SerialNumber=\(planted)", "-XMP-xmpMM:DocumentID=\(planted)",
        "-Comment=\(planted)", "-PNG:Author=\(planted)", "-PNG:Comment=\(planted)", "-PNG:Copyright-fr=\(planted)",
    ]

    /// The bytes of a file with tags added, in the words of exiftool's command line.
    static func tagged(_ data: Data, _ ending: String, _ tags: [String] = everything) async throws -> Data {
        try await TemporaryFolder.use { folder in
            try folder.write(data, to: "image.\(ending)")
            // Warnings only tell which of the tags the format has no room for.
            _ = try run(["-q", "-q", "-m", "-overwrite_original"] + tags + [folder.path("image.\(ending)")])
            return try Data(contentsOf: URL(fileURLWithPath: folder.path("image.\(ending)")))
        }
    }

    /// The tags of each file by its name, as `Group:Tag` with their values; those of the file system left out.
    static func tags(of files: [String: Data]) async throws -> [String: [String: String]] {
        try await TemporaryFolder.use { folder in
            for (name, data) in files { try folder.write(data, to: name) }
            // Each by its name: in a folder exiftool passes over endings that it does not know.
            let output = try run(
                ["-j", "-G1", "-a", "-u", "-e", "--System:all", "--ExifTool:all"] + files.keys.map { folder.path($0) })
            let list = try #require(try JSONSerialization.jsonObject(with: output) as? [[String: Any]])
            var found: [String: [String: String]] = [:]
            for entry in list {
                let path = try #require(entry["SourceFile"] as? String)
                found[String(path.split(separator: "/").last ?? "")] = entry.mapValues { "\($0)" }
                    .filter { $0.key != "SourceFile" }
            }
            #expect(Set(found.keys) == Set(files.keys))
            return found
        }
    }

    private static func run(_ arguments: [String]) throws -> Data {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/exiftool")
        process.arguments = arguments
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        do {
            try process.run()
        } catch {
            Issue.record("exiftool does not run (\(error)): 'apt-get install libimage-exiftool-perl', or 'make test'")
            throw error
        }
        let data = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "exiftool \(arguments.joined(separator: " "))")
        return data
    }
}
