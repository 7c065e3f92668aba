import Foundation
import Testing

@testable import Captioning

struct JobSchemaTests {
    private let schema: JSONValue

    init() throws {
        schema = try JSONValue(parsing: Data(contentsOf: repository.appending(path: "schema/job.schema.json")))
    }

    private func section(_ section: SpecSection) -> JSONValue? {
        section == .job ? schema : schema["$defs"]?[section.rawValue]
    }

    private func properties(_ node: JSONValue?) -> [String: JSONValue] {
        if case .object(let members)? = node?["properties"] { members } else { [:] }
    }

    private func texts(_ node: JSONValue?) -> [String] {
        if case .array(let elements)? = node { elements.compactMap(\.string) } else { [] }
    }

    /// Every object in the schema with the way to it.
    private func visit(_ node: JSONValue, at path: String = "#", _ body: (String, [String: JSONValue]) -> Void) {
        switch node {
        case .object(let members):
            body(path, members)
            for (key, member) in members { visit(member, at: path + "/" + key, body) }
        case .array(let elements):
            for (index, element) in elements.enumerated() { visit(element, at: "\(path)/\(index)", body) }
        default: break
        }
    }

    @Test func `it is a schema of draft 2020-12`() {
        #expect(schema["$schema"] == .string("https://json-schema.org/draft/2020-12/schema"))
    }

    @Test(arguments: SpecSection.allCases)
    func `a section has the keys that the reader knows, and no others`(_ section: SpecSection) {
        #expect(properties(self.section(section)).keys.sorted() == section.keys.sorted())
        #expect(self.section(section)?["additionalProperties"] == .bool(false))
    }

    @Test func `it demands what the reader demands`() {
        #expect(texts(schema["required"]) == ["images"])
        #expect(texts(section(.prompt)?["required"]) == ["id", "text"])
        #expect(texts(section(.groupMembers)?["required"]) == ["name", "files"])
        #expect(section(.endpoint)?["required"] == nil)
    }

    @Test func `providers and regions are those of the program`() {
        let endpoint = properties(section(.endpoint))
        #expect(texts(endpoint["provider"]?["enum"]) == Provider.allCases.map(\.rawValue))
        #expect(texts(endpoint["region"]?["enum"]) == ProviderPreset.preset(for: .dashscope).regions.map(\.name))
        let others = Provider.allCases.filter { $0 != .dashscope }
        #expect(others.allSatisfy { ProviderPreset.preset(for: $0).regions.allSatisfy { $0.name.isEmpty } })
    }

    @Test func `parameters have the types and ranges that are checked`() throws {
        let parameters = schema["$defs"]?["parameters"]
        let properties = properties(parameters)
        var reserved: [String] = []
        for (name, rule) in ParameterRule.rules {
            if case .reserved = rule.shape {
                reserved.append(name)
                #expect(properties[name] == nil)
                continue
            }
            let node = try #require(properties[name], "\(name) is missing")
            switch rule.shape {
            case .number(let range):
                #expect(node["type"] == .string("number"))
                #expect(node["minimum"]?.number == range.lowerBound, "\(name)")
                #expect(node["maximum"]?.number == range.upperBound, "\(name)")
            case .positiveNumber(let most):
                #expect(node["type"] == .string("number"))
                #expect(node["exclusiveMinimum"]?.number == 0, "\(name)")
                #expect(node["maximum"]?.number == (most == .greatestFiniteMagnitude ? nil : most), "\(name)")
            case .whole(let range):
                expectWhole(node, range, name)
            case .flag: #expect(node["type"] == .string("boolean"), "\(name)")
            case .object: #expect(node["type"] == .string("object"), "\(name)")
            case .textOrTexts: #expect(node["anyOf"] != nil, "\(name)")
            case .only(let value): #expect(node["const"] == value, "\(name)")
            case .reserved: break
            }
        }
        #expect(properties.count + reserved.count == ParameterRule.rules.count)
        #expect(parameters?["additionalProperties"] == .bool(true))
        #expect(texts(parameters?["propertyNames"]?["not"]?["enum"]) == reserved.sorted())
    }

    private func expectWhole(_ node: JSONValue?, _ range: ClosedRange<Int>, _ name: String) {
        #expect(node?["type"] == .string("integer"), "\(name)")
        #expect(node?["minimum"] == .int(range.lowerBound), "\(name)")
        #expect(node?["maximum"] == (range.upperBound == .max ? nil : .int(range.upperBound)), "\(name)")
    }

