import Glibc
import Logging
import ServiceLifecycle
import UnixSignals

/// Runs work that the first SIGINT, SIGTERM or SIGHUP asks to end gracefully and the second cancels.
///
/// SIGHUP comes when a terminal or an ssh session is closed; `nohup` has it ignored, and that is left so.
///
/// - Returns: The work's result; nil when it was cancelled before it had one.
func withSignals<Result: Sendable>(
    _ context: Context, onFirst: @escaping @Sendable () -> Void,
    _ work: @escaping @Sendable () async throws -> Result
) async throws -> Result? {
    let box = Locked<Result?>(nil)
    let service = WorkService {
        let result = try await work()
        box.with { $0 = result }
    }
    let services = ServiceGroup(
        configuration: ServiceGroupConfiguration(
            services: [.init(service: service, successTerminationBehavior: .gracefullyShutdownGroup)],
            logger: Logger(label: "caption") { _ in SwiftLogNoOpLogHandler() }))
    guard context.handlesSignals else {
        try await services.run()
        return box.with { $0 }
    }
    let signals = await UnixSignalsSequence(
        trapping: isIgnored(SIGHUP) ? [.sigint, .sigterm] : [.sigint, .sigterm, .sighup])
    try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await services.run() }
        group.addTask {
            var isFirst = true
            for await _ in signals {
                guard isFirst else { return }
                isFirst = false
                onFirst()
                await services.triggerGracefulShutdown()
            }
        }
        // Whichever ends first, the work or the second signal, ends the other.
        try await group.next()
        group.cancelAll()
        do { try await group.waitForAll() } catch is CancellationError {}
    }
    return box.with { $0 }
}

private struct WorkService: Service {
    let work: @Sendable () async throws -> Void

    func run() async throws {
        try await work()
    }
}
