import Foundation
import Testing

@testable import CaptionCLI

struct TerminalFilterTests {
    @Test func `characters and line ends that are cut between pieces come out whole`() {
        let text = "name,caption\r\n\"ü 世 😀\",\"a\rb\u{1B}[2J\u{202E}\"\r\n"
        let expected = "name,caption\r\n\"ü 世 😀\",\"a\\rb\\u001B[2J\\u202E\"\r\n"
        let bytes = Data(text.utf8)
        for size in 1...bytes.count {
            var filter = TerminalFilter()
            var shown = Data()
            for start in stride(from: 0, to: bytes.count, by: size) {
                shown += filter.passing(bytes[start..<min(start + size, bytes.count)])
            }
            #expect(String(decoding: shown, as: UTF8.self) == expected, "pieces of \(size)")
        }
    }

    @Test func `bytes that are not UTF-8 are replaced, and never waited for`() {
        var filter = TerminalFilter()
        #expect(
            String(decoding: filter.passing(Data([0x61, 0xFF, 0x80, 0x62])), as: UTF8.self) == "a\u{FFFD}\u{FFFD}b")
        #expect(String(decoding: filter.passing(Data([0x80, 0x80, 0x80, 0x80])), as: UTF8.self).count == 4)
    }
}
