import CaptioningTesting
import Foundation
import SystemPackage
import Testing

@testable import Captioning

/// Specs that nobody writes by accident: each ends soon, with a message.
@Suite(.timeLimit(.minutes(10)))
struct SpecBoundsTests {
    /// What is wrong with a spec.
    private func problems(_ yaml: String) -> [String] {
        do {
            _ = try JobSpec(yaml: yaml, file: "job.yaml")
            return []
        } catch {
            return error.problems.map(\.description)
        }
    }

    private func expect(_ yaml: String, _ message: String, within limit: Duration = .seconds(20)) {
        var found: [String] = []
        let time = processorTime { found = problems(yaml) }
        #expect(found.contains { $0.contains(message) }, "\(found.prefix(3))")
        #expect(found.allSatisfy { $0.utf8.count < 2_000 })
        #expect(found.count <= SpecBounds.problems + 1)
        #expect(time < limit, "\(time)")
    }

    private let images = "images: [{folder: .}]\n"

    @Test func `aliases within aliases are not filled in`() {
        var yaml = "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
        for (name, before) in zip("bcdefghijkl", "abcdefghijk") {
            yaml += "\(name): &\(name) [*\(before),*\(before),*\(before),*\(before),*\(before),*\(before)]\n"
        }
        expect(yaml + images, "with its aliases filled in")
        // One within the other, as a key of a mapping, and a name that is given again and again.
        expect((0..<40).reduce("x") { inner, n in "&a\(n) [\(inner), *a\(n)]" }, "with its aliases filled in")
        expect((0..<30).map { "- &a [*a, *a]\n# \($0)" }.joined(separator: "\n"), "with its aliases filled in")
    }

    @Test func `aliases as people use them are filled in`() throws {
        let endpoints = (0..<30).map { "- {base_url: 'http://h/\($0)', model: m, limits: *limits}" }
        let spec = try JobSpec(
            yaml: """
                images: [{folder: &f photos, exclude: ["*b*", "&x"]}, {folder: *f}]
                prompts:
                - id: a
                  text: |
                    Use *bold* & *italic* &amp; **strong**, &nbsp; *x
                endpoints:
                - {base_url: http://h/a, model: m, limits: &limits {requests_per_minute: 5}}
                \(endpoints.joined(separator: "\n"))
                """, file: "job.yaml")
        #expect(spec.endpoints.count == 31)
        #expect(spec.endpoints.allSatisfy { $0.limits.requestsPerMinute == 5 })
    }

    @Test func `deep nesting ends with a message`() {
        expect(String(repeating: "[", count: 100_000), "this is not YAML")
        expect(String(repeating: "- ", count: 100_000), "this is not YAML")
        expect(String(repeating: "{a: ", count: 100_000), "this is not YAML")
        let deep = String(repeating: "[", count: 900) + String(repeating: "]", count: 900)
        expect(images + "parameters: {a: \(deep)}", "nested more than 32 deep")
        expect(images + "prompts: \(deep)", "expected a mapping")
        // As deep as anchors and brackets allow together: it may be refused, but neither crash nor hang.
        let chain = (0..<8).map { n in
            "- &a\(n) " + String(repeating: "[", count: 900) + (n == 0 ? "x" : "*a\(n - 1)")
                + String(repeating: "]", count: 900)
        }
        expect(chain.joined(separator: "\n") + "\n- {*a7 : 1}", "expected a mapping")
    }

    @Test func `more prompts, sources, variables and keys than anybody writes are counted and refused`() {
        let many = 100_000
        expect(
            images + "prompts:\n" + (0..<many).map { "- {id: p\($0), text: t}\n" }.joined(), "at most 1000 are read")
        expect("images:\n" + (0..<many).map { "- {folder: f\($0)}\n" }.joined(), "at most 20000 are read")
        expect(images + "variables: {" + (0..<many).map { "k\($0): v," }.joined() + "}", "at most 1000 are read")
        expect(images + "parameters: {" + (0..<many).map { "k\($0): 1," }.joined() + "}", "at most 1000 are read")
        expect((0..<many).map { "k\($0): 1\n" }.joined() + images, "at most 1000 are read")
        expect(images + "prompts:\n" + (0..<900).map { "- {idd: \($0)}\n" }.joined(), "there may be more")
    }

    @Test func `twenty thousand groups are read in a moment`() throws {
        let groups = (0..<20_000).map { "- group: {name: g\($0), files: [a.jpg]}\n" }.joined()
        var count = 0
        let time = try processorTime {
            count = try JobSpec(yaml: "images:\n" + groups, file: "job.yaml").images.count
        }
        #expect(count == 20_000)
        #expect(time < .seconds(40), "\(time)")
    }

    @Test func `long texts, names and words have a bound, and are not quoted whole`() {
        let long = String(repeating: "x", count: 300 << 10)
        expect(images + "system: \(long)", "has 307200 bytes")
        expect(images + "name: \(long.prefix(300))", "at most 200 are taken")
        expect(images + "prompts: [{id: \(long.prefix(300)), text: t}]", "at most 200 are taken")
        expect("\"\(long.prefix(1000))\": 1\n" + images, "unknown key")
        expect(images + "endpoint: {provider: \(long.prefix(200_000))}", "unknown provider")
    }

