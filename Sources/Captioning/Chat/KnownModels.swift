/// The vision models that DashScope lists or has listed, as of November 2026.
///
/// Advice only: models come and go monthly, so an id that is not here is sent like any other.
public enum KnownModels {
    /// The model of this id, in any case and with or without a vendor's prefix such as `Qwen/`; nil when not known.
    public static func model(_ id: String) -> KnownModel? {
        byID[bareName(id)]
    }

    /// Whether DashScope serves the model in streaming mode only: QVQ, QwQ and Qwen3-Omni, known or not.
    ///
    /// Case does not count, nor does a vendor's prefix such as `qwen/`.
    public static func isStreamingOnly(_ id: String) -> Bool {
        let name = bareName(id)
        return byID[name]?.isStreamingOnly == true || ["qvq-", "qwq", "qwen3-omni"].contains { name.hasPrefix($0) }
    }

    /// A sentence or two about what may go wrong with the model at this provider; nil when nothing is known to.
    ///
    /// Only DashScope's models are known, and only there does the vendor take them away.
    public static func advice(for id: String, provider: Provider) -> String? {
        guard provider == .dashscope else { return nil }
        guard let model = model(id) else {
            return "'\(id)' is not among the vision models known here; check its name, and that it takes images."
        }
        let retirement = model.retiredOn.map { day in
            "The vendor's list ends '\(id)' on \(day), so requests may be refused"
                + (model.replacement.map { "; use \($0) instead." } ?? ".")
        }
        let dispute =
            model.isNonStreamingDisputed
            ? "The vendor's pages disagree whether '\(id)' answers without streaming, which is how it is asked here."
            : nil
        let sentences = [retirement, dispute].compactMap(\.self)
        return sentences.isEmpty ? nil : sentences.joined(separator: " ")
    }

    static let all: [KnownModel] = rows.flatMap { row in
        row.ids.split(separator: " ").map { id in
            KnownModel(
                id: String(id), isStreamingOnly: row.isStreamingOnly,
                isNonStreamingDisputed: row.isNonStreamingDisputed, retiredOn: row.retiredOn,
                replacement: row.replacement, patch: row.patch, defaultMaxPixels: row.maxPixels, thinking: row.thinking)
        }
    }

    private static let byID = Dictionary(all.map { ($0.id, $0) }) { first, _ in first }

    /// `Qwen/Qwen3-VL-8B-Instruct` and `qwen/qwen3-vl-8b-instruct:free` are `qwen3-vl-8b-instruct`.
    static func bareName(_ id: String) -> String {
        let last = id.split(separator: "/").last ?? ""
        return last.prefix { $0 != ":" }.lowercased()
    }
}
