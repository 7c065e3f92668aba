import Testing

@testable import Captioning

struct JobSpecTests {
    private static let example = """
        # yaml-language-server: $schema=../schema/job.schema.json
        name: holiday-photos
        images:
          - folder: ./photos              # recursive; relative to this file
            include: ["*.jpg", "*.png"]   # default: every supported image type
            exclude: ["**/drafts/**"]
          - files: [a.jpg, b.webp]
          - urls: ["https://example.com/dog.jpeg"]
          - group: {name: chair, files: [chair-front.jpg, chair-back.jpg]}   # several images in one request
        system: You write alt text for people who cannot see the image.      # optional
        prompts:
          - id: alt
            text: "Describe {{filename}} in one sentence, in {{language}}."
        variables: {language: English}
        endpoint:
          provider: dashscope
          region: singapore
          # base_url: http://localhost:8000/v1
          model: qwen3-vl-plus
          api_key_env: DASHSCOPE_API_KEY
        parameters: {temperature: 0.2, max_tokens: 300, seed: 7}
        limits: {requests_per_minute: 600, tokens_per_minute: 1000000, concurrency: 32}
        retry: {attempts: 6, base: 1s, cap: 60s, timeout: 330s, connect_timeout: 5s, give_up_after: 15m}
        store: holiday-photos.sqlite
        """

    @Test func `a whole spec is read`() throws {
        var expected = JobSpec()
        expected.name = "holiday-photos"
        expected.images = [
            .folder(path: "./photos", include: ["*.jpg", "*.png"], exclude: ["**/drafts/**"]),
            .files(["a.jpg", "b.webp"]),
            .urls(["https://example.com/dog.jpeg"]),
            .group(name: "chair", files: ["chair-front.jpg", "chair-back.jpg"]),
        ]
        expected.system = "You write alt text for people who cannot see the image."
        expected.prompts = [.init(id: "alt", text: "Describe {{filename}} in one sentence, in {{language}}.")]
        expected.variables = ["language": "English"]
        expected.endpoint.provider = .dashscope
        expected.endpoint.region = "singapore"
        expected.endpoint.model = "qwen3-vl-plus"
        expected.endpoint.apiKeyVariable = "DASHSCOPE_API_KEY"
        expected.parameters = ["temperature": .double(0.2), "max_tokens": .int(300), "seed": .int(7)]
        expected.limits.requestsPerMinute = 600
        expected.limits.tokensPerMinute = 1_000_000
        expected.limits.concurrency = 32
        expected.retry.attempts = 6
        expected.retry.base = .seconds(1)
        expected.retry.cap = .seconds(60)
        expected.retry.timeout = .seconds(330)
        expected.retry.connectTimeout = .seconds(5)
        expected.retry.giveUpAfter = .seconds(900)
        expected.store = "holiday-photos.sqlite"
        #expect(try JobSpec(yaml: Self.example, file: "job.yaml") == expected)
    }

