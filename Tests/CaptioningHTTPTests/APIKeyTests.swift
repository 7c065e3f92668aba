import Foundation
import Testing

@testable import CaptioningHTTP

struct APIKeyTests {
    @Test func `a key never shows itself`() throws {
        let key = try #require(APIKey("sk-secret-key"))
        var dumped = ""
        dump(key, to: &dumped)
        dump([key], to: &dumped)
        let optional: APIKey? = key
        let shown = [
            key.description, key.debugDescription, "\(key)", "\([key])", "\(["k": key])", "\((key, 1))",
            String(describing: key), String(reflecting: key), String(reflecting: optional), dumped,
        ]
        for text in shown {
            #expect(!text.contains("secret"))
            #expect(text.contains("***"))
        }
        #expect(Mirror(reflecting: key).children.isEmpty)
    }

    @Test(arguments: ["sk-1", " sk-1", "sk-1\n", "\t sk-1 \r\n"])
    func `white space around a key is dropped`(text: String) throws {
        let key = try #require(APIKey(text))
        #expect(key.secret == "sk-1")
    }

    @Test(arguments: ["", "  ", "\n", "sk 1", "sk\n1", "sk-1\u{0}", "sk-\r\nX: y", "sk-\u{7F}", "schlüssel", "sk-“1”"])
    func `a key that cannot stand in a header is refused`(text: String) {
        #expect(APIKey(text) == nil)
    }
}
