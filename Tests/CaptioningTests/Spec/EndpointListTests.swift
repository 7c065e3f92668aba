import Foundation
import Testing

@testable import Captioning

/// Several endpoints, their limits, and the deadlines of a job.
struct EndpointListTests {
    private static let two = """
        endpoints:
          - {provider: dashscope, region: beijing, model: qwen3-vl-plus, limits: {requests_per_minute: 60}}
          - {provider: vllm, model: Qwen/Qwen3-VL-8B-Instruct, limits: {concurrency: {min: 2, max: 16}}}
        limits: {requests_per_minute: 600, tokens_per_minute: 9000, requests_per_day: 5000, concurrency: 8}
        """

    @Test func `each endpoint has its own limits, and the job's where it names none`() throws {
        let job = try jobBeside(Self.two)
        #expect(job.endpoints.map(\.provider) == [.dashscope, .vllm])
        #expect(job.endpoints[0].baseURL == "https://dashscope.aliyuncs.com/compatible-mode/v1")
        #expect(
            job.endpoints.map(\.limits) == [
                .init(requestsPerMinute: 60, tokensPerMinute: 9000, requestsPerDay: 5000, concurrency: 8),
                .init(
                    requestsPerMinute: 600, tokensPerMinute: 9000, requestsPerDay: 5000,
                    concurrency: .init(least: 2, most: 16)),
            ])
    }

    @Test func `a single endpoint may have limits too`() throws {
        let job = try jobBeside("endpoint: {limits: {tokens_per_minute: 5}}\nlimits: {tokens_per_minute: 9}")
        #expect(job.limits == .init(tokensPerMinute: 5))
    }

    @Test(arguments: [
        ("limits: {concurrency: 7}", 7, 7), ("limits: {concurrency: {min: 4, max: 9}}", 4, 9),
        ("limits: {concurrency: {max: 9}}", 1, 9), ("limits: {concurrency: {min: 300}}", 300, 300),
        ("limits: {}", 1, 256),
    ])
    func `concurrency is a number, or bounds to find it in`(line: String, least: Int, most: Int) throws {
        #expect(try jobBeside(line).limits.concurrency == .init(least: least, most: most))
    }

    @Test(arguments: [
        ("endpoint: {}\nendpoints: [{}]", "endpoints", "must not stand beside endpoint:"),
        ("endpoints: []", "endpoints", "expected a list of endpoints"),
        ("endpoints: {provider: openai}", "endpoints", "expected a list of endpoints"),
        ("endpoints: [{provider: opnai}]", "endpoints[0].provider", "unknown provider 'opnai'"),
        ("endpoints: [{}, {limit: {}}]", "endpoints[1].limit", "unknown key"),
        ("endpoints: [{limits: {deadline: 5s}}]", "endpoints[0].limits.deadline", "unknown key"),
        (
            "endpoints: [{api_key_env: sk-123}]", "endpoints[0].api_key_env",
            "must be the NAME of an environment variable, not the key itself"
        ),
        ("limits: {concurrency: {min: 9, max: 4}}", "limits.concurrency", "min must not be larger than max"),
        ("limits: {concurrency: {max: 0}}", "limits.concurrency.max", "0 is out of range: it must be from 1 to 1024"),
        ("limits: {concurrency: {most: 4}}", "limits.concurrency.most", "unknown key"),
        ("limits: {deadline: 0}", "limits.deadline", "must be at least 1s"),
        ("limits: {image_memory: much}", "limits.image_memory", "expected a number of bytes"),
        ("limits: {image_memory: 4MB}", "limits.image_memory", "4MB is out of range: it must be from 16MB to 1000GB"),
        ("limits: {item_deadline: soon}", "limits.item_deadline", "expected a length of time"),
    ])
    func `what does not fit is reported with its place`(lines: String, path: String, message: String) {
        #expect(problemsBeside(lines).contains { $0.keyPath == path && $0.message == message })
    }

    @Test func `the same endpoint twice is refused`() throws {
        let lines = "endpoints: [{provider: vllm, model: m}, {provider: ollama, model: m}, {provider: vllm, model: m}]"
        let problems = try resolvingProblems(lines)
        #expect(problems.map(\.keyPath) == ["endpoints[2]"])
        #expect(problems.map(\.message) == ["is the same as endpoints[0]"])
    }

    @Test func `what is wrong with one endpoint is reported at its place`() throws {
        let problems = try resolvingProblems("endpoints: [{}, {provider: vllm}, {provider: dashscope, model: qvq-max}]")
        #expect(problems.map(\.keyPath) == ["endpoints[1].model", "endpoints[2].model"])
    }

    @Test func `a flag that names an endpoint leaves only that one, a model goes to all`() throws {
        var flags = SpecOverrides()
        flags.provider = .simulated
        #expect(try jobBeside(Self.two, overrides: flags).endpoints.map(\.provider) == [.simulated])
        flags = SpecOverrides()
        flags.model = "other"
        flags.concurrency = 3
        flags.deadline = .seconds(60)
        let job = try jobBeside(Self.two, overrides: flags)
        #expect(job.endpoints.map(\.model) == ["other", "other"])
        #expect(job.endpoints.allSatisfy { $0.limits.concurrency == 3 })
        #expect(job.deadlines == .init(run: .seconds(60)))
    }

    @Test func `deadlines are read`() throws {
        let job = try jobBeside("limits: {deadline: 2h, item_deadline: 10m, image_memory: 1.5GB}")
        #expect(job.imageMemory == 1_500_000_000 && job.imageMemoryText == "1.5GB")
        #expect(try jobBeside("").imageMemory == 256_000_000)
        #expect(job.deadlines == .init(run: .seconds(7200), item: .seconds(600)))
        #expect(try jobBeside("").deadlines == .init())
    }

    @Test(arguments: [
        ("32", 32, 32), ("4-256", 4, 256), ("0", 0, 0), ("9-4", 0, 0), ("1-2-3", 0, 0), ("-4", 0, 0), ("1025", 0, 0),
        ("4-", 0, 0), ("many", 0, 0),
    ])
    func `a flag gives concurrency as a number or bounds`(text: String, least: Int, most: Int) {
        #expect(Job.Concurrency(text: text) == (least > 0 ? .init(least: least, most: most) : nil))
    }

    @Test func `order, regions and keys of endpoints change no request, another model does`() throws {
        func digest(_ lines: String) throws -> Data { RequestVersion.versions(of: try jobBeside(lines))[0].digest }
        let one = try digest("endpoint: {provider: vllm, model: m}")
        #expect(
            try digest("endpoints: [{provider: vllm, model: m}, {provider: vllm, model: m, base_url: 'http://b/v1'}]")
                == one)
        let two = try digest("endpoints: [{provider: vllm, model: m}, {provider: vllm, model: n}]")
        #expect(two != one)
        #expect(try digest("endpoints: [{provider: vllm, model: n}, {provider: vllm, model: m}]") == two)
        #expect(
            RequestVersion.versions(of: try jobBeside("endpoint: {provider: vllm, model: m}"))[0].definition
                == #"{"model":"m","parameters":{},"prompt":"Describe this image in one sentence.","provider":"vllm"}"#)
    }
}
