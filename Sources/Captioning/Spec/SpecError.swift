/// Everything that is wrong with a job spec, at once.
public struct SpecError: Error, Hashable, Sendable, CustomStringConvertible {
    /// One thing that is wrong, or worth a warning.
    public struct Problem: Hashable, Sendable, Codable {
        /// The file, as the user named it; nil when the problem lies in a flag or the environment.
        public var file: String?
        /// The line in the file, from 1; nil when it is not known.
        public var line: Int?
        /// Where in the spec, such as `prompts[1].text`; empty for the whole document.
        public var keyPath: String
        /// What is wrong.
        public var message: String
        /// What to do about it; nil when the message says it all.
        public var hint: String?

        /// A problem.
        public init(file: String? = nil, line: Int? = nil, keyPath: String, message: String, hint: String? = nil) {
            self.file = file
            self.line = line
            self.keyPath = keyPath
            self.message = message
            self.hint = hint
        }
    }

    /// The problems in the order of the document; never empty.
    public var problems: [Problem]

    /// An error of the given problems.
    public init(_ problems: [Problem]) {
        self.problems = problems
    }

    /// One line a problem.
    public var description: String {
        problems.map(\.description).joined(separator: "\n")
    }
}

extension SpecError.Problem: CustomStringConvertible {
    /// `file:line: key.path: message (hint)`, without the parts that are not known.
    public var description: String {
        var place = file ?? ""
        if let line { place += place.isEmpty ? "line \(line)" : ":\(line)" }
        let parts = [place, keyPath, message].filter { !$0.isEmpty }
        return parts.joined(separator: ": ") + (hint.map { " (\($0))" } ?? "")
    }
}