    @Test func `numbers that nobody means are out of range`() {
        for key in ["max_tokens", "max_completion_tokens", "thinking_budget", "top_k"] {
            expect(images + "parameters: {\(key): 9223372036854775807}", "must be from")
            expect(images + "parameters: {\(key): 99999999999999999999}", "expected a whole number")
        }
        expect(images + "limits: {tokens_per_minute: 9223372036854775807}", "out of range")
        expect(images + "parameters: {x: 1e999}", "nothing that JSON can hold")
    }

    @Test func `merge keys are refused where they would be sent or lost`() {
        for place in ["parameters", "variables", "limits"] {
            expect(images + "\(place): {<<: {a: 1}}", "merge keys are not read")
        }
    }

    @Test func `Mustache sections and tags have a bound`() {
        func prompt(_ text: String) -> String { images + "prompts: [{id: a, text: \"\(text)\"}]" }
        let nested = (0..<10_000).map { _ in "{{#path}}" }.joined() + (0..<10_000).map { _ in "{{/path}}" }.joined()
        expect(prompt(nested), "too many tags")
        expect(prompt((0..<200).map { _ in "{{#path}}x{{/path}}" }.joined()), "too many tags")
        expect(prompt((0..<50_000).map { _ in "{{a}}" }.joined()), "too many tags")
        expect(prompt(String(repeating: "{", count: 200_000)), "too many tags")
        expect(prompt("{{=<% %>=}}<%path%>"), "other delimiters")
        let texts = (0..<1000).map { "- {id: p\($0), text: \"\(String(repeating: "{{path}} ", count: 60))\"}\n" }
        expect(images + "prompts:\n" + texts.joined(), "too many tags and braces")
    }

    @Test func `a text that its variables blow up is refused before it is made`() throws {
        let long = String(repeating: "x", count: 100_000)
        expect(
            images + "variables: {v: \(long)}\nprompts: [{id: a, text: \"\(String(repeating: "{{v}}", count: 100))\"}]",
            "with its variables filled in")
        expect(
            images
                + "variables: {v: \(long)}\nprompts: [{id: a, text: \"{{#v}}\(String(repeating: "{{.}}", count: 50)){{/v}}\"}]",
            "with its variables filled in")
        let template = try PromptTemplate(String(repeating: "{{c}}", count: 20), variables: [:], allowsColumns: true)
        #expect(try template.render(image: ImageName("a"), index: 1, columns: ["c": "x"]).count == 20)
        #expect(throws: PromptTemplate.Problem.self) {
            try template.render(image: ImageName("a"), index: 1, columns: ["c": long])
        }
    }

    @Test(arguments: ["\u{FEFF}", "", "# a comment\r\n", "%YAML 1.2\n---\n"])
    func `a byte order mark and Windows line ends are taken`(start: String) throws {
        let yaml = start + "images:\r\n  - folder: photos\r\nname: x\r\n"
        #expect(try JobSpec(yaml: yaml, file: "job.yaml").name == "x")
    }

    @Test(arguments: ["images: \0", "\u{1}", "a: b: c", "\t- x", "? [a]", "!!binary x", "&a", "*a", "--- a\n--- b"])
    func `nonsense is reported`(yaml: String) {
        #expect(!problems(yaml).isEmpty)
    }

    @Test func `a spec that is no regular text file is reported, and nothing is waited for`() throws {
        let scene = try JobScene()
        func problem(_ name: String) -> String {
            do {
                _ = try JobSpec(path: FilePath(name), name: "the spec")
                return ""
            } catch {
                return error.description
            }
        }
        let pipe = scene.folder.path + "/pipe"
        #expect(mkfifo(pipe, 0o600) == 0)
        #expect(problem(pipe).contains("not a regular file"))
        #expect(problem("/dev/zero").contains("not a regular file"))
        #expect(problem(scene.folder.path).contains("not a regular file"))
        #expect(problem(scene.folder.path + "/none").contains("no job spec and no folder at 'the spec'"))
        let big = scene.folder.appendingPathComponent("big.yaml")
        try Data(repeating: 0x23, count: SpecBounds.fileBytes + 1).write(to: big)
        #expect(problem(big.path).contains("more than 4 MiB"))
        try Data([0x61, 0x3A, 0xFF]).write(to: big)
        #expect(problem(big.path).contains("not UTF-8 text"))
        try Data("images: [{folder: .}]".utf8).write(to: big)
        #expect(problem(big.path) == "")
    }

    @Test func `the largest document that is read takes seconds at most`() {
        let words = SpecBounds.fileBytes / 2 - 100
        expect(
            "images: [" + String(repeating: "x,", count: words) + "]", "at most 20000 are read", within: .seconds(90))
    }
}
