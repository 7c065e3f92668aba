import Testing

@testable import Captioning

/// The rules of a spec's single values: names, numbers, parameters and templates.
struct JobSpecRulesTests {
    @Test(arguments: [
        ("sk-0123456789abcdef0123", "sk-0123456789abcdef0123"), ("sk_live_0123456789", "0123456789"),
        ("Bearer abc", "Bearer abc"), ("0ABC", "0ABC"), ("$DASHSCOPE_API_KEY", "$DASHSCOPE"), ("MY-KEY", "MY-KEY"),
        ("KÉY", "KÉY"),
    ])
    func `a pasted key is refused and not repeated`(value: String, secret: String) throws {
        let found = problemsBeside("endpoint: {api_key_env: '\(value)'}")
        let problem = try #require(found.first)
        #expect(found.count == 1)
        #expect(problem.keyPath == "endpoint.api_key_env")
        #expect(!problem.description.contains(secret))
    }

    @Test(arguments: ["DASHSCOPE_API_KEY", "_key2", "k"])
    func `the name of a key variable is taken`(name: String) throws {
        #expect(try specBeside("endpoint: {api_key_env: \(name)}").endpoint.apiKeyVariable == name)
    }

    @Test(arguments: [
        ("requests_per_minute", 1, 1_000_000), ("tokens_per_minute", 1, 1_000_000_000_000),
        ("requests_per_day", 1, 1_000_000_000), ("concurrency", 1, 1024),
    ])
    func `a limit has its range`(key: String, least: Int, most: Int) throws {
        #expect(problemsBeside("limits: {\(key): \(least)}").isEmpty)
        #expect(problemsBeside("limits: {\(key): \(most)}").isEmpty)
        let below = try #require(problemsBeside("limits: {\(key): \(least - 1)}").first)
        #expect(below.message.hasPrefix("\(least - 1) is out of range: it must be "))
        #expect(below.keyPath == "limits.\(key)")
        #expect(problemsBeside("limits: {\(key): \(most + 1)}").count == 1)
    }

    @Test func `a manifest names its column, and its templates may name others`() throws {
        let yaml =
            "images: [{manifest: a.csv}, {manifest: b.jsonl, image: file}]\nprompts: [{id: a, text: '{{title}}'}]"
        let spec = try JobSpec(yaml: yaml, file: "job.yaml")
        #expect(spec.images == [.manifest(path: "a.csv", image: "image"), .manifest(path: "b.jsonl", image: "file")])
        #expect(try JobSpec(yaml: "images: [{urls: list.txt}]", file: "a").images == [.urlFile(path: "list.txt")])
        #expect(throws: SpecError.self) { try JobSpec(yaml: "images: [{urls: 'ftp://a/b.jpg'}]", file: "a") }
        #expect(throws: SpecError.self) { try JobSpec(yaml: "images: [{manifest: }]", file: "job.yaml") }
    }