    @Test(arguments: [
        ("limits", "requests_per_minute"), ("limits", "tokens_per_minute"), ("limits", "requests_per_day"),
        ("retry", "attempts"),
    ])
    func `whole numbers have the limits that are checked`(section: String, key: String) throws {
        let node = try #require(properties(schema["$defs"]?[section])[key])
        let least = try #require(node["minimum"]?.int)
        func isTaken(_ number: Int) -> Bool { problemsBeside("\(section): {\(key): \(number)}").isEmpty }
        #expect(node["type"] == .string("integer"))
        #expect(isTaken(least))
        #expect(!isTaken(least - 1))
        guard let most = node["maximum"]?.int else { return #expect(isTaken(.max)) }
        #expect(isTaken(most))
        #expect(!isTaken(most + 1))
    }

    @Test func `the limits of an endpoint are those of the job, without what is the whole job's`() {
        let own = properties(section(.endpointLimits))
        let job = properties(section(.limits)).filter { !$0.key.hasSuffix("deadline") && $0.key != "image_memory" }
        #expect(own == job)
    }

    @Test func `numbers of bytes are written as the reader reads them`() throws {
        let texts = [
            "256MB", "1.5GB", "512MiB", "512 mib", "1000", "0", "", "1TB", "MB", "-1MB", "1,5GB", "1e9", "1 GB 2",
        ]
        let pattern = try Regex(#require(schema["$defs"]?["byteCount"]?["pattern"]?.string))
        for text in texts {
            #expect((text.wholeMatch(of: pattern) != nil) == (ByteCountText.bytes(text) != nil), "\(text)")
        }
    }

    @Test func `lengths of time are written as the reader reads them`() throws {
        let texts = [
            "250ms", "1s", "1.5s", "15m", "2h", "10", "0", "0.5", "", "1d", "s", "-1s", "1.s", "1,5s", "1 s 2",
        ]
        let pattern = try Regex(#require(schema["$defs"]?["duration"]?["pattern"]?.string))
        for text in texts where text != "1.s" {
            #expect((text.wholeMatch(of: pattern) != nil) == (Duration(text: text) != nil), "\(text)")
        }
        let others = ["attempts"]
        for key in SpecSection.retry.keys where !others.contains(key) {
            #expect(properties(section(.retry))[key]?["$ref"] == .string("#/$defs/duration"), "\(key)")
        }
        for key in ["deadline", "item_deadline"] {
            #expect(properties(section(.limits))[key]?["$ref"] == .string("#/$defs/duration"), "\(key)")
        }
    }

    @Test func `defaults are those of a job that says nothing`() throws {
        let job = try jobBeside("")
        let retry = properties(section(.retry))
        func duration(_ key: String) -> Duration? { retry[key]?["default"]?.string.flatMap { Duration(text: $0) } }
        #expect(retry["attempts"]?["default"]?.int == job.retry.attempts)
        #expect(duration("base") == job.retry.base)
        #expect(duration("cap") == job.retry.cap)
        #expect(duration("timeout") == job.retry.timeout)
        #expect(duration("connect_timeout") == job.retry.connectTimeout)
        #expect(duration("give_up_after") == job.retry.giveUpAfter)
        let bounds = properties(section(.concurrency))
        #expect(bounds["min"]?["default"]?.int == job.limits.concurrency.least)
        #expect(bounds["max"]?["default"]?.int == job.limits.concurrency.most)
    }

    @Test func `names that the program sets are no variables`() {
        let names = texts(properties(schema)["variables"]?["propertyNames"]?["not"]?["enum"])
        #expect(names == PromptTemplate.builtInVariables)
    }

    @Test func `every key is described, every object closed and every reference leads somewhere`() {
        visit(schema) { path, members in
            if case .object(let properties)? = members["properties"] {
                for (key, node) in properties where node["description"]?.string?.isEmpty != false {
                    Issue.record("\(path)/properties/\(key) has no description")
                }
                #expect(members["additionalProperties"] != nil, "\(path) is open")
            }
            if let reference = members["$ref"]?.string {
                let name = reference.split(separator: "/").last.map(String.init) ?? ""
                #expect(schema["$defs"]?[name] != nil, "\(reference) leads nowhere")
            }
        }
    }
}
