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
        guard let strips = entries["strip_metadata"], !strips.isNull else { return }
        guard case .bool(let value)? = strips.jsonValue else {
            reader.report("expected true or false", at: "prepare.strip_metadata", strips)
            return
        }
        preparation.stripsMetadata = value
    }
}
