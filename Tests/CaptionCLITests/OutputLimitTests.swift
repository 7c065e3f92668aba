import Captioning
import CaptioningSimulator
import CaptioningTesting
import Foundation
import Testing

@testable import CaptionCLI

/// A `max_tokens` that is too small, as a person meets it.
struct OutputLimitTests {
    private func spec(_ baseURL: String, maxTokens: String) -> String {
        """
        images: [{folder: photos}]
        prompts: [{id: alt, text: Describe this.}]
        endpoint: {provider: simulated, base_url: "\(baseURL)", model: qwen3-vl-plus, api_key_env: TEST_KEY}
        limits: {concurrency: 8}
        parameters: {\(maxTokens)}
        """
    }

    @Test func `a limit that cuts everything stops the run, is named, and raised it makes no whole answer stale`()
        async throws
    {
        let scene = try CommandScene()
        try scene.makePhotos(64)
        try await withSimulator(SimulatorOptions()) { simulator in
            try scene.write(spec(simulator.baseURL, maxTokens: "max_tokens: 300"), to: "job.yaml")
            let first = try await scene.shell("caption run job.yaml --limit 4")
            #expect(first.status == 0, "\(first.output)")
            // Lower, it may cut what was whole: that is for the user to decide.
            try scene.write(spec(simulator.baseURL, maxTokens: "max_tokens: 4"), to: "job.yaml")
            let cut = try await scene.shell("caption run job.yaml --keep stale")
            #expect(cut.status == 1, "\(cut.output)")
            #expect(cut.output.contains("max_tokens (4)"), "\(cut.output)")
            #expect(simulator.ledger.requests <= 4 + 5 + 3)
            let next = cut.output.split(separator: "\n").last { $0.hasPrefix("next: ") } ?? ""
            #expect(next.hasPrefix("next: raise max_tokens"), "\(next)")
            #expect(next.contains("caption retry job.yaml --code truncated && caption run job.yaml"), "\(next)")

            try scene.write(spec(simulator.baseURL, maxTokens: "max_tokens: 400"), to: "job.yaml")
            let paid = simulator.ledger.requests
            let rest = try await scene.shell("caption retry job.yaml --code truncated && caption run job.yaml")
            #expect(rest.status == 0, "\(rest.output)")
            #expect(simulator.ledger.requests == paid + 60)
            // And without one of its own, a request has the server's.
            try scene.write(spec(simulator.baseURL, maxTokens: "seed: 1"), to: "job.yaml")
            let other = try await scene.shell("caption run job.yaml")
            #expect(other.status == 65, "\(other.output)")
            try scene.write(spec(simulator.baseURL, maxTokens: ""), to: "job.yaml")
            let none = try await scene.shell("caption run job.yaml")
            #expect(none.status == 0, "\(none.output)")
            #expect(simulator.ledger.requests == paid + 60)
        }
    }
}
