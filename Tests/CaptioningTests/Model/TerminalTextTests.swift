import Foundation
import Testing

@testable import Captioning

struct TerminalTextTests {
    @Test(arguments: [
        ("plain", "plain"), ("Grüße, 世界 🐶", "Grüße, 世界 🐶"), ("a\u{1B}[2Jb", "a\\u001B[2Jb"),
        ("\u{1B}]52;c;ZXZpbA==\u{7}", "\\u001B]52;c;ZXZpbA==\\u0007"), ("one\ntwo\r\nthree", "one\\ntwo\\r\\nthree"),
        ("\u{9B}31m", "\\u009B31m"), ("\u{85}\u{2028}\u{2029}\u{B}\u{C}", "\\u0085\\u2028\\u2029\\u000B\\u000C"),
        ("photo\u{202E}gpj.exe", "photo\\u202Egpj.exe"),
        ("\u{2066}a\u{2069}\u{200F}\u{61C}", "\\u2066a\\u2069\\u200F\\u061C"),
        ("tab\tdel\u{7F}\0", "tab\\tdel\\u007F\\u0000"), ("👨‍👩‍👧", "👨‍👩‍👧"),
    ])
    func `what could act on a terminal is shown as JSON escapes it`(text: String, expected: String) {
        #expect(TerminalText.fit(text) == expected)
        #expect(TerminalText.fit(expected) == expected)
    }

    @Test func `JSON that is made fit says the same`() throws {
        let value = JSONValue.string("\u{1B}\u{85}\u{202E}\u{2028}\u{7F}\\\"\n😀")
        let fit = TerminalText.fit(String(decoding: value.canonicalData, as: UTF8.self))
        #expect(try JSONValue(parsing: Data(fit.utf8)) == value)
    }

    @Test func `an image's name stays on its line`() {
        let name = ImageName(bytes: Array("a\n\u{202E}".utf8) + [0xFF])
        #expect(name.display == "a\\n\\u202E\u{FFFD}")
        #expect(name.lossyText == "a\n\u{202E}\u{FFFD}")
    }
}
