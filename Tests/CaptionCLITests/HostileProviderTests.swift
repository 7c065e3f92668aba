import Captioning
import CaptioningSQLite
import CaptioningSimulator
import Foundation
import Testing

/// The built program against providers that send what no provider should: nothing is lost, nothing is paid twice, and it
/// lives on.
struct HostileProviderTests {
    private func run(
        _ faults: [Fault: Double] = [:], poison: [Fault: Double] = [:], images: Int = 40,
        _ body: @escaping @Sendable (CommandScene, RunningSimulator) async throws -> Void
    ) async throws {
        let scene = try CommandScene()
        try scene.makePhotos(images)
        var options = SimulatorOptions()
        (options.faults, options.poison) = (faults, poison)
        try await withSimulator(options) { simulator in
            try scene.makeSpec(baseURL: simulator.baseURL)
            try await body(scene, simulator)
        }
    }

    @Test func `token counts that cannot be cost neither the run nor an answer, and are warned of once`() async throws {
        try await run([.usage: 1]) { scene, simulator in
            let result = try await scene.shell("caption run job.yaml")
            #expect(result.status == 0, "\(result.output)")
            #expect(result.output.contains("40 of 40 done"))
            #expect(result.output.components(separatedBy: "token counts that cannot be").count == 2)
            #expect(simulator.ledger.requests == 40)
            let status = try await scene.shell("caption status job.yaml --verify --json")
            #expect(status.status == 0)
            #expect(status.output.contains("\"promptTokens\" : 0,"), "\(status.output)")
        }
    }

    @Test func `a status of 000 fails its own image and ends nothing else`() async throws {
        try await run(poison: [.zeroStatus: 0.2]) { scene, simulator in
            let result = try await scene.shell("caption run job.yaml")
            #expect(result.status == 3, "\(result.output)")
            #expect(result.output.contains("no HTTP: status 000"))
            let ledger = simulator.ledger
            #expect(ledger.accepted > 0 && ledger.accepted < 40)
            #expect(result.output.contains("\(ledger.accepted) of 40 done"))
            #expect(ledger.duplicates == 0)
        }
    }

    @Test(arguments: [Fault.echo, .echoError])
    func `a key that the provider repeats is in no file and no output`(fault: Fault) async throws {
        try await run([fault: 0.5]) { scene, simulator in
            let secrets = Secrets(["sk-simulated"])
            let lines = [
                "caption run job.yaml --events events.jsonl", "caption status job.yaml",
                "caption show job.yaml 100.bmp",
                "caption export job.yaml", "caption export job.yaml --format jsonl --output out.jsonl",
            ]
            for line in lines {
                let output = try await scene.shell(line).output
                #expect(secrets.scrubbed(output) == output)
            }
            #expect(simulator.ledger.faults[fault.rawValue] ?? 0 > 0)
            let files = FileManager.default.enumerator(at: scene.folder, includingPropertiesForKeys: nil)
            for case let file as URL in files?.allObjects ?? [] {
                guard let data = try? Data(contentsOf: file) else { continue }
                #expect(secrets.scrubbed(data) == data, "\(file.lastPathComponent)")
            }
        }
    }

    @Test func `a stop longer than the time-out loses no reply that came meanwhile, and asks for none again`()
        async throws
    {
        let scene = try CommandScene()
        try scene.makePhotos(60)
        // In a process of its own: it answers in time whatever the other tests do meanwhile.
        let shell = URL(fileURLWithPath: "/bin/bash")
        let serve = "exec '\(CommandScene.program.path)' simulate --port 0 --latency 400ms >server.log"
        let provider = try scene.start(["-c", serve], program: shell)
        defer { provider.terminate() }
        let log = scene.folder.appendingPathComponent("server.log")
        var url: String?
        while url == nil, provider.isRunning {
            try await Task.sleep(for: .milliseconds(10))
            let line = try? String(contentsOf: log, encoding: .utf8).split(separator: "\n").first
            url = line.map { String($0.dropFirst("listening on ".count)) }
        }
        try scene.write(
            """
            images: [{folder: ./photos}]
            endpoint: {provider: custom, base_url: "\(url ?? "")", model: qwen3-vl-plus, api_key_env: TEST_KEY}
            limits: {concurrency: 30}
            retry: {attempts: 3, base: 1ms, cap: 2ms, timeout: 4s}
            """, to: "job.yaml")
        let process = try scene.start(["run", "job.yaml"])
        let path = scene.folder.path + "/job.sqlite"
        func summary() async throws -> StoreSummary {
            let store = try SQLiteJobStore.openForReading(path: path)
            defer { try? store.close() }
            return try await store.summary()
        }
        // Some thirty requests are under way soon after the first answers.
        while process.isRunning {
            try await Task.sleep(for: .milliseconds(5))
            if let done = try? await summary().done, done > 3 { break }
        }
        // Once alone, while the replies come in; once together with the provider, which wakes a second later.
        kill(process.processIdentifier, SIGSTOP)
        try await Task.sleep(for: .seconds(6))
        kill(process.processIdentifier, SIGCONT)
        try await Task.sleep(for: .milliseconds(200))
        for stopped in [process, provider] { kill(stopped.processIdentifier, SIGSTOP) }
        try await Task.sleep(for: .seconds(6))
        kill(process.processIdentifier, SIGCONT)
        try await Task.sleep(for: .seconds(1))
        kill(provider.processIdentifier, SIGCONT)
        while process.isRunning { try await Task.sleep(for: .milliseconds(5)) }
        #expect(process.terminationStatus == 0)
        let end = try await summary()
        #expect(end.done == 60)
        #expect(end.attempts == 60)
    }

    @Test func `no other process of the same user reads the key from its environment`() async throws {
        let scene = try CommandScene()
        try scene.makePhotos(4)
        var options = SimulatorOptions()
        options.faults = [.hang: 1]
        try await withSimulator(options) { simulator in
            try scene.makeSpec(baseURL: simulator.baseURL)
            // As somebody who is not root: then the files of a process that may be read are its own.
            let user = getuid() == 0 ? "setpriv --reuid 65534 --clear-groups " : ""
            let result = try await scene.shell(
                """
                chmod -R a+rwX .
                \(user)'\(CommandScene.program.path)' run job.yaml --quiet & pid=$!
                for _ in {1..200}; do [ -e job.sqlite ] && break; sleep 0.05; done
                stat -c %u /proc/$pid/environ
                kill -KILL $pid
                """)
            #expect(result.output.hasPrefix("0\n"), "\(result.output)")
        }
    }
}
