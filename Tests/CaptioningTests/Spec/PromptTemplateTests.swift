import Testing

@testable import Captioning

struct PromptTemplateTests {
    private func render(
        _ text: String, _ path: String = "trip/day 1/dog.park.jpg", variables: [String: String] = [:], index: Int = 1
    ) throws -> String {
        try PromptTemplate(text, variables: variables).render(image: ImageName(path), index: index)
    }

    private func problem(_ text: String, variables: [String: String] = [:]) -> PromptTemplate.Problem? {
        do {
            _ = try PromptTemplate(text, variables: variables)
            return nil
        } catch {
            return error
        }
    }

    @Test(arguments: [
        ("{{filename}}", "dog.park.jpg"), ("{{stem}}", "dog.park"), ("{{path}}", "trip/day 1/dog.park.jpg"),
        ("{{folder}}", "trip/day 1"), ("{{index}}", "7"), ("{{ filename }}", "dog.park.jpg"),
        ("{{language}}/{{tone}}", "English/calm"), ("{{{stem}}}", "dog.park"), ("{{&stem}}", "dog.park"),
        ("{{! a note }}x", "x"),
    ])
    func `every variable has its value`(text: String, expected: String) throws {
        #expect(try render(text, variables: ["language": "English", "tone": "calm"], index: 7) == expected)
    }

    @Test(arguments: ["Tom & Jerry's <\"best\">.jpg", "a&amp;b.jpg", "émoji 🐶.jpg", "{{path}}.jpg", "a\nb.jpg"])
    func `a name comes through as it is`(name: String) throws {
        #expect(try render("{{filename}} {{{filename}}}", name) == "\(name) \(name)")
        #expect(try render("{{v}}", variables: ["v": name]) == name)
    }

    @Test(arguments: [
        ("dog.jpg", "dog", ""), (".hidden", ".hidden", ""), (".hidden.jpg", ".hidden", ""),
        ("noending", "noending", ""),
        ("a/.b", ".b", "a"), ("a.b/c", "c", "a.b"), ("x.", "x", ""),
    ])
    func `the stem ends before the last dot, unless the name begins with it`(
        path: String, stem: String, folder: String
    ) throws {
        #expect(try render("{{stem}}|{{folder}}", path) == "\(stem)|\(folder)")
    }

    @Test func `bytes that are not UTF-8 are shown as replacement characters`() throws {
        let image = ImageName(bytes: Array("caf".utf8) + [0xE9] + Array(".jpg".utf8))
        let template = try PromptTemplate("{{filename}} {{stem}}", variables: [:])
        #expect(try template.render(image: image, index: 1) == "caf\u{FFFD}.jpg caf\u{FFFD}")
    }

    @Test func `a section shows its text only for a variable that says something`() throws {
        let text = "Describe.{{#tone}} Sound {{tone}}.{{/tone}}{{^tone}} Any tone.{{/tone}}"
        #expect(try render(text, variables: ["tone": "calm"]) == "Describe. Sound calm.")
    }

    @Test(arguments: [
        "plain", "\nbegins with a line", "  indented\n  twice\n", "100 % {sure}", "<b>&amp;</b>", "a }} b",
    ])
    func `text without tags stays as it is`(text: String) throws {
        #expect(try render(text) == text)
    }

    @Test(arguments: ["{{filename", "{{#stem}}x", "x{{/stem}}", "{{#stem}}x{{/path}}", "{{{stem}}"])
    func `broken tags are a problem`(text: String) {
        #expect(problem(text)?.message == "the Mustache tags do not close")
    }

    @Test func `an unknown variable is a problem with the nearest known one`() {
        #expect(
            problem("{{langauge}}", variables: ["language": "English"])
                == .init(message: "nothing sets the variable 'langauge'", hint: "did you mean 'language'?"))
        #expect(
            problem("{{#colour}}x{{/colour}}")
                == .init(
                    message: "nothing sets the variable 'colour'",
                    hint: "known: filename, stem, path, folder, index; add your own under variables:"))
    }
}
