import Yams

extension JobSpec {
    /// Reads a spec from YAML 1.2 (or JSON, which is YAML) and checks everything that the text alone can tell.
    ///
    /// - Parameters:
    ///   - yaml: The document.
    ///   - file: The file's name, for messages.
    /// - Throws: `SpecError` with every problem of the document, in its order.
    public init(yaml: String, file: String) throws(SpecError) {
        var reader = SpecReader(file: file)
        let root: Node?
        let yaml = yaml.unicodeScalars.first == "\u{FEFF}" ? String(yaml.unicodeScalars.dropFirst()) : yaml
        // Before anything is filled in: the parser hashes what it finds.
        guard YAMLAliases.expandedBytes(of: yaml) <= Double(SpecBounds.expandedBytes) else {
            throw SpecError([
                .init(
                    file: file, keyPath: "",
                    message: "with its aliases filled in it could have more than \(SpecBounds.expandedBytes >> 20) MiB",
                    hint: "write out what *names stand for")
            ])
        }
        do {
            root = try Yams.compose(yaml: yaml)
        } catch {
            throw SpecError([Self.problem(of: error, file: file)])
        }
        self.init()
        guard let root, !root.isNull else {
            throw SpecError([
                .init(
                    file: file, keyPath: "", message: "the spec is empty",
                    hint: "'caption init' writes one to start from")
            ])
        }
        if let entries = reader.entries(of: root, .job, at: "") {
            name = reader.text(entries["name"], at: "name", maxBytes: SpecBounds.nameBytes)
            readImages(entries["images"], root, &reader)
            system = reader.text(entries["system"], at: "system")
            let texts = readPrompts(entries["prompts"], &reader)
            readVariables(entries["variables"], &reader)
            readEndpoints(entries["endpoint"], entries["endpoints"], &reader)
            readParameters(entries["parameters"], &reader)
            readFetch(entries["fetch"], &reader)
            readPreparation(entries["prepare"], &reader)
            readLimits(entries["limits"], &reader)
            readRetry(entries["retry"], &reader)
            store = reader.text(entries["store"], at: "store")
            checkTemplates(texts, entries["system"], &reader)
        }
        guard reader.problems.isEmpty else {
            throw SpecError(reader.problems.sorted { ($0.line ?? 0) < ($1.line ?? 0) })
        }
        warnings = reader.warnings
    }

    private static func problem(of error: any Error, file: String) -> SpecError.Problem {
        switch error {
        case YamlError.scanner(_, let problem, let mark, _), YamlError.parser(_, let problem, let mark, _),
            YamlError.composer(_, let problem, let mark, _):
            .init(file: file, line: mark.line, keyPath: "", message: "this is not YAML: \(problem)")
        case YamlError.duplicatedKeysInMapping(let duplicates, let context):
            .init(
                file: file, line: context.mark.line, keyPath: "",
                message: "a key stands twice in one mapping: "
                    + ReplyText.clipped(list(duplicates.map { "\($0)" }), bytes: 500))
        default:
            .init(file: file, keyPath: "", message: "this is not YAML: \(error)")
        }
    }

    private mutating func readImages(_ node: Node?, _ root: Node, _ reader: inout SpecReader) {
        guard let node, case .sequence(let sequence) = node, !sequence.isEmpty else {
            reader.report(
                "say which images to caption", at: "images", node ?? root,
                hint: "a list of folder:, files:, urls:, manifest:, archive: or group: entries")
            return
        }
        guard sequence.count <= SpecBounds.sources else {
            reader.report(
                "has \(sequence.count) entries, and at most \(SpecBounds.sources) are read", at: "images", node,
                hint: "a folder, a manifest or a file of URLs is one entry for many images")
            return
        }
        for (index, entry) in sequence.enumerated() {
            let path = "images[\(index)]"
            guard let source = readSource(entry, at: path, &reader) else { continue }
            images.append(source)
        }
        let names = images.compactMap { if case .group(let name, _) = $0 { name } else { nil } }
        let counts = names.reduce(into: [String: Int]()) { $0[$1, default: 0] += 1 }
        for name in counts.filter({ $0.value > 1 }).keys.sorted() {
            reader.report("two groups are named '\(name)'", at: "images", node, hint: "results are found by this name")
        }
    }

