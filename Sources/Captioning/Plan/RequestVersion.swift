import Crypto
public import Foundation

/// What a prompt asks, apart from the image: the part of a request whose change makes results stale.
///
/// Provider, model, system text, prompt text, variables and parameters count. The address does not (moving a region or a
/// port changes no answer), nor do limits and retry rules.
public struct RequestVersion: Hashable, Sendable {
    /// The number of the rule by which `digest` is made of `definition`; one more whenever that changes.
    ///
    /// A store makes the digests that an older rule made again, from the definitions that it keeps, so that an upgrade of
    /// the program alone makes no answer stale.
    public static let rule = 1

    /// The prompt's id.
    public var promptID: String
    /// SHA-256 over everything that counts, 32 bytes.
    public var digest: Data
    /// The model asked.
    public var model: String
    /// All that counts, as JSON, for a person who reads the store.
    public var definition: String

    /// The version that a job asks now with one of its prompts.
    public init(job: Job, prompt: JobSpec.Prompt) {
        var members: [String: JSONValue] = [
            "prompt": .string(prompt.text),
            "parameters": .object(job.parameters),
        ]
        // Whichever of them answers, the same models do: order, regions and keys change no request.
        let models = Set(job.endpoints.map { [$0.provider.rawValue, $0.model] }).sorted {
            $0.lexicographicallyPrecedes($1)
        }
        if let only = models.first, models.count == 1 {
            members["provider"] = .string(only[0])
            members["model"] = .string(only[1])
        } else {
            members["models"] = .array(
                models.map { .object(["provider": .string($0[0]), "model": .string($0[1])]) })
        }
        if let system = job.system { members["system"] = .string(system) }
        // Only variables that the texts name: adding an unused one changes no request.
        let names = Set([prompt.text, job.system ?? ""].flatMap(PromptTemplate.variableNames))
        let used = job.variables.filter { names.contains($0.key) }
        if !used.isEmpty { members["variables"] = .object(used.mapValues { .string($0) }) }
        // Only what the spec itself asks: the default may become better without making every answer stale.
        if job.preparation != ImagePreparation() { members["prepare"] = .string(job.preparation.text) }
        let json = JSONValue.object(members).canonicalData
        promptID = prompt.id
        digest = Self.digest(of: json)
        model = models.map { $0[1] }.joined(separator: ", ")
        definition = String(decoding: json, as: UTF8.self)
    }

    /// Whether a whole answer to what was asked before answers this, too: it differs in no more than that longer answers are
    /// cut now.
    ///
    /// - `definition`: Of the version that was asked.
    package func isAnswered(byDefinition definition: String) -> Bool {
        guard let (old, oldLimit) = Self.withoutLimit(definition),
            let (new, newLimit) = Self.withoutLimit(self.definition), old == new
        else { return false }
        // Without a limit of its own, a request has the server's, which is the largest that there is.
        return newLimit.map { new in oldLimit.map { $0 <= new } ?? false } ?? true
    }

    private static func withoutLimit(_ definition: String) -> (rest: JSONValue, limit: Int?)? {
        guard case .object(var members)? = try? JSONValue(parsing: Data(definition.utf8)),
            case .object(var parameters)? = members["parameters"]
        else { return nil }
        let limit = OutputLimit(parameters)?.tokens
        for name in OutputLimit.names { parameters[name] = nil }
        members["parameters"] = .object(parameters)
        return (.object(members), limit)
    }

    /// The digest of a definition that was stored under an older rule, by the present one; nil when it is no JSON.
    ///
    /// What that rule did not keep counts as unchanged.
    package static func digest(ofDefinition text: String) -> Data? {
        (try? JSONValue(parsing: Data(text.utf8))).map { digest(of: $0.canonicalData) }
    }

    private static func digest(of json: Data) -> Data {
        Data(SHA256.hash(data: json))
    }

    /// The versions of all prompts of a job, in their order.
    public static func versions(of job: Job) -> [RequestVersion] {
        job.prompts.map { RequestVersion(job: job, prompt: $0) }
    }
}
