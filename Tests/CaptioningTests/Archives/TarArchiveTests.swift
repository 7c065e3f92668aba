import Foundation
import Testing

@testable import Captioning

/// Tar archives, read where they lie.
struct TarArchiveTests {
    private let text = Data("A red chair. ".utf8)

    @Test func `names are read as every program writes them`() async throws {
        let long = String(repeating: "long/", count: 40) + "name.jpg"
        let archives: [(Data, [String])] = [
            (ArchiveBytes.tar("a.jpg", text) + ArchiveBytes.tarEnd, ["a.jpg"]),
            (ArchiveBytes.tar("a.jpg", text, kind: "\0"), ["a.jpg"]),
            (ArchiveBytes.tar("a.jpg", text, prefix: "deep/er"), ["deep/er/a.jpg"]),
            (ArchiveBytes.tar("a.jpg", text, prefix: "noise", isGNU: true), ["a.jpg"]),
            (
                ArchiveBytes.tar("././@LongLink", Data((long + "\0").utf8), kind: "L")
                    + ArchiveBytes.tar(String(long.prefix(100)), text) + ArchiveBytes.tar("b.jpg", text),
                [long, "b.jpg"]
            ),
            (
                ArchiveBytes.tar("g", ArchiveBytes.pax("comment", "all"), kind: "g")
                    + ArchiveBytes.tar(
                        "x", ArchiveBytes.pax("mtime", "1.5") + ArchiveBytes.pax("path", long), kind: "x")
                    + ArchiveBytes.tar("cut", text) + ArchiveBytes.tar("b.jpg", text),
                [long, "b.jpg"]
            ),
        ]
        for (archive, names) in archives {
            let found = try await ArchiveBytes.contents(of: archive + ArchiveBytes.tarEnd)
            #expect(found.files == Dictionary(uniqueKeysWithValues: names.map { ($0, text) }))
            #expect(found.problem == nil)
        }
    }

    @Test func `sizes are read as every program writes them`() async throws {
        let binary = Data([0x80]) + Data(count: 10) + Data([UInt8(text.count)])
        let blank = Data("0          \0".utf8)
        let note = ArchiveBytes.tar("x", ArchiveBytes.pax("size", "\(text.count)"), kind: "x")
        for archive in [
            ArchiveBytes.tar("a.jpg", text, size: binary), note + ArchiveBytes.tar("a.jpg", text, size: blank),
        ] {
            let found = try await ArchiveBytes.contents(of: archive + ArchiveBytes.tar("b.jpg", text))
            #expect(found.files == ["a.jpg": text, "b.jpg": text])
        }
    }

    @Test func `folders, links and hidden names are passed over, and a later file counts`() async throws {
        let archive =
            ArchiveBytes.tar("photos/", Data(), kind: "5") + ArchiveBytes.tar("link.jpg", Data(), kind: "2")
            + ArchiveBytes.tar("._a.jpg", text) + ArchiveBytes.tar("./a.jpg", Data([1]))
            + ArchiveBytes.tar("a.jpg", Data([2])) + ArchiveBytes.tarEnd
        #expect(try await ArchiveBytes.contents(of: archive).files == ["a.jpg": Data([2])])
    }

    @Test func `what lies in front of damage is read`() async throws {
        var archive =
            ArchiveBytes.tar("a.jpg", text) + ArchiveBytes.tar("b.jpg", text) + ArchiveBytes.tar("c.jpg", text)
        archive[1024] ^= 1
        let (files, problem) = try await ArchiveBytes.contents(of: archive)
        #expect(files == ["a.jpg": text])
        #expect(problem?.message.contains("damaged") == true)
    }

    @Test func `a file that was cut is not taken for a whole one`() async throws {
        let archive = ArchiveBytes.tar("a.jpg", text) + ArchiveBytes.tar("b.jpg", text)
        let (files, problem) = try await ArchiveBytes.contents(of: archive.prefix(1024 + 512 + 5))
        #expect(files == ["a.jpg": text, "b.jpg": nil])
        #expect(problem == nil)
    }

    @Test func `sizes that no file has end the archive`() async throws {
        let huge = Data([0x80, 0, 0, 0, 0x7F]) + Data(repeating: 0xFF, count: 7)
        for size in [huge, Data([0x80]) + Data(repeating: 0xFF, count: 11)] {
            let found = try await ArchiveBytes.contents(
                of: ArchiveBytes.tar("a.jpg", text) + ArchiveBytes.tar("b.jpg", text, size: size))
            #expect(found.files["a.jpg"] == text && found.files["b.jpg"] != text)
            #expect(found.problem != nil)
        }
        // A note that promises more than there is.
        let note = ArchiveBytes.tar("x", Data("99999 path=b\n".utf8), kind: "x")
        #expect(try await ArchiveBytes.contents(of: note + ArchiveBytes.tar("a.jpg", text)).files == ["a.jpg": text])
    }
}