    private func readSource(_ entry: Node, at path: String, _ reader: inout SpecReader) -> ImageSource? {
        let sections: [SpecSection] = [.folder, .files, .urls, .manifest, .archive, .group]
        guard case .mapping(let mapping) = entry else {
            reader.report(
                "expected one of folder:, files:, urls:, manifest:, archive:, group:", at: path, entry,
                hint: entry.scalar.map { "write '- folder: \($0.string)' for a folder" })
            return nil
        }
        let keys = mapping.keys.compactMap { $0.scalar?.string }
        guard let section = sections.first(where: { keys.contains($0.rawValue) }) else {
            let near = keys.lazy.compactMap { suggestion(for: $0, among: sections.map(\.rawValue)) }.first
            reader.report(
                "expected one of folder:, files:, urls:, manifest:, archive:, group:", at: path, entry,
                hint: near.map { "did you mean '\($0)'?" })
            return nil
        }
        guard let entries = reader.entries(of: entry, section, at: path) else { return nil }
        let place = join(path, section.rawValue)
        /// The path that the section is named after.
        func file() -> String? {
            let node = entries[section.rawValue]
            if node?.isNull == true { reader.report("must not be empty", at: place, entry) }
            return reader.text(node, at: place)
        }
        switch section {
        case .folder, .archive:
            let include = reader.texts(entries["include"], at: join(path, "include"))
            let exclude = reader.texts(entries["exclude"], at: join(path, "exclude"))
            guard let file = file() else { return nil }
            return section == .folder
                ? .folder(path: file, include: include, exclude: exclude)
                : .archive(path: file, include: include, exclude: exclude)
        case .files:
            let files = reader.texts(entries["files"], at: place)
            if files.isEmpty { reader.report("lists no file", at: place, entries["files"]) }
            return .files(files)
        case .urls:
            if let file = entries["urls"]?.scalar?.string, !file.allSatisfy(\.isWhitespace), !looksRemote(file) {
                return .urlFile(path: file)
            }
            let urls = reader.texts(entries["urls"], at: place)
            if urls.isEmpty { reader.report("lists no URL", at: place, entries["urls"]) }
            for (index, url) in urls.enumerated() where !isRemote(url) {
                reader.report(
                    "'\(url)' is no URL that a provider can download", at: "\(place)[\(index)]", entries["urls"],
                    hint: "it must begin with https:// or http://; local files go under files: or folder:")
            }
            return .urls(urls)
        case .manifest:
            let column = reader.text(entries["image"], at: join(path, "image")) ?? "image"
            return file().map { .manifest(path: $0, image: column) }
        default:
            guard let group = entries["group"],
                let members = reader.entries(of: group, .groupMembers, at: place)
            else { return nil }
            let files = reader.texts(members["files"], at: join(place, "files"))
            if files.isEmpty { reader.report("lists no file", at: join(place, "files"), group) }
            guard let name = reader.text(members["name"], at: join(place, "name")) else {
                if members["name"] == nil { reader.report("needs a name", at: place, group) }
                return nil
            }
            return .group(name: name, files: files)
        }
    }

    /// A template with its place, to be checked when the variables are known.
    private typealias PlacedText = (path: String, text: String, node: Node?)

    private mutating func readPrompts(_ node: Node?, _ reader: inout SpecReader) -> [PlacedText] {
        guard let node, !node.isNull else { return [] }
        guard case .sequence(let sequence) = node, !sequence.isEmpty else {
            reader.report("expected a list of prompts", at: "prompts", node, hint: "each '- id: …' with 'text: …'")
            return []
        }
        guard sequence.count <= SpecBounds.prompts else {
            reader.report(
                "has \(sequence.count) entries, and at most \(SpecBounds.prompts) are read", at: "prompts", node,
                hint: "every image is asked each of them; make several specs")
            return []
        }
        var texts: [PlacedText] = []
        var ids: Set<String> = []
        for (index, entry) in sequence.enumerated() {
            let path = "prompts[\(index)]"
            guard let entries = reader.entries(of: entry, .prompt, at: path) else { continue }
            if entries["text"] == nil { reader.report("needs a text", at: path, entry) }
            let id = reader.text(entries["id"], at: join(path, "id"), maxBytes: SpecBounds.nameBytes)
            if id == nil, entries["id"] == nil {
                reader.report("needs an id", at: path, entry, hint: "a short word that names the prompt in results")
            }
            guard let text = reader.text(entries["text"], at: join(path, "text")) else { continue }
            texts.append((join(path, "text"), text, entries["text"]))
            guard let id else { continue }
            if !ids.insert(id).inserted {
                reader.report("two prompts have the id '\(id)'", at: join(path, "id"), entries["id"])
            }
            prompts.append(Prompt(id: id, text: text))
        }
        return texts
    }

