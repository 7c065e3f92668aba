import ArgumentParser
import Captioning
import CaptioningSimulator
import ServiceLifecycle

/// Serves the simulated provider.
struct SimulateCommand: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate",
        abstract: "Serve a simulated provider on loopback, to try jobs and faults without a key or money.",
        discussion: """
            Checks requests as strictly as DashScope and answers with captions that say they are simulated. \
            GET /ledger returns what it saw. Faults: \(Fault.allCases.map(\.rawValue).joined(separator: ", ")).

            caption simulate --port 8080 --latency 200ms
            caption simulate --port 8080 --fault 429=0.1 --fault timeout=0.01 --requests-per-minute 600
            SIMULATED_API_KEY=sk-simulated caption run ./photos --base-url http://127.0.0.1:8080/v1 \\
                --model qwen3-vl-plus --api-key-env SIMULATED_API_KEY
            """)

    @Option(help: "The port on 127.0.0.1; 0 takes a free one.")
    var port = 8080

    @Option(help: ArgumentHelp("The time every answer takes, such as 200ms.", valueName: "duration"))
    var latency = "0s"

    @Option(help: ArgumentHelp("Requests accepted in any 60 seconds; more are answered 429.", valueName: "count"))
    var requestsPerMinute: Int?

    @Option(
        help: ArgumentHelp(
            "A fault and how likely it is, such as 500=0.05; may be repeated.", valueName: "kind=probability"))
    var fault: [String] = []

    @Option(help: "Decides which requests meet a fault.")
    var seed: UInt64 = 0

    @Option(help: ArgumentHelp("How long a 'timeout' fault keeps the client waiting.", valueName: "duration"))
    var hold = "60s"

    @Option(help: ArgumentHelp("The key that is accepted; it opens nothing else.", valueName: "key"))
    var apiKey = "sk-simulated"

    func validate() throws {
        guard (0...65535).contains(port) else { throw ValidationError("--port must be from 0 to 65535") }
        guard requestsPerMinute ?? 1 > 0 else { throw ValidationError("--requests-per-minute must be at least 1") }
        _ = try options()
    }

    private func options() throws -> SimulatorOptions {
        guard let latency = Duration(text: latency) else {
            throw ValidationError("--latency is no length of time, such as 200ms or 2s")
        }
        guard let hold = Duration(text: hold) else {
            throw ValidationError("--hold is no length of time, such as 30s")
        }
        var options = SimulatorOptions()
        options.port = port
        options.apiKey = apiKey
        options.latency = latency
        options.requestsPerMinute = requestsPerMinute
        options.seed = seed
        options.hold = hold
        do {
            options.faults = try Fault.parse(fault)
        } catch {
            throw ValidationError("--fault: \(error)")
        }
        return options
    }

    func run(_ context: Context) async throws {
        let options = try options()
        do {
            _ = try await withSignals(context, onFirst: {}) {
                try await Simulator(options: options).run { port in
                    context.print("listening on http://127.0.0.1:\(port)/v1")
                    context.note(
                        "key: \(options.apiKey) · what it saw: http://127.0.0.1:\(port)/ledger · stop with Ctrl-C")
                }
            }
        } catch {
            throw CommandFailure(status: .runFailed, message: "cannot serve on port \(port): \(error)")
        }
    }
}
