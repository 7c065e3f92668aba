import Crypto
import Foundation

/// An item as the plan finds it.
public struct PlannedItem: Hashable, Sendable {
    /// What finds its results again.
    public var key: Item.Key
    /// The place in the plan, from 0.
    public var position: Int
    /// What the manifest says of the image, by column; nil for an image that no manifest names.
    public var variables: [String: String]?
    /// A digest of what the item asks with beside its prompt: of the columns that the prompt and the system text name, or of
    /// a group's files in their order; nil when there is neither.
    ///
    /// When it changes, the answer is to another question.
    public var asks: Int64?
}

/// Tells which columns of a manifest a prompt asks with.
struct PromptColumns {
    private let names: [String: [String]]

    init(job: Job) {
        names = Dictionary(
            job.prompts.map { prompt in
                let all = Set([prompt.text, job.system ?? ""].flatMap(PromptTemplate.variableNames))
                return (
                    prompt.id,
                    all.subtracting(PromptTemplate.builtInVariables).subtracting(job.variables.keys).sorted()
                )
            }, uniquingKeysWith: { first, _ in first })
    }

    /// Every name that only a manifest can set.
    var all: Set<String> { Set(names.values.joined()) }

    func digest(of variables: [String: String]?, promptID: String) -> Int64? {
        guard let variables, let names = names[promptID], !names.isEmpty else { return nil }
        var hash = SHA256()
        for name in names {
            hash.update(text: name)
            hash.update(text: variables[name] ?? "")
        }
        return hash.finalize().withUnsafeBytes { $0.loadUnaligned(as: Int64.self) }
    }

    /// A digest of a group's files.
    static func digest(ofFiles names: [ImageName]) -> Int64 {
        var hash = SHA256()
        for name in names { hash.update(bytes: name.bytes) }
        return hash.finalize().withUnsafeBytes { $0.loadUnaligned(as: Int64.self) }
    }
}
