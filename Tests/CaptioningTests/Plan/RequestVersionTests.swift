import Captioning
import Foundation
import SystemPackage
import Testing

struct RequestVersionTests {
    private static func job(_ change: (inout Job) -> Void = { _ in }) -> Job {
        var job = Job(
            name: "holiday", root: "/photos", images: [.files(["a.jpg"])], system: "You write {{tone}} alt text.",
            prompts: [.init(id: "alt", text: "Describe {{filename}} in {{language}}.")],
            variables: ["language": "English", "tone": "calm", "a": "unused"],
            endpoint: .init(
                provider: .dashscope, baseURL: "https://example.com/v1", model: "qwen3-vl-plus",
                apiKeyVariable: "DASHSCOPE_API_KEY"),
            parameters: ["temperature": .double(0.2), "seed": .int(7)], store: "/photos/holiday.sqlite")
        change(&job)
        return job
    }

    private static func digest(_ change: (inout Job) -> Void = { _ in }) throws -> Data {
        try #require(RequestVersion.versions(of: job(change)).first).digest
    }

    struct Change: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let apply: @Sendable (inout Job) -> Void

        init(_ description: String, _ apply: @escaping @Sendable (inout Job) -> Void) {
            testDescription = description
            self.apply = apply
        }
    }

    static let changes: [Change] = [
        Change("prompt") { $0.prompts[0].text += " Be brief." },
        Change("system") { $0.system = "You write alt text." },
        Change("no system") { $0.system = nil },
        Change("model") { $0.endpoint.model = "qwen3-vl-flash" },
        Change("provider") { $0.endpoint.provider = .vllm },
        Change("parameter") { $0.parameters["temperature"] = .double(0.3) },
        Change("further parameter") { $0.parameters["top_p"] = .double(0.9) },
        Change("fewer parameters") { $0.parameters["seed"] = nil },
        Change("images as they are") { $0.preparation.mode = .never },
        Change("fewer pixels") { $0.preparation.maxPixels = 100_000 },
        Change("variable of the prompt") { $0.variables["language"] = "French" },
        Change("variable of the system text") { $0.variables["tone"] = "dry" },
    ]

    @Test(arguments: changes)
    func `what changes the request changes its version`(change: Change) throws {
        #expect(try Self.digest(change.apply) != Self.digest())
    }

    static let noChanges: [Change] = [
        Change("address") { $0.endpoint.baseURL = "http://localhost:8000/v1" },
        Change("key") { $0.endpoint.apiKeyVariable = nil },
        Change("limits") { $0.limits = .init(requestsPerMinute: 1, tokensPerMinute: 1, concurrency: 1) },
        Change("retry") { $0.retry = .init(attempts: 1) },
        Change("images") { $0.images = [.files(["b.jpg"])] },
        Change("name, root and store") {
            $0.name = "other"
            $0.root = "/other"
            $0.store = "/other.sqlite"
        },
        Change("prompt id") { $0.prompts[0].id = "other" },
        Change("further prompt") { $0.prompts.append(.init(id: "tags", text: "Five tags.")) },
        Change("unused variable") { $0.variables["mood"] = "glad" },
        Change("unused variable whose letters stand in the text") { $0.variables["a"] = "other" },
        Change("order of parameters") { $0.parameters = ["seed": .int(7), "temperature": .double(0.2)] },
    ]

    @Test(arguments: noChanges)
    func `what does not change the request leaves its version`(change: Change) throws {
        #expect(try Self.digest(change.apply) == Self.digest())
    }

    @Test func `every prompt has a version, in order, with all that counts`() throws {
        let versions = RequestVersion.versions(
            of: Self.job { $0.prompts.append(.init(id: "tags", text: "Five tags.")) })
        #expect(versions.map(\.promptID) == ["alt", "tags"])
        #expect(versions.allSatisfy { $0.digest.count == 32 && $0.model == "qwen3-vl-plus" })
        #expect(Set(versions.map(\.digest)).count == 2)
        let definition = try JSONValue(parsing: Data(versions[0].definition.utf8))
        #expect(definition["prompt"] == .string("Describe {{filename}} in {{language}}."))
        #expect(definition["parameters"]?["seed"] == .int(7))
        #expect(definition["variables"] == .object(["language": .string("English"), "tone": .string("calm")]))
    }
}
