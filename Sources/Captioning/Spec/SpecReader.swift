import Yams

/// Reads values out of YAML nodes and gathers every problem on the way instead of stopping at the first.
struct SpecReader {
    let file: String
    private(set) var problems: [SpecError.Problem] = []
    private(set) var warnings: [SpecError.Problem] = []

    init(file: String) {
        self.file = file
    }

    mutating func report(_ message: String, at path: String, _ node: Node?, hint: String? = nil) {
        problems.append(
            .init(file: file, line: node?.mark?.line, keyPath: path, message: message, hint: hint))
    }

    mutating func warn(_ message: String, at path: String, _ node: Node?, hint: String? = nil) {
        warnings.append(
            .init(file: file, line: node?.mark?.line, keyPath: path, message: message, hint: hint))
    }

    /// The entries of a mapping whose keys all belong to the section; unknown keys are reported.
    mutating func entries(of node: Node, _ section: SpecSection, at path: String) -> [String: Node]? {
        guard case .mapping(let mapping) = node else {
            report("expected a mapping with the keys \(list(section.keys))", at: path, node)
            return nil
        }
        var entries: [String: Node] = [:]
        for (keyNode, value) in mapping {
            guard let key = keyNode.scalar?.string else {
                report("keys must be plain words", at: path, keyNode)
                continue
            }
            guard section.keys.contains(key) else {
                let near = suggestion(for: key, among: section.keys)
                report(
                    "unknown key", at: join(path, key), keyNode,
                    hint: near.map { "did you mean '\($0)'?" } ?? "known keys: \(list(section.keys))")
                continue
            }
            entries[key] = value
        }
        return entries
    }

    mutating func text(_ node: Node?, at path: String, allowEmpty: Bool = false) -> String? {
        guard let node, !node.isNull else { return nil }
        guard case .scalar(let scalar) = node else {
            report("expected text", at: path, node)
            return nil
        }
        if scalar.string.allSatisfy(\.isWhitespace), !allowEmpty {
            report("must not be empty", at: path, node)
            return nil
        }
        if scalar.string.contains("\0") {
            report("must not contain a NUL character", at: path, node)
            return nil
        }
        return scalar.string
    }

    mutating func texts(_ node: Node?, at path: String) -> [String] {
        guard let node, !node.isNull else { return [] }
        guard case .sequence(let sequence) = node else {
            // One value where a list is expected is what people write first; take it.
            return text(node, at: path).map { [$0] } ?? []
        }
        return sequence.enumerated().compactMap { index, element in
            let place = "\(path)[\(index)]"
            guard !element.isNull else {
                report("must not be empty", at: place, element)
                return nil
            }
            return text(element, at: place)
        }
    }

    mutating func whole(_ node: Node?, in range: ClosedRange<Int>, at path: String) -> Int? {
        guard let node, !node.isNull else { return nil }
        guard case .int(let number)? = node.jsonValue else {
            report("expected a whole number", at: path, node)
            return nil
        }
        guard range.contains(number) else {
            let bounds =
                range.upperBound == .max
                ? "at least \(range.lowerBound)" : "from \(range)".replacing("...", with: " to ")
            report("\(number) is out of range: it must be \(bounds)", at: path, node)
            return nil
        }
        return number
    }

    mutating func truth(_ node: Node?, at path: String) -> Bool? {
        guard let node, !node.isNull else { return nil }
        guard case .bool(let value)? = node.jsonValue else {
            report("expected true or false", at: path, node)
            return nil
        }
        return value
    }

    mutating func duration(_ node: Node?, atLeast least: Duration, at path: String) -> Duration? {
        guard let node, !node.isNull else { return nil }
        guard let text = node.scalar?.string, let duration = Duration(text: text) else {
            report("expected a length of time", at: path, node, hint: "such as 500ms, 30s, 15m or 1h")
            return nil
        }
        guard duration >= least else {
            report("must be at least \(least.text)", at: path, node)
            return nil
        }
        return duration
    }
}

func join(_ path: String, _ key: String) -> String {
    path.isEmpty ? key : "\(path).\(key)"
}

func list(_ words: some Sequence<String>) -> String {
    words.joined(separator: ", ")
}

extension Node {
    /// An absent value: `key:` with nothing behind it, `~` or `null`.
    var isNull: Bool {
        if case .null? = jsonValue { true } else { false }
    }

    /// The node as JSON, by the core schema of YAML 1.2 (`yes` and `no` are text); nil for what JSON cannot hold.
    var jsonValue: JSONValue? {
        switch self {
        case .scalar(let scalar):
            guard scalar.style == .plain || scalar.style == .any else { return .string(scalar.string) }
            switch scalar.string {
            case "", "~", "null", "Null", "NULL": return .null
            case "true", "True", "TRUE": return .bool(true)
            case "false", "False", "FALSE": return .bool(false)
            default: break
            }
            if let number = Int(scalar.string) { return .int(number) }
            if let first = scalar.string.utf8.first, "+-.0123456789".utf8.contains(first),
                let number = Double(scalar.string)
            {
                return number.isFinite ? .double(number) : nil
            }
            return .string(scalar.string)
        case .sequence(let sequence):
            let values = sequence.map(\.jsonValue)
            return values.contains(nil) ? nil : .array(values.compactMap(\.self))
        case .mapping(let mapping):
            var members: [String: JSONValue] = [:]
            for (key, value) in mapping {
                guard let name = key.scalar?.string, let member = value.jsonValue else { return nil }
                members[name] = member
            }
            return .object(members)
        case .alias:
            return nil
        }
    }
}
