import CaptioningTesting
import Foundation
import SystemPackage
import Testing

@testable import Captioning

/// Zip archives, read where they lie.
struct ZipArchiveTests {
    private let text = Data("A red chair. ".utf8)

    private func problem(reading file: ArchiveBytes.ZipFile) async throws -> ArchiveProblem? {
        try await TemporaryFolder.use { folder in
            try folder.write(ArchiveBytes.zip([file]), to: "a.zip")
            let archive = try Archive(OpenFile(path: folder.path.appending("a.zip")))
            let entry = try #require(try archive.entry(atPath: Array(file.name.utf8)))
            do throws(ArchiveProblem) {
                _ = try archive.contents(of: entry)
                return nil
            } catch {
                return error
            }
        }
    }

    @Test func `files are read as they are and deflated, folders and hidden names passed over`() async throws {
        let archive = ArchiveBytes.zip(
            [
                .init(name: "photos/", content: Data()), .init(name: "photos/plain.jpg", content: text),
                .init(name: "./photos//deflated.jpg", content: text, method: 8),
                .init(name: "__MACOSX/photos/._plain.jpg", content: text), .init(name: ".hidden/a.jpg", content: text),
                .init(name: "../outside.jpg", content: text), .init(name: "link.jpg", content: text, mode: 0o120777),
            ], comment: "PK\u{5}\u{6} is where a directory ends")
        let (files, problem) = try await ArchiveBytes.contents(of: archive)
        #expect(files == ["photos/plain.jpg": text, "photos/deflated.jpg": text])
        #expect(problem == nil)
    }

    @Test func `numbers of 64 bits, and a program in front, move nothing`() async throws {
        let files = [
            ArchiveBytes.ZipFile(name: "a.jpg", content: text, isLong: true), .init(name: "b.jpg", content: text),
        ]
        for archive in [ArchiveBytes.zip(files, isLong: true), ArchiveBytes.zip(files)] {
            for front in ["", "#!/bin/sh\n"] {
                let found = try await ArchiveBytes.contents(of: Data(front.utf8) + archive)
                #expect(found.files == ["a.jpg": text, "b.jpg": text], "\(front)")
            }
        }
    }

    @Test func `what another program packed is unpacked`() async throws {
        let archive = try #require(
            Data(
                base64Encoded:
                    "UEsDBBQAAAAIAAAAIVhVqBZlKAAAAEAfAAANAAAAdGV4dC9tYW55LnR4dO3FsQ0AIAgAsFd4zTCxIAP/x0Nsl+aZrd"
                    + "uRtm3btm3btm3btm1//ANQSwECFAMUAAAACAAAACFYVagWZSgAAABAHwAADQAAAAAAAAAAAAAAgAEAAAAAdGV4dC9t"
                    + "YW55LnR4dFBLBQYAAAAAAQABADsAAABTAAAAAAA="))
        #expect(
            try await ArchiveBytes.contents(of: archive).files == [
                "text/many.txt": Data(String(repeating: "caption ", count: 1000).utf8)
            ])
    }

    @Test func `of two files with one name the later counts`() async throws {
        let archive = ArchiveBytes.zip([.init(name: "a", content: Data([1])), .init(name: "a", content: Data([2]))])
        #expect(try await ArchiveBytes.contents(of: archive).files == ["a": Data([2])])
    }

    @Test(arguments: [
        (ArchiveBytes.ZipFile(name: "a", content: Data([1]), flags: 1), "archive_unsupported", "encrypted"),
        (.init(name: "a", content: Data([1]), method: 93), "archive_unsupported", "method 93"),
        (.init(name: "a", content: Data([1]), claimedChecksum: 7), "archive_damaged", "checksum"),
        (.init(name: "a", content: Data([1]), claimedSize: 2), "archive_damaged", "ends in its middle"),
        (.init(name: "a", content: Data([1]), method: 8, claimedSize: 2), "archive_damaged", "unpacked"),
        (.init(name: "a", content: Data([1, 2]), method: 8, claimedSize: 1), "archive_damaged", "unpacked"),
    ])
    func `a file that cannot be unpacked says why`(
        _ file: ArchiveBytes.ZipFile, _ label: String, _ message: String
    ) async throws {
        let problem = try await problem(reading: file)
        #expect(problem?.label == label)
        #expect(problem?.message.contains(message) == true, "\(problem?.message ?? "none")")
    }

    @Test func `an archive that was cut is not taken for a whole one`() async throws {
        let archive = ArchiveBytes.zip([.init(name: "a.jpg", content: text), .init(name: "b.jpg", content: text)])
        for length in 4..<archive.count {
            await #expect(throws: ArchiveProblem.self, "\(length)") {
                try await ArchiveBytes.contents(of: archive.prefix(length)).files
            }
        }
    }

    @Test func `other files are no archives`() async throws {
        for (bytes, message) in [
            (Data([0x1F, 0x8B, 8, 0]), "a compressed archive can only be read"), (text, "it is no zip or tar archive"),
            (Data(), "it is no zip or tar archive"), (Data("PK\u{5}\u{6}".utf8), "it is no zip or tar archive"),
        ] {
            let error = await #expect(throws: ArchiveProblem.self) { try await ArchiveBytes.contents(of: bytes).files }
            #expect(error?.message.hasPrefix(message) == true)
        }
    }
}
