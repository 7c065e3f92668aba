import Foundation

/// Parses JSON (RFC 8259) in time that grows with its length, whatever it holds.
///
/// Written here because Foundation's decoders take seconds for a few kilobytes of nested brackets, and JSON comes from
/// servers and manifests. As Foundation does, it forgives a comma behind the last element and takes the first of two equal
/// keys.
struct JSONParser {
    /// Arrays and objects within each other; no reply, parameter or manifest needs more.
    static let maxDepth = 128

    private let bytes: [UInt8]
    private var index = 0

    /// - Throws: `DecodingError.dataCorrupted` when the data is not one JSON value, or is nested too deeply.
    static func value(of data: Data) throws -> JSONValue {
        var parser = JSONParser(bytes: Array(data))
        if parser.bytes.starts(with: [0xEF, 0xBB, 0xBF]) { parser.index = 3 }
        do throws(Problem) {
            let value = try parser.value(depth: 0)
            parser.skipSpace()
            guard parser.index == parser.bytes.count else { throw Problem("something follows the value") }
            return value
        } catch {
            throw DecodingError.dataCorrupted(
                .init(codingPath: [], debugDescription: "byte \(parser.index): \(error.message)"))
        }
    }

    private struct Problem: Error {
        let message: String

        init(_ message: String) {
            self.message = message
        }
    }

    private init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    private mutating func value(depth: Int) throws(Problem) -> JSONValue {
        skipSpace()
        switch peek() {
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            guard depth < Self.maxDepth else { throw Problem("nested more than \(Self.maxDepth) deep") }
            return peek() == UInt8(ascii: "{") ? .object(try members(depth + 1)) : .array(try elements(depth + 1))
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return try number()
        }
    }

    private mutating func elements(_ depth: Int) throws(Problem) -> [JSONValue] {
        var elements: [JSONValue] = []
        index += 1
        while try !closes(UInt8(ascii: "]"), isFirst: elements.isEmpty) {
            elements.append(try value(depth: depth))
        }
        return elements
    }

    private mutating func members(_ depth: Int) throws(Problem) -> [String: JSONValue] {
        var members: [String: JSONValue] = [:]
        var isFirst = true
        index += 1
        while try !closes(UInt8(ascii: "}"), isFirst: isFirst) {
            isFirst = false
            guard peek() == UInt8(ascii: "\"") else { throw Problem("a key is expected") }
            let key = try string()
            skipSpace()
            guard take(UInt8(ascii: ":")) else { throw Problem("a colon is expected") }
            let value = try value(depth: depth)
            if members[key] == nil { members[key] = value }
        }
        return members
    }

    /// Passes over what stands before the next element; true at the closing bracket, which is passed over, too.
    private mutating func closes(_ bracket: UInt8, isFirst: Bool) throws(Problem) -> Bool {
        skipSpace()
        if take(bracket) { return true }
        guard !isFirst else { return false }
        guard take(UInt8(ascii: ",")) else { throw Problem("a comma or a closing bracket is expected") }
        skipSpace()
        return take(bracket)
    }

    private mutating func string() throws(Problem) -> String {
        index += 1
        let start = index
        // Most strings have no escapes.
        while let byte = peek(), byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 { index += 1 }
        var content = bytes[start..<index]
        while let byte = peek() {
            switch byte {
            case UInt8(ascii: "\""):
                index += 1
                guard let text = String(validating: content, as: UTF8.self) else {
                    throw Problem("a string is not UTF-8")
                }
                return text
            case UInt8(ascii: "\\"):
                index += 1
                content.append(contentsOf: try escape())
            case 0x20...:
                content.append(byte)
                index += 1
            default:
                throw Problem("a control character stands in a string")
            }
        }
        throw Problem("a string does not end")
    }

    /// The bytes of the character whose escape follows a backslash.
    private mutating func escape() throws(Problem) -> [UInt8] {
        let byte = peek()
        index += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return byte.map { [$0] } ?? []
        case UInt8(ascii: "b"): return [0x08]
        case UInt8(ascii: "f"): return [0x0C]
        case UInt8(ascii: "n"): return [0x0A]
        case UInt8(ascii: "r"): return [0x0D]
        case UInt8(ascii: "t"): return [0x09]
        case UInt8(ascii: "u"):
            var code = try fourDigits()
            if (0xD800..<0xDC00).contains(code), take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) {
                let low = try fourDigits()
                guard (0xDC00..<0xE000).contains(low) else { throw Problem("half a surrogate pair") }
                code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
            }
            guard let scalar = Unicode.Scalar(code) else { throw Problem("half a surrogate pair") }
            return Array(String(Character(scalar)).utf8)
        default: throw Problem("an escape is unknown")
        }
    }

    private mutating func fourDigits() throws(Problem) -> UInt32 {
        var code: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = peek(), let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw Problem("an escape has fewer than four digits")
            }
            code = code << 4 | UInt32(digit)
            index += 1
        }
        return code
    }

    private mutating func number() throws(Problem) -> JSONValue {
        let start = index
        _ = take(UInt8(ascii: "-"))
        let whole = digits()
        guard whole > 0, whole == 1 || bytes[index - whole] != UInt8(ascii: "0") else {
            throw Problem("a value is expected")
        }
        var isWhole = true
        if take(UInt8(ascii: ".")) {
            isWhole = false
            guard digits() > 0 else { throw Problem("a number is not finished") }
        }
        if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
            isWhole = false
            if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
            guard digits() > 0 else { throw Problem("a number is not finished") }
        }
        let text = String(decoding: bytes[start..<index], as: UTF8.self)
        if isWhole, let number = Int(text) { return .int(number) }
        guard let number = Double(text), number.isFinite else { throw Problem("a number is too large") }
        return Int(exactly: number).map { .int($0) } ?? .double(number)
    }

    private mutating func digits() -> Int {
        let start = index
        while let byte = peek(), (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { index += 1 }
        return index - start
    }

    private mutating func word(_ word: String, _ value: JSONValue) throws(Problem) -> JSONValue {
        guard bytes[index...].starts(with: word.utf8) else { throw Problem("a value is expected") }
        index += word.utf8.count
        return value
    }

    private mutating func skipSpace() {
        while let byte = peek(), byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { index += 1 }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard peek() == byte else { return false }
        index += 1
        return true
    }

    private func peek() -> UInt8? {
        index < bytes.count ? bytes[index] : nil
    }
}
