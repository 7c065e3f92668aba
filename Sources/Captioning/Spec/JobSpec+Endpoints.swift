import Yams

extension JobSpec {
    /// Reads `endpoint:` or `endpoints:`; a spec may have one of them.
    mutating func readEndpoints(_ single: Node?, _ list: Node?, _ reader: inout SpecReader) {
        guard let list else {
            if let single, !single.isNull, let endpoint = Self.endpoint(single, at: "endpoint", &reader) {
                self.endpoint = endpoint
            }
            return
        }
        if single != nil {
            reader.report("must not stand beside endpoint:", at: "endpoints", list, hint: "put all of them in the list")
        }
        guard case .sequence(let sequence) = list, !sequence.isEmpty else {
            reader.report(
                "expected a list of endpoints", at: "endpoints", list,
                hint: "each '- provider: …' with what else an endpoint: may have")
            return
        }
        listsEndpoints = true
        endpoints = sequence.enumerated().map { index, node in
            Self.endpoint(node, at: "endpoints[\(index)]", &reader) ?? Endpoint()
        }
    }

    private static func endpoint(_ node: Node, at path: String, _ reader: inout SpecReader) -> Endpoint? {
        guard let entries = reader.entries(of: node, .endpoint, at: path) else { return nil }
        var endpoint = Endpoint()
        if let name = reader.text(entries["provider"], at: join(path, "provider")) {
            endpoint.provider = Provider(rawValue: name)
            if endpoint.provider == nil {
                let known = Provider.allCases.map(\.rawValue)
                let near = suggestion(for: name, among: known)
                reader.report(
                    "unknown provider '\(name)'", at: join(path, "provider"), entries["provider"],
                    hint: near.map { "did you mean '\($0)'?" }
                        ?? "known: \(list(known)); any other server is 'custom' with a base_url")
            }
        }
        endpoint.region = reader.text(entries["region"], at: join(path, "region"))
        endpoint.baseURL = reader.text(entries["base_url"], at: join(path, "base_url"))
        endpoint.model = reader.text(entries["model"], at: join(path, "model"))
        endpoint.apiKeyVariable = reader.text(entries["api_key_env"], at: join(path, "api_key_env"))
        if let variable = endpoint.apiKeyVariable, !isVariableName(variable) {
            // The value is left out of the message: somebody may have pasted the key itself.
            reader.report(
                "must be the NAME of an environment variable, not the key itself", at: join(path, "api_key_env"),
                entries["api_key_env"], hint: "such as DASHSCOPE_API_KEY; keys never belong in a spec")
        }
        endpoint.caFile = reader.text(entries["ca_file"], at: join(path, "ca_file"))
        if let node = entries["limits"], !node.isNull,
            let entries = reader.entries(of: node, .endpointLimits, at: join(path, "limits"))
        {
            endpoint.limits = limits(entries, at: join(path, "limits"), &reader)
        }
        return endpoint
    }

    /// Reads the job's own `limits:`.
    mutating func readLimits(_ node: Node?, _ reader: inout SpecReader) {
        guard let node, !node.isNull, let entries = reader.entries(of: node, .limits, at: "limits") else { return }
        limits = Self.limits(entries, at: "limits", &reader)
        deadlines.run = reader.duration(entries["deadline"], atLeast: .seconds(1), at: "limits.deadline")
        deadlines.item = reader.duration(entries["item_deadline"], atLeast: .seconds(1), at: "limits.item_deadline")
        imageMemory = reader.bytes(entries["image_memory"], in: Job.imageMemoryRange, at: "limits.image_memory")
    }

    private static func limits(_ entries: [String: Node], at path: String, _ reader: inout SpecReader) -> Limits {
        var limits = Limits()
        limits.requestsPerMinute = reader.whole(
            entries["requests_per_minute"], in: 1...1_000_000, at: join(path, "requests_per_minute"))
        limits.tokensPerMinute = reader.whole(
            entries["tokens_per_minute"], in: 1...1_000_000_000_000, at: join(path, "tokens_per_minute"))
        limits.requestsPerDay = reader.whole(
            entries["requests_per_day"], in: 1...1_000_000_000, at: join(path, "requests_per_day"))
        limits.concurrency = concurrency(entries["concurrency"], at: join(path, "concurrency"), &reader)
        return limits
    }

    /// A number fixes it; `{min: …, max: …}` are the bounds between which the run finds it.
    private static func concurrency(_ node: Node?, at path: String, _ reader: inout SpecReader) -> Job.Concurrency? {
        let range = 1...Job.Concurrency.largest
        guard let node, case .mapping = node else {
            return reader.whole(node, in: range, at: path).map { Job.Concurrency(fixed: $0) }
        }
        guard let entries = reader.entries(of: node, .concurrency, at: path) else { return nil }
        let least = reader.whole(entries["min"], in: range, at: join(path, "min"))
        let most = reader.whole(entries["max"], in: range, at: join(path, "max"))
        var bounds = Job.Concurrency()
        bounds.least = least ?? min(bounds.least, most ?? bounds.least)
        bounds.most = most ?? max(bounds.most, bounds.least)
        if bounds.least > bounds.most {
            reader.report("min must not be larger than max", at: path, node)
            return nil
        }
        return bounds
    }
}

private func isVariableName(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    let isWord = bytes.allSatisfy {
        (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0) || $0 == 95
    }
    return isWord && bytes.first.map { !(48...57).contains($0) } == true && !text.hasPrefix("sk")
}
