import Yams

extension JobSpec {
    /// Reads `prepare`: a word, or what is asked for.
    mutating func readPreparation(_ node: Node?, _ reader: inout SpecReader) {
        guard let node, !node.isNull else { return }
        if let word = node.scalar?.string {
            if let mode = ImagePreparation.Mode(rawValue: word) {
                preparation.mode = mode
            } else {
                let near = suggestion(for: word, among: ImagePreparation.Mode.allCases.map(\.rawValue))
                reader.report(
                    "unknown preparation '\(word)'", at: "prepare", node,
                    hint: near.map { "did you mean '\($0)'?" } ?? "auto, never, or a mapping with max_pixels")
            }
            return
        }
        guard let entries = reader.entries(of: node, .prepare, at: "prepare") else { return }
        preparation.maxPixels = reader.whole(entries["max_pixels"], in: 1024...1_000_000_000, at: "prepare.max_pixels")
        preparation.quality = reader.whole(entries["quality"], in: 1...100, at: "prepare.quality")
        if let word = reader.text(entries["format"], at: "prepare.format") {
            preparation.format = ImagePreparation.Format(rawValue: word)
            if preparation.format == nil {
                reader.report("unknown format '\(word)'", at: "prepare.format", entries["format"], hint: "jpeg or png")
            }
        }
        if let strips = reader.truth(entries["strip_metadata"], at: "prepare.strip_metadata") {
            preparation.stripsMetadata = strips
        }
    }

    /// Reads `fetch`: who downloads, or that with its limits.
    mutating func readFetch(_ node: Node?, _ reader: inout SpecReader) {
        guard let node, !node.isNull else { return }
        func place(_ word: String?, at path: String, _ node: Node?, _ reader: inout SpecReader) -> ImageFetch.Place? {
            guard let word else { return nil }
            let place = ImageFetch.Place(rawValue: word)
            if place == nil {
                reader.report("'\(word)' downloads nothing", at: path, node, hint: "provider or local")
            }
            return place
        }
        if let word = node.scalar?.string {
            fetch.place = place(word, at: "fetch", node, &reader) ?? .provider
            return
        }
        guard let entries = reader.entries(of: node, .fetch, at: "fetch") else { return }
        let word = reader.text(entries["by"], at: "fetch.by")
        fetch.place = place(word, at: "fetch.by", entries["by"], &reader) ?? .provider
        if let allows = reader.truth(entries["private_addresses"], at: "fetch.private_addresses") {
            fetch.allowsPrivateAddresses = allows
        }
        let timeout = reader.duration(entries["timeout"], atLeast: .milliseconds(1), at: "fetch.timeout")
        if let timeout { fetch.timeout = timeout }
    }
}
