import Captioning
import Foundation
import Testing

@testable import CaptionCLI

struct ShellTextTests {
    @Test(arguments: [
        ("photos/day-1", "photos/day-1"), ("", "''"), ("my photos", "'my photos'"), ("it's", "'it'\\''s'"),
        ("$(rm -rf ~)`x`\"", "'$(rm -rf ~)`x`\"'"), ("a\nb", "$'a\\012b'"), ("\u{202E}x", "$'\\342\\200\\256x'"),
        ("it's\u{1B}\\", "$'it\\'s\\033\\\\'"), ("~", "'~'"), ("é", "'é'"),
    ])
    func `a word is quoted as far as the shell needs it, and fit for the terminal`(word: String, expected: String) {
        #expect(ShellText.quoted(word) == expected)
        #expect(TerminalText.fit(expected) == expected)
    }

    @Test func `a value that begins with a dash is no option, and a path is none either`() {
        #expect(ShellText.option("--model", "-x") == ["--model=-x"])
        #expect(ShellText.option("--model", "x") == ["--model", "x"])
        #expect(ShellText.option("--model", nil) == [])
        #expect(ShellText.path("-x.yaml") == "./-x.yaml")
    }

    @Test func `a shell reads every word back, byte for byte`() async throws {
        let scene = try CommandScene()
        let words: [[UInt8]] = [
            Array(1...255), [0xFF], Array("a'b".utf8) + [0xE9], Array("\u{10FE80}\u{10FEFF}".utf8), Array("-n".utf8),
        ]
        for bytes in words {
            let word = ArgumentBytes.text(bytes)
            #expect(ArgumentBytes.bytes(word) == bytes)
            let read = try await scene.shell("printf %s \(ShellText.quoted(word)) | od -An -v -tu1 | tr -s ' \\n' ' '")
            #expect(read.output.split(separator: " ").map { UInt8($0) } == bytes)
        }
    }

    @Test func `bytes that are not UTF-8 are carried and shown`() {
        let text = ArgumentBytes.text(Array("caf".utf8) + [0xE9, 0x0A])
        #expect(ArgumentBytes.shown(text) == "caf\\xE9\n")
        #expect(("'\(text)'" as Message).text == "'caf\\xE9\\n'")
        #expect(ArgumentBytes.text("plain 😀".utf8) == "plain 😀")
    }
}
