import CaptioningTesting
import Foundation
import Testing

@testable import Captioning

struct JSONParserTests {
    private func parse(_ text: String) throws -> JSONValue {
        try JSONValue(parsing: Data(text.utf8))
    }

    @Test(arguments: [
        ("7", JSONValue.int(7)), ("-0", .int(0)), ("7.0", .int(7)), ("1e3", .int(1000)), ("0.1", .double(0.1)),
        ("-1.5E-2", .double(-0.015)), ("9223372036854775807", .int(.max)),
        ("9223372036854775808", .double(9_223_372_036_854_775_808)), (" \n\tnull\r ", .null), ("true", .bool(true)),
        ("false", .bool(false)), ("\"\"", .string("")), ("[]", .array([])), ("{}", .object([:])),
        ("[1, [2] ,{\"a\" : null}]", .array([.int(1), .array([.int(2)]), .object(["a": .null])])),
        ("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\uD83D\\ude00 é\"", .string("\"\\/\u{8}\u{C}\n\r\té😀 é")),
        ("\u{FEFF}1", .int(1)), ("[1,]", .array([.int(1)])), ("{\"a\":1,}", .object(["a": .int(1)])),
        ("{\"a\":1,\"a\":2}", .object(["a": .int(1)])),
    ])
    func `a value is read as it is written`(text: String, expected: JSONValue) throws {
        #expect(try parse(text) == expected)
    }

    @Test(arguments: [
        "", " ", "nul", "tru e", "01", "-", "1.", ".5", "1e", "+1", "NaN", "Infinity", "1e400", "[", "[1", "[1 2]",
        "[,]",
        "{", "{a:1}", "{\"a\"}", "{\"a\":}", "{\"a\":1 \"b\":2}", "\"", "\"\\", "\"\\x\"", "\"\\u12\"", "\"\\ud800\"",
        "\"\\ud800\\u0041\"", "\"\\udc00\"", "\"a\nb\"", "\"\u{1}\"", "1 2", "[1]]", "'a'", "{\"a\":1,,}",
    ])
    func `what is no JSON is refused`(text: String) {
        #expect(throws: DecodingError.self) { try parse(text) }
    }

    @Test func `bytes that are not UTF-8 are refused`() {
        #expect(throws: DecodingError.self) { try JSONValue(parsing: Data([0x22, 0xFF, 0x22])) }
    }

    @Test func `nesting has a bound`() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        _ = try parse(nested(JSONParser.maxDepth))
        #expect(throws: DecodingError.self) { try parse(nested(JSONParser.maxDepth + 1)) }
        #expect(throws: DecodingError.self) { try parse(String(repeating: "{\"a\":", count: 1_000_000)) }
    }

    @Test func `a megabyte takes no time, however it is nested`() throws {
        let deep = String(repeating: "[", count: 100) + String(repeating: "]", count: 100)
        let texts = [
            "[" + Array(repeating: deep, count: 5_000).joined(separator: ",") + "]",
            "[" + Array(repeating: "[]", count: 300_000).joined(separator: ",") + "]",
            "{" + (0..<100_000).map { "\"\($0)\":0" }.joined(separator: ",") + "}",
        ]
        let time = try processorTime { for text in texts { _ = try parse(text) } }
        #expect(time < .seconds(20))
    }

    @Test func `it reads what Foundation writes`() throws {
        var generator = SplitMix64(seed: 5)
        func value(_ depth: Int) -> JSONValue {
            switch Int.random(in: 0..<(depth > 0 ? 8 : 6), using: &generator) {
            case 0: .null
            case 1: .bool(.random(using: &generator))
            case 2: .int(.random(in: .min ... .max, using: &generator))
            case 3: .double(.random(in: -1e9...1e9, using: &generator) + 0.5)
            case 4, 5:
                .string(
                    String(
                        String.UnicodeScalarView(
                            (0..<8).compactMap { _ in Unicode.Scalar(UInt32.random(in: 0..<0x11000, using: &generator))
                            })))
            case 6: .array((0..<3).map { _ in value(depth - 1) })
            default: .object(Dictionary((0..<3).map { ("k\($0)", value(depth - 1)) }) { $1 })
            }
        }
        for _ in 0..<300 {
            let value = value(4)
            #expect(try JSONValue(parsing: value.canonicalData) == value)
        }
    }
}