    @Test func `a spec that says little leaves the rest open`() throws {
        var expected = JobSpec()
        expected.images = [.folder(path: "photos", include: [], exclude: [])]
        #expect(try JobSpec(yaml: "images: [{folder: photos}]", file: "job.yaml") == expected)
        #expect(
            try JobSpec(
                yaml: """
                    images: [{folder: photos}]
                    name:
                    system: ~
                    prompts: null
                    variables:
                    endpoint: {provider: , model: }
                    parameters:
                    limits: {concurrency: }
                    retry:
                    store:
                    """, file: "job.yaml") == expected)
    }

    @Test func `JSON is read`() throws {
        let spec = try JobSpec(
            yaml: """
                {"name": "j", "images": [{"folder": "photos", "include": ["*.jpg"]}],
                 "prompts": [{"id": "a", "text": "One\\nline \\u00e9"}], "parameters": {"seed": 7, "stop": ["x"]}}
                """, file: "job.json")
        #expect(spec.images == [.folder(path: "photos", include: ["*.jpg"], exclude: [])])
        #expect(spec.prompts == [.init(id: "a", text: "One\nline é")])
        #expect(spec.parameters == ["seed": .int(7), "stop": .array([.string("x")])])
    }

    @Test func `one value serves where a list is expected`() throws {
        let spec = try JobSpec(yaml: "images: [{folder: a, include: '*.jpg'}, files: b.jpg]", file: "job.yaml")
        #expect(spec.images == [.folder(path: "a", include: ["*.jpg"], exclude: []), .files(["b.jpg"])])
    }

    @Test func `anchors and aliases are followed`() throws {
        let spec = try specBeside("system: &s Be brief.\nprompts: [{id: a, text: *s}]")
        #expect(spec.prompts.map(\.text) == ["Be brief."])
    }

    @Test func `every problem comes at once, in the order of the document`() {
        let found = problems(
            """
            nmae: holiday
            images:
              - folder: photos
                includ: ["*.jpg"]
              - files: []
            endpoint:
              provider: dashcsope
              api_key_env: sk-0123456789abcdef
            prompts:
              - text: no id
              - id: tags
                text: "Tags for {{filname}}."
            parameters: {temperature: 3}
            retry: {attempts: 0, base: soon}
            """)
        #expect(
            found.map(\.description) == [
                "job.yaml:1: nmae: unknown key (did you mean 'name'?)",
                "job.yaml:4: images[0].includ: unknown key (did you mean 'include'?)",
                "job.yaml:5: images[1].files: lists no file",
                "job.yaml:7: endpoint.provider: unknown provider 'dashcsope' (did you mean 'dashscope'?)",
                "job.yaml:8: endpoint.api_key_env: must be the NAME of an environment variable, not the key itself "
                    + "(such as DASHSCOPE_API_KEY; keys never belong in a spec)",
                "job.yaml:10: prompts[0]: needs an id (a short word that names the prompt in results)",
                "job.yaml:12: prompts[1].text: nothing sets the variable 'filname' (did you mean 'filename'?)",
                "job.yaml:13: parameters.temperature: must be from 0.0 to 2.0",
                "job.yaml:14: retry.attempts: 0 is out of range: it must be from 1 to 100",
                "job.yaml:14: retry.base: expected a length of time (such as 500ms, 30s, 15m or 1h)",
            ])
    }

    @Test(arguments: [
        ("imagse: []", "imagse", "did you mean 'images'?"),
        ("retry: {attempt: 3}", "retry.attempt", "did you mean 'attempts'?"),
        ("retry: {connectTimeout: 3s}", "retry.connectTimeout", "did you mean 'connect_timeout'?"),
        ("limits: {requests-per-minute: 3}", "limits.requests-per-minute", "did you mean 'requests_per_minute'?"),
        ("endpoint: {baseURL: x}", "endpoint.baseURL", "did you mean 'base_url'?"),
        (
            "endpoint: {key: x}", "endpoint.key",
            "known keys: provider, region, base_url, model, api_key_env, ca_file, limits"
        ),
        ("prompts: [{id: a, text: b, txt: c}]", "prompts[0].txt", "did you mean 'text'?"),
    ])
    func `an unknown key comes with the nearest known one`(yaml: String, keyPath: String, hint: String) {
        let found = problemsBeside(yaml)
        #expect(
            found == [
                .init(file: "job.yaml", line: 2, keyPath: keyPath, message: "unknown key", hint: hint)
            ])
    }

    @Test(arguments: [
        "name: a\nimages: [files: a.jpg]\nname: b", "images: [files: a.jpg]\nretry: {base: 1s, base: 2s}\nname: b",
    ])
    func `a key that stands twice is a problem`(yaml: String) throws {
        let problem = try #require(problems(yaml).first)
        #expect(problem.message.hasPrefix("a key stands twice in one mapping: "))
        #expect(problem.message.contains(yaml.contains("base") ? "base" : "name"))
        #expect(problem.file == "job.yaml")
        #expect(problem.line != nil)
    }

    @Test(arguments: [
        ("images: [files: a.jpg\nname: b", 2), ("name: a\n\nimages:\n\t- files: b", 4), ("name: \"a\nimages: []", 2),
        ("name: a: b", 1), ("name: *nobody", 1), ("a: 1\n---\nb: 2\n", 2),
    ])
    func `broken YAML is told with its line`(yaml: String, line: Int) throws {
        let found = problems(yaml)
        let problem = try #require(found.first)
        #expect(found.count == 1)
        #expect(problem.message.hasPrefix("this is not YAML: "))
        #expect(problem.line == line)
    }

    @Test(arguments: ["", "\n\n", "# only a comment\n", "~", "null", "---\n"])
    func `an empty spec is told as such`(yaml: String) {
        #expect(
            problems(yaml) == [
                .init(
                    file: "job.yaml", keyPath: "", message: "the spec is empty",
                    hint: "'caption init' writes one to start from")
            ])
    }

    @Test(arguments: ["just text", "- a\n- b", "7"])
    func `a spec that is no mapping is refused`(yaml: String) {
        #expect(problems(yaml).map(\.message) == ["expected a mapping with the keys " + list(SpecSection.job.keys)])
    }

    static let wrongTypes: [(String, String, String)] = [
        ("name: [a]", "name", "expected text"), ("name: ''", "name", "must not be empty"),
        ("name: \"a\\0b\"", "name", "must not contain a NUL character"), ("system: {a: b}", "system", "expected text"),
        ("store: [a]", "store", "expected text"), ("prompts: text", "prompts", "expected a list of prompts"),
        ("prompts: []", "prompts", "expected a list of prompts"),
        ("prompts: [text]", "prompts[0]", "expected a mapping with the keys id, text"),
        ("prompts: [{id: a}]", "prompts[0]", "needs a text"),
        ("prompts: [{id: [a], text: b}]", "prompts[0].id", "expected text"),
        ("prompts: [{id: a, text: {b: c}}]", "prompts[0].text", "expected text"),
        ("prompts: [{id: a, text: '  '}]", "prompts[0].text", "must not be empty"),
        ("variables: text", "variables", "expected a mapping of names to text"),
        ("variables: [a]", "variables", "expected a mapping of names to text"),
        ("variables: {a: [b]}", "variables.a", "expected text"),
        ("variables: {stem: b}", "variables.stem", "'stem' is set by the program for every image"),
        ("endpoint: text", "endpoint", "expected a mapping with the keys " + list(SpecSection.endpoint.keys)),
        ("endpoint: {model: [a]}", "endpoint.model", "expected text"),
        ("endpoint: {base_url: ''}", "endpoint.base_url", "must not be empty"),
        ("parameters: text", "parameters", "expected a mapping of request parameters"),
        ("parameters: {a: 1e999}", "parameters.a", "is nothing that JSON can hold, or nested more than 32 deep"),
        ("limits: 5", "limits", "expected a mapping with the keys " + list(SpecSection.limits.keys)),
        ("limits: {concurrency: many}", "limits.concurrency", "expected a whole number"),
        ("limits: {concurrency: '4'}", "limits.concurrency", "expected a whole number"),
        ("limits: {concurrency: 4.5}", "limits.concurrency", "expected a whole number"),
        ("limits: {concurrency: true}", "limits.concurrency", "expected a whole number"),
        ("retry: []", "retry", "expected a mapping with the keys " + list(SpecSection.retry.keys)),
        ("retry: {base: [1s]}", "retry.base", "expected a length of time"),
        ("retry: {cap: 1 fortnight}", "retry.cap", "expected a length of time"),
        ("retry: {timeout: -1s}", "retry.timeout", "expected a length of time"),
    ]

    @Test(arguments: wrongTypes)
    func `a value of the wrong type is a problem`(yaml: String, keyPath: String, message: String) {
        let found = problemsBeside(yaml)
        #expect(found.map(\.keyPath) == [keyPath])
        #expect(found.map(\.message) == [message])
        #expect(found.map(\.line) == [2])
    }

    static let wrongImages: [(String, String, String)] = [
        ("name: a", "images", "say which images to caption"), ("images:", "images", "say which images to caption"),
        ("images: photos", "images", "say which images to caption"),
        ("images: []", "images", "say which images to caption"),
        ("images: {folder: a}", "images", "say which images to caption"),
        ("images: [photos]", "images[0]", "expected one of folder:, files:, urls:, manifest:, archive:, group:"),
        ("images: [{foldr: a}]", "images[0]", "expected one of folder:, files:, urls:, manifest:, archive:, group:"),
        ("images: [{}]", "images[0]", "expected one of folder:, files:, urls:, manifest:, archive:, group:"),
        ("images: [{folder: a, files: b}]", "images[0].files", "unknown key"),
        ("images: [{folder: }]", "images[0].folder", "must not be empty"),
        ("images: [{folder: ''}]", "images[0].folder", "must not be empty"),
        ("images: [{folder: [a]}]", "images[0].folder", "expected text"),
        ("images: [{folder: a, include: [[b]]}]", "images[0].include[0]", "expected text"),
        ("images: [{archive: }]", "images[0].archive", "must not be empty"),
        ("images: [{files: [a, ~]}]", "images[0].files[1]", "must not be empty"),
        ("images: [{files: []}]", "images[0].files", "lists no file"),
        ("images: [{urls: []}]", "images[0].urls", "lists no URL"),
        ("images: [{group: a}]", "images[0].group", "expected a mapping with the keys name, files"),
        ("images: [{group: {files: [a]}}]", "images[0].group", "needs a name"),
        ("images: [{group: {name: a}}]", "images[0].group.files", "lists no file"),
    ]

    @Test(arguments: wrongImages)
    func `an image entry of the wrong form is a problem`(yaml: String, keyPath: String, message: String) {
        let found = problems(yaml)
        #expect(found.map(\.keyPath) == [keyPath])
        #expect(found.map(\.message) == [message])
        #expect(found.map(\.line) == [1])
    }

    @Test(arguments: [
        "a.jpg", "ftp://example.com/a.jpg", "https://", "https://a b/c.jpg", "data:image/png;base64,AAAA",
    ])
    func `a URL that no provider can download is a problem`(url: String) {
        let found = problems("images: [{urls: ['https://example.com/a.jpg', '\(url)']}]")
        #expect(found.map(\.keyPath) == ["images[0].urls[1]"])
        #expect(found.map(\.message) == ["'\(url)' is no URL that a provider can download"])
    }
}
