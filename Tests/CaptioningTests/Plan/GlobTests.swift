import Testing

@testable import Captioning

struct GlobTests {
    static let matching: [(String, String)] = [
        ("*.jpg", "a.jpg"), ("*.jpg", "x/y/a.jpg"), ("*.jpg", "DSC01.JPG"), ("*.JPG", "a.jpg"), ("*", "a"),
        ("a.jpg", "a.jpg"), ("a.jpg", "x/a.jpg"), ("./a.jpg", "a.jpg"), ("/a.jpg", "a.jpg"), ("?.jpg", "a.jpg"),
        ("x/*.jpg", "x/a.jpg"), ("./x/*.jpg", "x/a.jpg"), ("/x/*.jpg", "x/a.jpg"), ("x/**", "x/a"), ("x/**", "x/y/z/a"),
        ("**/a.jpg", "a.jpg"), ("**/a.jpg", "x/y/a.jpg"), ("**/drafts/**", "drafts/a.jpg"),
        ("**/drafts/**", "x/drafts/y/a.jpg"), ("x/**/a.jpg", "x/a.jpg"), ("x/**/a.jpg", "x/y/z/a.jpg"), ("**", "x/a"),
        ("**/*.jpg", "a.jpg"), ("*/*/*.jpg", "x/y/a.jpg"), ("[abc].jpg", "b.jpg"), ("[a-c].jpg", "C.jpg"),
        ("[!a-c].jpg", "d.jpg"), ("[^a].jpg", "b.jpg"), ("[]a].jpg", "].jpg"), ("[a-].jpg", "-.jpg"), ("[a", "[a"),
        ("[0-9][0-9].png", "07.png"), ("a b*.jpg", "a b (1).jpg"), ("café.jpg", "café.jpg"), ("caf??.jpg", "café.jpg"),
        ("*é*.jpg", "aéb.jpg"), ("a*b*c", "a__b__bc"), ("**a", "bba"), ("***", "a"), ("", ""), ("x/*/", "x/y/"),
    ]

    @Test(arguments: matching)
    func `a pattern fits`(pattern: String, path: String) {
        #expect(Glob(pattern).matches(path.utf8))
    }

    static let failing: [(String, String)] = [
        ("*.jpg", "a.png"), ("*.jpg", "a.jpg.txt"), ("*.jpg", "a.jpg/b"), ("a.jpg", "ba.jpg"), ("/a.jpg", "x/a.jpg"),
        ("x/*.jpg", "x/y/a.jpg"), ("x/*.jpg", "z/x/a.jpg"), ("x/**", "x"), ("x/**", "xy/a"), ("?.jpg", "ab.jpg"),
        ("x?a", "x/a"), ("x/?", "x/"), ("[!a].jpg", "a.jpg"), ("[a-c].jpg", "d.jpg"), ("x[!y]a", "x/a"),
        ("**/drafts/**", "drafts"), ("**/drafts/**", "mydrafts/a.jpg"), ("*/a.jpg", "a.jpg"), ("*/a.jpg", "x/y/a.jpg"),
        ("?.jpg", "é.jpg"), ("É.jpg", "é.jpg"), ("", "a"), ("a*b*c", "a__c__b"), ("[a", "a"), ("a.jpg", "a_jpg"),
    ]

    @Test(arguments: failing)
    func `a pattern does not fit`(pattern: String, path: String) {
        #expect(!Glob(pattern).matches(path.utf8))
    }

    @Test func `bytes that are not UTF-8 count as bytes`() {
        #expect(Glob("caf?.jpg").matches(Array("caf".utf8) + [0xE9] + Array(".jpg".utf8)))
        #expect(Glob("*.jpg").matches([0xFF, 0xFE] + Array(".jpg".utf8)))
    }

    @Test(
        .timeLimit(.minutes(1)),
        arguments: [
            String(repeating: "*a", count: 30) + "b", String(repeating: "**/", count: 30) + "b",
            String(repeating: "*", count: 200) + "b", String(repeating: "[a-z]*", count: 20) + "9",
            String(repeating: "?*", count: 30) + "/", "a/" + String(repeating: "**", count: 50) + "b",
        ])
    func `no pattern takes long`(pattern: String) {
        let path = String(repeating: "a", count: 60) + "/" + String(repeating: "a", count: 60)
        #expect(!Glob(pattern).matches(path.utf8))
    }
}
