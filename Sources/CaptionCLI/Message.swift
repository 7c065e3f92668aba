import Captioning

/// A message to a person: the program's own words as they are written, and every value in them fit for a terminal.
///
/// Only literals are taken as they are, so no name, server text or setting can reach a terminal raw.
struct Message: ExpressibleByStringInterpolation, Hashable, Sendable, CustomStringConvertible {
    /// What is printed; has line breaks only where the program wrote them.
    let text: String
    /// The same with every value as it came, for data that programs read.
    let raw: String

    var description: String { text }

    init(stringLiteral text: String) {
        self.text = text
        raw = text
    }

    init(stringInterpolation: Interpolation) {
        text = stringInterpolation.text
        raw = stringInterpolation.raw
    }

    /// Messages one below the other.
    init(lines: [Message]) {
        text = lines.map(\.text).joined(separator: "\n")
        raw = lines.map(\.raw).joined(separator: "\n")
    }

    struct Interpolation: StringInterpolationProtocol {
        fileprivate var text = ""
        fileprivate var raw = ""

        init(literalCapacity: Int, interpolationCount: Int) {}

        mutating func appendLiteral(_ literal: String) {
            text += literal
            raw += literal
        }

        /// A value on one line.
        mutating func appendInterpolation(_ value: some CustomStringConvertible) {
            text += TerminalText.fit(ArgumentBytes.shown(value.description))
            raw += value.description
        }

        /// A JSON text, which stays the same JSON.
        mutating func appendInterpolation(json value: String) {
            text += TerminalText.fit(value)
            raw += value
        }

        /// A part of the message.
        mutating func appendInterpolation(_ part: Message) {
            text += part.text
            raw += part.raw
        }

        /// A text of several lines, each of which begins with the indent, so that none can pass for another's.
        mutating func appendInterpolation(lines value: String, indent: String) {
            let lines = value.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
            text += lines.map { indent + TerminalText.fit(ArgumentBytes.shown(String($0))) }.joined(separator: "\n")
            raw += value
        }
    }
}
