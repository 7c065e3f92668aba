import Foundation
import Mustache

/// A prompt or system text with Mustache variables, parsed once and rendered for every item.
///
/// Variables: `filename`, `stem`, `path`, `folder`, `index`, and the spec's own `variables`. Nothing is HTML-escaped.
public struct PromptTemplate: Sendable {
    /// Why a text is no template.
    public struct Problem: Error, Hashable, Sendable {
        /// What is wrong.
        public var message: String
        /// What to do about it.
        public var hint: String?
    }

    /// The variables that every image sets.
    public static let builtInVariables = ["filename", "stem", "path", "folder", "index"]

    private let template: MustacheTemplate
    private let variables: [String: String]
    /// The length of the text, and how often each variable stands in it, to know how long it can become.
    private let textBytes: Int
    private let uses: [String: Int]
    private let otherTags: Int

    /// Parses a text.
    ///
    /// - Parameters:
    ///   - text: Mustache text.
    ///   - variables: The spec's own variables.
    ///   - allowsColumns: Whether other variables may come with each image, from a manifest.
    /// - Throws: `Problem` for broken tags, for variables that nothing sets, and for more than the bounds of a spec allow.
    public init(
        _ text: String, variables: [String: String], allowsColumns: Bool = false
    ) throws(Problem) {
        try Self.checkBounds(text)
        do {
            // The pragma takes the rest of its line with it, so the text begins on the next.
            template = try MustacheTemplate(string: "{{% CONTENT_TYPE:TEXT}}\n" + text)
        } catch {
            throw Problem(
                message: "the Mustache tags do not close", hint: "a variable is written {{filename}}")
        }
        self.variables = variables
        let names = Self.variableNames(in: text)
        textBytes = text.utf8.count
        uses = names.reduce(into: [:]) { $0[$1, default: 0] += 1 }
        otherTags = max(Self.count("{{", in: text) - names.count, 0)
        let unknown = names.first { variables[$0] == nil && !Self.builtInVariables.contains($0) }
        if let unknown, !allowsColumns {
            let known = Self.builtInVariables + variables.keys.sorted()
            let near = suggestion(for: unknown, among: known)
            throw Problem(
                message: "nothing sets the variable '\(unknown)'",
                hint: near.map { "did you mean '\($0)'?" } ?? "known: \(list(known)); add your own under variables:")
        }
        try checkLength(variables)
    }

    /// Refuses what takes the parser more than a moment, or more stack than there is.
    private static func checkBounds(_ text: String) throws(Problem) {
        // What it names then would be found neither here nor by whoever compares two versions of a prompt.
        guard count("{{=", in: text) == 0 else {
            throw Problem(
                message: "other delimiters than {{ and }} are not read",
                hint: "a variable can hold braces that are meant as they are")
        }
        let sections = ["{{#", "{{^", "{{<", "{{$"].reduce(0) { $0 + count($1, in: text) }
        guard sections <= SpecBounds.sections, tagWork(of: text) <= SpecBounds.tagWork else {
            throw Problem(
                message: "it has too many tags", hint: "at most \(SpecBounds.sections) sections; shorten the text")
        }
    }

    /// How much work a text's tags are: each brace may be followed by a look at the whole rest.
    static func tagWork(of text: String) -> Int {
        text.utf8.count { $0 == UInt8(ascii: "{") || $0 == UInt8(ascii: "}") } * text.utf8.count
    }

    /// Refuses a text that its variables could make too long to be sent.
    private func checkLength(_ values: [String: String]) throws(Problem) {
        // Inside a section '.' stands for the section's variable, whichever that is.
        let longest = values.values.reduce(0) { max($0, $1.utf8.count) }
        let bytes = uses.reduce(Double(textBytes) + Double(otherTags) * Double(longest)) { sum, use in
            sum + Double(use.value) * Double(values[use.key]?.utf8.count ?? 0)
        }
        guard bytes <= Double(SpecBounds.renderedBytes) else {
            throw Problem(
                message: "with its variables filled in it could have more than \(SpecBounds.renderedBytes >> 20) MiB",
                hint: "shorten the variables, or name them less often")
        }
    }

    private static func count(_ needle: String, in text: String) -> Int {
        let (needle, bytes) = (Array(needle.utf8), Array(text.utf8))
        guard bytes.count >= needle.count else { return 0 }
        return (0...bytes.count - needle.count).count { bytes[$0...].starts(with: needle) }
    }

    /// The text for one image.
    ///
    /// - `image`: The image's name; bytes that are not UTF-8 are shown as U+FFFD.
    /// - `index`: The image's number in the plan, from 1.
    /// - `columns`: What a manifest says of the image; the spec's own variables come first.
    ///
    /// Throws `Problem` when the text could have more than a mebibyte.
    public func render(
        image: ImageName, index: Int, columns: [String: String] = [:]
    ) throws(Problem) -> String {
        let path = image.lossyText
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        let filename = parts.last.map(String.init) ?? path
        var values = variables.merging(columns) { own, _ in own }
        values["path"] = path
        values["filename"] = filename
        values["stem"] =
            filename.lastIndex(of: ".").flatMap { $0 == filename.startIndex ? nil : String(filename[..<$0]) }
            ?? filename
        values["folder"] = parts.dropLast().joined(separator: "/")
        values["index"] = String(index)
        try checkLength(values)
        return template.render(values)
    }

    /// The names in variable and section tags; comments, partials and pragmas have none.
    static func variableNames(in text: String) -> [String] {
        let tag = /\{\{\{?\s*[&#^\/]?\s*([A-Za-z_][A-Za-z0-9_.]*)/
        return text.matches(of: tag).map { String($0.output.1) }
    }
}
