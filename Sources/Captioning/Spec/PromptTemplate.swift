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

    /// Parses a text.
    ///
    /// - Parameters:
    ///   - text: Mustache text.
    ///   - variables: The spec's own variables.
    ///   - allowsColumns: Whether other variables may come with each image, from a manifest.
    /// - Throws: `Problem` for broken tags and for variables that nothing sets.
    public init(
        _ text: String, variables: [String: String], allowsColumns: Bool = false
    ) throws(Problem) {
        do {
            // The pragma takes the rest of its line with it, so the text begins on the next.
            template = try MustacheTemplate(string: "{{% CONTENT_TYPE:TEXT}}\n" + text)
        } catch {
            throw Problem(
                message: "the Mustache tags do not close", hint: "a variable is written {{filename}}")
        }
        self.variables = variables
        let known = Self.builtInVariables + variables.keys.sorted()
        for name in Self.variableNames(in: text) where !known.contains(name) && !allowsColumns {
            let near = suggestion(for: name, among: known)
            throw Problem(
                message: "nothing sets the variable '\(name)'",
                hint: near.map { "did you mean '\($0)'?" } ?? "known: \(list(known)); add your own under variables:")
        }
    }

    /// The text for one image.
    ///
    /// - `image`: The image's name; bytes that are not UTF-8 are shown as U+FFFD.
    /// - `index`: The image's number in the plan, from 1.
    /// - `columns`: What a manifest says of the image; the spec's own variables come first.
    public func render(image: ImageName, index: Int, columns: [String: String] = [:]) -> String {
        let path = String(decoding: image.bytes, as: UTF8.self)
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
        return template.render(values)
    }

    /// The names in variable and section tags; comments, partials and pragmas have none.
    static func variableNames(in text: String) -> [String] {
        let tag = /\{\{\{?\s*[&#^\/]?\s*([A-Za-z_][A-Za-z0-9_.]*)/
        return text.matches(of: tag).map { String($0.output.1) }
    }
}