    private mutating func readVariables(_ node: Node?, _ reader: inout SpecReader) {
        guard let node, !node.isNull else { return }
        guard case .mapping(let mapping) = node else {
            reader.report("expected a mapping of names to text", at: "variables", node)
            return
        }
        for (keyNode, value) in reader.pairs(of: mapping, maxCount: SpecBounds.entries, at: "variables") {
            guard let key = keyNode.scalar?.string else { continue }
            let path = join("variables", key)
            if PromptTemplate.builtInVariables.contains(key) {
                reader.report(
                    "'\(key)' is set by the program for every image", at: path, keyNode, hint: "choose another name")
            } else if let text = reader.text(value, at: path, allowEmpty: true) {
                variables[key] = text
            }
        }
    }

    private mutating func readParameters(_ node: Node?, _ reader: inout SpecReader) {
        guard let node, !node.isNull else { return }
        guard case .mapping(let mapping) = node else {
            reader.report("expected a mapping of request parameters", at: "parameters", node)
            return
        }
        for (keyNode, valueNode) in reader.pairs(of: mapping, maxCount: SpecBounds.entries, at: "parameters") {
            guard let key = keyNode.scalar?.string else { continue }
            let path = join("parameters", key)
            guard let value = valueNode.jsonValue else {
                reader.report(
                    "is nothing that JSON can hold, or nested more than \(SpecBounds.depth) deep", at: path, valueNode)
                continue
            }
            if let rule = ParameterRule.rules[key], let complaint = rule.complaint(about: value) {
                reader.report(complaint, at: path, valueNode, hint: rule.hint)
            } else if key != "stream" {
                parameters[key] = value
            }
            if ParameterRule.rules[key] == nil,
                let near = suggestion(for: key, among: ParameterRule.rules.keys.sorted())
            {
                reader.warn("unknown parameter, sent as it is", at: path, keyNode, hint: "did you mean '\(near)'?")
            }
        }
    }

    private mutating func readRetry(_ node: Node?, _ reader: inout SpecReader) {
        guard let node, !node.isNull, let entries = reader.entries(of: node, .retry, at: "retry") else { return }
        retry.attempts = reader.whole(entries["attempts"], in: 1...100, at: "retry.attempts")
        let tick = Duration.milliseconds(1)
        retry.base = reader.duration(entries["base"], atLeast: .zero, at: "retry.base")
        retry.cap = reader.duration(entries["cap"], atLeast: .zero, at: "retry.cap")
        retry.timeout = reader.duration(entries["timeout"], atLeast: tick, at: "retry.timeout")
        retry.connectTimeout = reader.duration(entries["connect_timeout"], atLeast: tick, at: "retry.connect_timeout")
        retry.giveUpAfter = reader.duration(entries["give_up_after"], atLeast: tick, at: "retry.give_up_after")
        if let base = retry.base, let cap = retry.cap, cap < base {
            reader.report("must not be shorter than retry.base", at: "retry.cap", entries["cap"])
        }
    }

    private func checkTemplates(_ texts: [PlacedText], _ systemNode: Node?, _ reader: inout SpecReader) {
        let systemText: [PlacedText] = system.map { [("system", $0, systemNode)] } ?? []
        let work = (systemText + texts).reduce(0) { $0 + PromptTemplate.tagWork(of: $1.text) }
        guard work <= SpecBounds.allTagWork else {
            reader.report(
                "have too many tags and braces for their length", at: "prompts", nil,
                hint: "shorten them, or make several specs")
            return
        }
        for template in systemText + texts {
            if reader.isFull { return }
            do {
                _ = try PromptTemplate(template.text, variables: variables, allowsColumns: images.haveManifest)
            } catch {
                reader.report(error.message, at: template.path, template.node, hint: error.hint)
            }
        }
    }
}

/// Whether a text is meant as a URL, rather than as a file's name.
private func looksRemote(_ text: String) -> Bool {
    text.contains("://") || text.lowercased().hasPrefix("data:")
}

func isRemote(_ url: String) -> Bool {
    let start = url.utf8.prefix(8).map(lowercased)
    let scheme = ["https://", "http://"].first { start.starts(with: $0.utf8) }
    guard let scheme else { return false }
    return url.utf8.count > scheme.utf8.count && !url.contains { $0.isWhitespace }
}
