import Yams

/// Reads values out of YAML nodes and gathers every problem on the way instead of stopping at the first.
struct SpecReader {
    let file: String
    private(set) var problems: [SpecError.Problem] = []
    private(set) var warnings: [SpecError.Problem] = []

    /// Whether so much is wrong that nobody reads on; what is left need not be looked at.
    var isFull: Bool { problems.count >= SpecBounds.problems }

    init(file: String) {
        self.file = file
    }

    mutating func report(_ message: String, at path: String, _ node: Node?, hint: String? = nil) {
        guard !isFull else { return }
        problems.append(problem(message, path, node, hint))
        if isFull {
            problems.append(.init(file: file, keyPath: "", message: "there may be more; the rest was not read"))
        }
    }

    mutating func warn(_ message: String, at path: String, _ node: Node?, hint: String? = nil) {
        guard warnings.count < SpecBounds.problems else { return }
        warnings.append(problem(message, path, node, hint))
    }

    /// Keys and values that a message quotes may be of any length.
    private func problem(_ message: String, _ path: String, _ node: Node?, _ hint: String?) -> SpecError.Problem {
        SpecError.Problem(
            file: file, line: node?.mark?.line, keyPath: ReplyText.clipped(path, bytes: 300),
            message: ReplyText.clipped(message, bytes: 500), hint: hint.map { ReplyText.clipped($0, bytes: 500) })
    }

    /// The entries of a mapping, but no more than a section may have; more are reported, and so are merge keys.
    mutating func pairs(of mapping: Node.Mapping, maxCount: Int, at path: String) -> [(key: Node, value: Node)] {
        guard mapping.count <= maxCount else {
            report("has \(mapping.count) entries, and at most \(maxCount) are read", at: path, .mapping(mapping))
            return []
        }
        return mapping.filter { key, _ in
            guard key.scalar?.string == "<<" else { return true }
            report("merge keys are not read", at: join(path, "<<"), key, hint: "write the entries out")
            return false
        }.map { (key: $0.key, value: $0.value) }
    }

    /// The entries of a mapping whose keys all belong to the section; unknown keys are reported.
    mutating func entries(of node: Node, _ section: SpecSection, at path: String) -> [String: Node]? {
        guard case .mapping(let mapping) = node else {
            report("expected a mapping with the keys \(list(section.keys))", at: path, node)
            return nil
        }
        var entries: [String: Node] = [:]
        for (keyNode, value) in pairs(of: mapping, maxCount: SpecBounds.entries, at: path) {
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

    mutating func text(
        _ node: Node?, at path: String, allowEmpty: Bool = false, maxBytes: Int = SpecBounds.textBytes
    ) -> String? {
        guard let node, !node.isNull else { return nil }
        guard case .scalar(let scalar) = node else {
            report("expected text", at: path, node)
            return nil
        }
        guard scalar.string.utf8.count <= maxBytes else {
            report("has \(scalar.string.utf8.count) bytes, and at most \(maxBytes) are taken", at: path, node)
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
            let bounds = "from \(range.lowerBound) to \(range.upperBound)"
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

    mutating func bytes(_ node: Node?, in range: ClosedRange<Int>, at path: String) -> Int? {
        guard let node, !node.isNull else { return nil }
        guard let text = node.scalar?.string, let bytes = ByteCountText.bytes(text) else {
            report("expected a number of bytes", at: path, node, hint: "such as 256MB, 1.5GB or 512MiB")
            return nil
        }
        guard range.contains(bytes) else {
            let bounds = "\(ByteCountText.text(range.lowerBound)) to \(ByteCountText.text(range.upperBound))"
            report("\(text) is out of range: it must be from \(bounds)", at: path, node)
            return nil
        }
        return bytes
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
        if case .scalar = self, case .null? = jsonValue { true } else { false }
    }

    /// The node as JSON, by the core schema of YAML 1.2 (`yes` and `no` are text); nil for what JSON cannot hold, and for
    /// what is nested too deeply.
    var jsonValue: JSONValue? { jsonValue(depth: SpecBounds.depth) }

    private func jsonValue(depth: Int) -> JSONValue? {
        guard depth > 0 else { return nil }
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
            var values: [JSONValue] = []
            for node in sequence {
                guard let value = node.jsonValue(depth: depth - 1) else { return nil }
                values.append(value)
            }
            return .array(values)
        case .mapping(let mapping):
            var members: [String: JSONValue] = [:]
            for (key, value) in mapping {
                guard let name = key.scalar?.string, let member = value.jsonValue(depth: depth - 1) else { return nil }
                members[name] = member
            }
            return .object(members)
        case .alias:
            return nil
        }
    }
}
