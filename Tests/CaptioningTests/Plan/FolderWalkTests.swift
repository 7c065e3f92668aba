import Glibc
import SystemPackage
import Testing

@testable import Captioning

struct FolderWalkTests {
    private func walk(_ root: FilePath) throws -> [String] {
        try bytes(root).map { String(decoding: $0, as: UTF8.self) }
    }

    private func bytes(_ root: FilePath) throws -> [[UInt8]] {
        var walk = FolderWalk(root: root)
        var paths: [[UInt8]] = []
        try walk.forEachFile { paths.append($0) }
        #expect(walk.unreadable.isEmpty)
        return paths
    }

    @Test func `files come in the order of their whole path's bytes`() throws {
        let folder = try ScratchFolder()
        try folder.makeFiles("a/x", "a.b", "a-b", "a0", "B", "a/b/c", "a/b.c", "é", "z", "10", "9")
        let paths = try bytes(folder.path)
        #expect(
            paths.map { String(decoding: $0, as: UTF8.self) }
                == ["10", "9", "B", "a-b", "a.b", "a/b.c", "a/b/c", "a/x", "a0", "z", "é"])
        #expect(paths == paths.sorted { $0.lexicographicallyPrecedes($1) })
    }

    @Test func `hidden files and folders are skipped`() throws {
        let folder = try ScratchFolder()
        try folder.makeFiles(".hidden.jpg", ".git/a.jpg", "x/.thumbs/a.jpg", "x/a.jpg", "..twodots", "a.")
        #expect(try walk(folder.path) == ["a.", "x/a.jpg"])
    }

    @Test func `a link never leads round in circles`() throws {
        let folder = try ScratchFolder()
        try folder.makeFiles("x/a.jpg", "x/y/b.jpg")
        try folder.link("x/self", to: ".")
        try folder.link("x/parent", to: "..")
        try folder.link("x/y/root", to: folder.path.string)
        try folder.link("loop", to: "loop")
        try folder.link("top", to: "/")
        try folder.link("inside", to: "x")
        #expect(try walk(folder.path) == ["loop", "x/a.jpg", "x/y/b.jpg"])
    }

    @Test func `two folders that lead into each other are each entered once on a way`() throws {
        let folder = try ScratchFolder()
        try folder.makeFiles("in/a.jpg", "one/b.jpg", "two/c.jpg")
        try folder.link("in/one", to: "../one")
        try folder.link("one/two", to: "../two")
        try folder.link("two/one", to: "../one")
        try folder.link("two/home", to: "../in")
        #expect(try walk(folder.path("in")) == ["a.jpg", "one/b.jpg", "one/two/c.jpg"])
    }

    @Test func `links to files count as files, wherever they lead`() throws {
        let folder = try ScratchFolder()
        try folder.makeFiles("in/a.jpg", "out/b.jpg")
        try folder.link("in/again.jpg", to: "a.jpg")
        try folder.link("in/outside.jpg", to: "../out/b.jpg")
        try folder.link("in/dangling.jpg", to: "nowhere.jpg")
        #expect(try walk(folder.path("in")) == ["a.jpg", "again.jpg", "dangling.jpg", "outside.jpg"])
    }

    @Test func `a link to a folder outside is followed`() throws {
        let folder = try ScratchFolder()
        try folder.makeFiles("in/a.jpg", "in-too/b.jpg", "out/deep/c.jpg")
        try folder.link("in/out", to: "../out")
        try folder.link("in/too", to: folder.path("in-too").string)
        #expect(try walk(folder.path("in")) == ["a.jpg", "out/deep/c.jpg", "too/b.jpg"])
    }

    @Test func `the folder itself may be a link`() throws {
        let folder = try ScratchFolder()
        try folder.makeFiles("real/x/a.jpg")
        try folder.link("real/x/back", to: "..")
        try folder.link("linked", to: "real")
        #expect(try walk(folder.path("linked")) == ["x/a.jpg"])
    }

    @Test func `a pipe is listed and not opened`() throws {
        let folder = try ScratchFolder()
        try folder.makeFIFO("pipe.jpg")
        #expect(try walk(folder.path) == ["pipe.jpg"])
    }

    @Test func `a folder is a folder, whatever its name`() throws {
        let folder = try ScratchFolder()
        try folder.makeFiles("dir.jpg/a.jpg")
        try folder.makeFolder("empty.jpg")
        #expect(try walk(folder.path) == ["dir.jpg/a.jpg"])
    }

    static let names: [[UInt8]] = [
        Array("a b.jpg".utf8), Array(" .jpg".utf8), Array("it's \"so\".jpg".utf8), Array("a\nb.jpg".utf8),
        Array("a\r\nb.jpg".utf8), Array("\u{1B}[31mred.jpg".utf8), Array("🐕‍🦺.jpg".utf8), Array("-rf.jpg".utf8),
        Array("--help.jpg".utf8), Array("=cmd|calc.jpg".utf8), Array("a\\b.jpg".utf8), Array("a\\".utf8),
        Array("*?[a].jpg".utf8), Array("{{path}}.jpg".utf8), Array("%00%2F.jpg".utf8), Array("~.jpg".utf8),
        Array("caf".utf8) + [0xE9] + Array(".jpg".utf8), [0xFF], [0xC3], Array("caf\u{E9}.jpg".utf8),
        Array("cafe\u{301}.jpg".utf8), Array("\u{FEFF}bom.jpg".utf8), Array("\u{202E}gpj.exe.jpg".utf8), [0x01, 0x7F],
        Array(String(repeating: "n", count: 250).utf8) + Array(".jpg".utf8), Array("con.jpg".utf8), Array("...".utf8),
    ]

    @Test func `names come through byte by byte`() throws {
        let folder = try ScratchFolder()
        for name in Self.names { try folder.makeFile(name) }
        for name in Self.names { try folder.makeFile([UInt8(ascii: "d")] + name + Array("/x.jpg".utf8)) }
        let visible = Self.names.filter { $0.first != UInt8(ascii: ".") }
        let expected = visible + Self.names.map { [UInt8(ascii: "d")] + $0 + Array("/x.jpg".utf8) }
        #expect(try bytes(folder.path) == expected.sorted { $0.lexicographicallyPrecedes($1) })
    }

    @Test func `composed and decomposed names are two files`() throws {
        let folder = try ScratchFolder()
        try folder.makeFiles("caf\u{E9}.jpg", "cafe\u{301}.jpg")
        let names = try bytes(folder.path).map { ImageName(bytes: $0) }
        #expect(names == [ImageName("cafe\u{301}.jpg"), ImageName("caf\u{E9}.jpg")])
        #expect(Set(names).count == 2)
    }

    @Test func `forty levels are no problem`() throws {
        let folder = try ScratchFolder()
        let deep = (1...40).map { "level \($0)" }.joined(separator: "/") + "/a.jpg"
        try folder.makeFiles(deep)
        #expect(try walk(folder.path) == [deep])
    }

    @Test func `a visit that throws ends the walk`() throws {
        struct Stop: Error {}
        let folder = try ScratchFolder()
        try folder.makeFiles("a", "b", "c")
        var walk = FolderWalk(root: folder.path)
        var seen = 0
        #expect(throws: Stop.self) {
            try walk.forEachFile { _ in
                seen += 1
                if seen == 2 { throw Stop() }
            }
        }
        #expect(seen == 2)
    }

    @Test(.enabled(if: geteuid() != 0, "root may list every folder"))
    func `a folder that cannot be listed is noted and the walk goes on`() throws {
        let folder = try ScratchFolder()
        try folder.makeFiles("a.jpg", "locked/b.jpg", "z.jpg")
        let locked = folder.path("locked")
        try #require(locked.withPlatformString { chmod($0, 0o000) } == 0)
        defer { _ = locked.withPlatformString { chmod($0, 0o700) } }
        var walk = FolderWalk(root: folder.path)
        var paths: [String] = []
        try walk.forEachFile { paths.append(String(decoding: $0, as: UTF8.self)) }
        #expect(paths == ["a.jpg", "z.jpg"])
        #expect(walk.unreadable.map(\.path) == [Array("locked".utf8)])
        #expect(walk.unreadable.map(\.reason) == ["Permission denied"])
    }
}
