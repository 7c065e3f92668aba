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
            GET /ledger returns what it saw, GET /timeline the same for each second. Times after '@' and of outages \
            count from the first request.

            A --fault is drawn anew whenever a request comes; --poison is drawn once for each different request, so \
            that the same image meets the same fault every time. Both take these kinds: \
            \(Fault.allCases.map(\.rawValue).joined(separator: ", ")).

            caption simulate --port 8080 --latency 200ms..2s
            caption simulate --port 8080 --fault 429=0.1 --fault timeout=0.01 --requests-per-minute 600
            caption simulate --port 8080 --burst 64@20s --retry-after 30s --outage 60s..90s --poison 500=0.01
            caption simulate --port 8080 --requests-per-minute 1200 --window 10s --refuse-share 0.01
            SIMULATED_API_KEY=sk-simulated caption run ./photos --base-url http://127.0.0.1:8080/v1 \\
                --model qwen3-vl-plus --api-key-env SIMULATED_API_KEY
            """)

    @Option(help: "The port on 127.0.0.1; 0 takes a free one.")
    var port = 8080

    @Option(help: ArgumentHelp("The key that is accepted; it opens nothing else.", valueName: "key"))
    var apiKey = "sk-simulated"

    @OptionGroup(title: "Work") var work: WorkOptions
    @OptionGroup(title: "Limits") var limits: LimitOptions
    @OptionGroup(title: "Faults") var faults: FaultOptions

    struct WorkOptions: ParsableArguments {
        @Option(
            help: ArgumentHelp(
                "The time every answer takes, such as 200ms; with '..', such as 200ms..2s, drawn for each request.",
                valueName: "duration"))
        var latency = DurationSpan(shortest: .zero, longest: nil)

        @Option(
            help: ArgumentHelp(
                "Requests worked on at one time, as vLLM and Ollama do; the others wait in line.", valueName: "count"))
        var parallel: Int?
    }

    struct FaultOptions: ParsableArguments {
        @Option(
            help: ArgumentHelp(
                "A fault and how likely it is, such as 500=0.05; may be repeated.", valueName: "kind=probability"))
        var fault: [String] = []

        @Option(
            help: ArgumentHelp(
                "A fault that stays with a request, and for what share of the different ones; may be repeated.",
                valueName: "kind=share"))
        var poison: [String] = []

        @Option(help: "Decides which requests meet a fault, and how long each takes.")
        var seed: UInt64 = 0

        @Option(help: ArgumentHelp("How long a 'timeout' fault keeps the client waiting.", valueName: "duration"))
        var hold = DurationSpan(shortest: .seconds(60), longest: nil)

        @Option(
            help: ArgumentHelp(
                "How long 'trickle' and 'drip' faults wait before each byte.", valueName: "duration"))
        var trickle = DurationSpan(shortest: .milliseconds(500), longest: nil)

        @Option(
            help: ArgumentHelp(
                "Cut every connection meanwhile, such as 20s..50s; may be repeated.", valueName: "from..to"))
        var outage: [DurationSpan] = []

        @Option(help: ArgumentHelp("Cut every connection from then on.", valueName: "time"))
        var diesAt: DurationSpan?

        func validate() throws {
            guard hold.longest == nil else { throw ValidationError("--hold takes one length of time") }
            guard trickle.longest == nil else { throw ValidationError("--trickle takes one length of time") }
            guard diesAt?.longest == nil else { throw ValidationError("--dies-at takes one time") }
            guard outage.allSatisfy({ $0.longest != nil }) else {
                throw ValidationError("--outage takes two times, such as 20s..50s")
            }
            _ = try faults(fault, "fault")
            _ = try faults(poison, "poison")
        }

        func faults(_ texts: [String], _ option: String) throws -> [Fault: Double] {
            do {
                return try Fault.parse(texts)
            } catch {
                throw ValidationError("--\(option): \(error)")
            }
        }
    }

    func validate() throws {
        guard (0...65535).contains(port) else { throw ValidationError("--port must be from 0 to 65535") }
        guard (1...10_000).contains(work.parallel ?? 1) else {
            throw ValidationError("--parallel must be from 1 to 10000")
        }
    }

    /// What the simulator is to do.
    func options() throws -> SimulatorOptions {
        var options = SimulatorOptions()
        options.port = port
        options.apiKey = apiKey
        options.latency = work.latency.shortest
        options.longestLatency = work.latency.longest
        options.parallel = work.parallel
        limits.apply(to: &options)
        options.faults = try faults.faults(faults.fault, "fault")
        options.poison = try faults.faults(faults.poison, "poison")
        options.seed = faults.seed
        options.hold = faults.hold.shortest
        options.trickle = faults.trickle.shortest
        options.outages = faults.outage.map { $0.shortest..<($0.longest ?? $0.shortest) }
        options.diesAt = faults.diesAt?.shortest
        return options
    }

    func run(_ context: Context) async throws {
        let options = try options()
        do {
            _ = try await withSignals(context, onFirst: {}) {
                try await Simulator(options: options).run { port in
                    try? context.print("listening on http://127.0.0.1:\(port)/v1")
                    context.note(
                        "key: \(options.apiKey) · what it saw: http://127.0.0.1:\(port)/ledger · stop with Ctrl-C")
                }
            }
        } catch {
            throw CommandFailure(status: .runFailed, message: "cannot serve on port \(port): \("\(error)")")
        }
    }
}

/// One length of time, or the shortest and the longest of a span, as `200ms` and `200ms..2s`.
struct DurationSpan: ExpressibleByArgument {
    let shortest: Duration
    /// Longer than `shortest`; nil when there is one length only.
    let longest: Duration?

    init(shortest: Duration, longest: Duration?) {
        self.shortest = shortest
        self.longest = longest
    }

    init?(argument: String) {
        guard let dots = argument.firstRange(of: "..") else {
            guard let length = Duration(text: argument) else { return nil }
            self.init(shortest: length, longest: nil)
            return
        }
        guard let shortest = Duration(text: String(argument[..<dots.lowerBound])),
            let longest = Duration(text: String(argument[dots.upperBound...])), shortest < longest
        else { return nil }
        self.init(shortest: shortest, longest: longest)
    }

    var defaultValueDescription: String { shortest.text + (longest.map { "..\($0.text)" } ?? "") }
}