    @Test func `an archive is chosen from like a folder`() throws {
        let yaml = "images: [{archive: a.zip}, {archive: b.tar, include: '*.jpg', exclude: [c]}]"
        #expect(
            try JobSpec(yaml: yaml, file: "job.yaml").images == [
                .archive(path: "a.zip", include: [], exclude: []),
                .archive(path: "b.tar", include: ["*.jpg"], exclude: ["c"]),
            ])
    }

    @Test func `remote images are downloaded where the spec says`() throws {
        #expect(try specBeside("name: a").fetch == ImageFetch())
        #expect(try specBeside("fetch: local").fetch == ImageFetch(place: .local))
        #expect(
            try specBeside("fetch: {by: local, private_addresses: true, timeout: 5s}").fetch
                == ImageFetch(place: .local, allowsPrivateAddresses: true, timeout: .seconds(5)))
        #expect(problemsBeside("fetch: here").map(\.keyPath) == ["fetch"])
        #expect(problemsBeside("fetch: {by: me}").map(\.keyPath) == ["fetch.by"])
        #expect(problemsBeside("fetch: {private_addresses: 1}").map(\.keyPath) == ["fetch.private_addresses"])
    }

    @Test func `images are prepared as the spec says`() throws {
        #expect(try specBeside("name: a").preparation == ImagePreparation())
        #expect(try specBeside("prepare: never").preparation == ImagePreparation(mode: .never))
        #expect(try specBeside("prepare: auto").preparation == ImagePreparation())
        #expect(
            try specBeside("prepare: {max_pixels: 500000, format: png, quality: 70, strip_metadata: false}").preparation
                == ImagePreparation(maxPixels: 500_000, format: .png, quality: 70, stripsMetadata: false))
    }

    @Test(
        arguments: [
            ("prepare: nevr", "prepare", "did you mean 'never'?"), ("prepare: [a]", "prepare", nil),
            ("prepare: {max_pixels: 3}", "prepare.max_pixels", nil),
            ("prepare: {format: gif}", "prepare.format", "jpeg or png"),
            ("prepare: {quality: 101}", "prepare.quality", nil),
            ("prepare: {qualty: 1}", "prepare.qualty", "did you mean 'quality'?"),
            ("prepare: {strip_metadata: maybe}", "prepare.strip_metadata", nil),
        ] as [(String, String, String?)])
    func `a preparation that cannot be is told`(_ yaml: String, _ path: String, _ hint: String?) throws {
        let problem = try #require(problemsBeside(yaml).first)
        #expect(problem.keyPath == path)
        if let hint { #expect(problem.hint == hint) }
    }

    @Test(arguments: ["timeout", "connect_timeout", "give_up_after"])
    func `no time at all is no time-out`(key: String) {
        #expect(problemsBeside("retry: {\(key): 0s}").map(\.message) == ["must be at least 1ms"])
        #expect(problemsBeside("retry: {\(key): 1ms}").isEmpty)
    }

    @Test func `waits may be nothing, but the longest is not shorter than the first`() throws {
        let retry = try specBeside("retry: {base: 0, cap: 0ms}").retry
        #expect(retry.base == .zero)
        #expect(retry.cap == .zero)
        let found = problemsBeside("retry: {base: 10s, cap: 9s}")
        #expect(found.map(\.keyPath) == ["retry.cap"])
        #expect(found.map(\.message) == ["must not be shorter than retry.base"])
    }

    static let wrongParameters: [(String, String)] = [
        ("temperature: -0.1", "must be from 0.0 to 2.0"), ("temperature: hot", "expected a number"),
        ("temperature: '0.2'", "expected a number"), ("top_p: 0", "must be above 0 and at most 1"),
        ("top_p: 1.01", "must be above 0 and at most 1"), ("top_k: -1", "must be from 0 to 1000000000"),
        ("presence_penalty: -2.1", "must be from -2.0 to 2.0"), ("frequency_penalty: 3", "must be from -2.0 to 2.0"),
        ("repetition_penalty: 0", "must be above 0"), ("max_tokens: 0", "must be from 1 to 1000000000"),
        ("max_tokens: 300.5", "expected a whole number"), ("max_tokens: '300'", "expected a whole number"),
        ("max_completion_tokens: 0", "must be from 1 to 1000000000"),
        ("thinking_budget: 0", "must be from 1 to 1000000000"),
        ("seed: 2147483648", "must be from 0 to 2147483647"), ("seed: -1", "must be from 0 to 2147483647"),
        ("stop: 7", "expected text or a list of texts"), ("stop: [a, 7]", "expected text or a list of texts"),
        ("logprobs: yes", "expected true or false"), ("top_logprobs: 21", "must be from 0 to 20"),
        ("enable_thinking: 'true'", "expected true or false"),
        ("vl_high_resolution_images: 1", "expected true or false"), ("response_format: json", "expected a mapping"),
        ("n: 2", "can only be 1"), ("stream: true", "can only be false"), ("stream: 'false'", "can only be false"),
        ("stream_options: {}", "is set by the program"), ("model: a", "is set by the program"),
        ("messages: []", "is set by the program"), ("extra_body: {a: b}", "is set by the program"),
    ]

    @Test(arguments: wrongParameters)
    func `a known parameter is checked`(yaml: String, message: String) {
        let found = problemsBeside("parameters: {\(yaml)}")
        #expect(found.map(\.keyPath) == ["parameters." + yaml.prefix { $0 != ":" }])
        #expect(found.map(\.message) == [message])
    }

    @Test(arguments: [
        "temperature: 0", "temperature: 2", "top_p: 1", "top_k: 0", "seed: 2147483647", "stop: x", "stop: [x, y]",
        "n: 1", "enable_thinking: false", "response_format: {type: json_object}", "repetition_penalty: 1.05",
    ])
    func `a known parameter within its range is taken`(yaml: String) throws {
        #expect(try specBeside("parameters: {\(yaml)}").parameters.count == 1)
    }

    @Test func `asking for no stream is dropped, asking for one is refused with a way out`() throws {
        #expect(try specBeside("parameters: {stream: false, seed: 1}").parameters == ["seed": .int(1)])
        #expect(
            problemsBeside("parameters: {stream: true}").map(\.hint) == ["requests are never streamed; leave it out"])
    }

    static let values: [(String, JSONValue)] = [
        ("7", .int(7)), ("-7", .int(-7)), ("7.0", .double(7)), ("0.2", .double(0.2)), ("1e3", .double(1000)),
        ("9223372036854775807", .int(.max)), ("true", .bool(true)), ("FALSE", .bool(false)), ("yes", .string("yes")),
        ("no", .string("no")), ("on", .string("on")), ("'7'", .string("7")), ("\"true\"", .string("true")),
        ("''", .string("")), ("~", .null), ("null", .null), ("2026-01-01", .string("2026-01-01")),
        ("12:30:45", .string("12:30:45")), ("1_000", .string("1_000")), ("infinity", .string("infinity")),
        ("1.2.3", .string("1.2.3")), ("[1, a, [true]]", .array([.int(1), .string("a"), .array([.bool(true)])])),
        ("{a: {b: [1.5, ~]}}", .object(["a": .object(["b": .array([.double(1.5), .null])])])),
    ]

    @Test(arguments: values)
    func `an unknown parameter keeps its value and its type`(yaml: String, value: JSONValue) throws {
        let spec = try specBeside("parameters:\n  vendor_option: \(yaml)")
        #expect(spec.parameters == ["vendor_option": value])
        #expect(spec.warnings.isEmpty)
    }

    @Test func `an unknown parameter near a known one is sent with a warning`() throws {
        let spec = try specBeside("parameters: {temprature: 0.2}")
        #expect(spec.parameters == ["temprature": .double(0.2)])
        #expect(
            spec.warnings == [
                .init(
                    file: "job.yaml", line: 2, keyPath: "parameters.temprature",
                    message: "unknown parameter, sent as it is", hint: "did you mean 'temperature'?")
            ])
    }

    @Test func `variables are text, whatever they look like`() throws {
        let spec = try specBeside("variables: {words: 25, loud: yes, ratio: 1.50, none: '', sure: true}")
        #expect(spec.variables == ["words": "25", "loud": "yes", "ratio": "1.50", "none": "", "sure": "true"])
    }

    @Test func `two groups of one name are a problem`() {
        let found = problems(
            """
            images:
              - group: {name: chair, files: [a.jpg]}
              - group: {name: table, files: [b.jpg]}
              - group: {name: chair, files: [c.jpg]}
            """)
        #expect(found.map(\.message) == ["two groups are named 'chair'"])
    }

    @Test func `two prompts of one id are a problem`() {
        let found = problemsBeside("prompts:\n  - {id: alt, text: a}\n  - {id: tags, text: b}\n  - {id: alt, text: c}")
        #expect(
            found == [
                .init(file: "job.yaml", line: 5, keyPath: "prompts[2].id", message: "two prompts have the id 'alt'")
            ])
    }

    @Test func `a template's unknown variable is told with the nearest of all known ones`() {
        let found = problemsBeside(
            "system: In {{languag}}.\nprompts: [{id: a, text: '{{file_name}} {{colour}}'}]\nvariables: {language: English}"
        )
        #expect(found.map(\.keyPath) == ["system", "prompts[0].text"])
        #expect(found.map(\.hint) == ["did you mean 'language'?", "did you mean 'filename'?"])
    }

    @Test func `a template problem stands at its own text, whatever is wrong with its neighbours`() {
        let found = problemsBeside(
            """
            prompts:
              - id: first
              - id: second
                text: "{{nobody}}"
              - id: third
                text: |
                  Describe
                  {{filename
            """)
        #expect(found.map(\.keyPath) == ["prompts[0]", "prompts[1].text", "prompts[2].text"])
        #expect(found.map(\.line) == [3, 5, 7])
        #expect(found.last?.message == "the Mustache tags do not close")
    }
}
