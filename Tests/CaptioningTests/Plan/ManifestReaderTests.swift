import CaptioningTesting
import Foundation
import SystemPackage
import Testing

@testable import Captioning

struct ManifestReaderTests {
    private struct Read {
        var columns: [String] = []
        var rows: [ManifestReader.Row] = []
        var problems: [ManifestReader.Problem] = []
    }

    private func read(_ text: String, as name: String = "a.csv") async throws -> Read {
        try await read(Array(text.utf8), as: name)
    }

    private func read(_ bytes: [UInt8], as name: String = "a.csv") async throws -> Read {
        try await TemporaryFolder.use { folder in
            try folder.write(bytes, to: name)
            var reader = try ManifestReader(path: folder.path.appending(name))
            var result = Read(columns: reader.columns)
            while true {
                do throws(ManifestReader.Problem) {
                    guard let row = try reader.next() else { return result }
                    result.rows.append(row)
                } catch {
                    result.problems.append(error)
                    guard error.isOnlyTheRow else { return result }
                }
            }
        }
    }

    @Test(arguments: [",", ";", "\t"], ["\n", "\r\n", "\r"])
    func `any common separator and line end is read`(_ separator: String, _ end: String) async throws {
        let lines = [
            ["image", "title"], ["a.jpg", "One"], ["b.jpg", "\"x\(separator)\"\"y\"\"\(end)z\""], ["c.jpg", ""],
        ]
        let result = try await read(lines.map { $0.joined(separator: separator) }.joined(separator: end))
        #expect(result.columns == ["image", "title"])
        #expect(
            result.rows.map(\.fields) == [
                ["image": "a.jpg", "title": "One"], ["image": "b.jpg", "title": "x\(separator)\"y\"\(end)z"],
                ["image": "c.jpg"],
            ])
        #expect(result.problems.isEmpty)
    }

    @Test func `a byte order mark, spaces in the header and empty lines do not matter`() async throws {
        let result = try await read("\u{FEFF} image , title\n\na.jpg,One\n\n")
        #expect(result.columns == ["image", "title"])
        #expect(result.rows.map(\.fields) == [["image": "a.jpg", "title": "One"]])
        #expect(result.rows.map(\.line) == [3])
    }

    @Test func `a row that does not fit is told with its line, and the next one is read`() async throws {
        let result = try await read("image,title\n\"a\nb\",c,d\nc.jpg,One\nd.jpg\n")
        #expect(result.rows.map(\.fields) == [["image": "c.jpg", "title": "One"]])
        #expect(result.problems.map(\.line) == [2, 5])
        #expect(result.problems.first?.message == "3 fields where the header line has 2")
    }

    @Test(arguments: [
        ("", "it is empty"), ("image,image\n", "two columns of the header line have the same name"),
        ("image,,b\n", "a column of the header line has no name"),
        ("image\n\"a.jpg\n", "a quote opens here and never closes"),
    ])
    func `a file that cannot be read says why`(_ text: String, _ message: String) async throws {
        do {
            let result = try await read(text)
            #expect(result.problems.map(\.message) == [message])
        } catch let problem as ManifestReader.Problem {
            #expect(problem.message == message)
        }
    }

    @Test func `what is not UTF-8 says how to save it`() async throws {
        let result = try await read(Array("image,title\na.jpg,Caf".utf8) + [0xE9, 0x0A])
        #expect(result.problems.first?.line == 2)
        #expect(result.problems.first?.message.contains("save the file as UTF-8") == true)
    }

    @Test func `a missing file and a folder are no manifests`() async throws {
        try await TemporaryFolder.use { folder in
            for path in [folder.path, folder.path.appending("none.csv")] {
                #expect(throws: ManifestReader.Problem.self) { _ = try ManifestReader(path: path) }
            }
        }
    }

    @Test func `JSON lines are read, whatever their values are`() async throws {
        let text = """
            {"image": "a.jpg", "price": 12.5, "sizes": [1, 2], "sold": false, "note": null}

            {"image": "b.jpg", "new": "é"}
            no json
            {"image": "c.jpg"}
            """
        let result = try await read(text, as: "a.jsonl")
        #expect(result.columns == ["image", "price", "sizes", "sold"])
        #expect(
            result.rows.map(\.fields) == [
                ["image": "a.jpg", "price": "12.5", "sizes": "[1,2]", "sold": "false"],
                ["image": "b.jpg", "new": "é"], ["image": "c.jpg"],
            ])
        #expect(result.problems.map(\.line) == [4])
    }

    @Test func `a file larger than what is in memory of it is read whole`() async throws {
        let title = String(repeating: "a title, ", count: 30)
        let lines = (0..<5000).map { "\($0).jpg,\"\(title)\($0)\"" }
        let result = try await read("image,title\n" + lines.joined(separator: "\n"))
        #expect(result.rows.count == 5000)
        #expect(result.rows.last?.fields == ["image": "4999.jpg", "title": "\(title)4999"])
    }
}
