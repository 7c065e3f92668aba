public import Captioning
import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore

public struct SimulatorOptions: Sendable {
    public var port = 0
    public var apiKey = "sk-simulated"
    public var latency = Duration.zero
    public var requestsPerMinute: Int?
    public var faults: [Fault: Double] = [:]
    public var seed: UInt64 = 0
    public var hold = Duration.seconds(60)
    public init() {}
}

public enum Fault: String, CaseIterable, Sendable, Hashable {
    case rateLimited = "429"
    public struct ParseError: Error {}
    public static func parse(_ texts: [String]) throws -> [Fault: Double] { [:] }
}

public struct Simulator: Sendable {
    let options: SimulatorOptions
    public init(options: SimulatorOptions) { self.options = options }
    public func run(onReady: @escaping @Sendable (Int) async -> Void) async throws {
        let router = Router()
        let latency = options.latency
        router.post("/v1/chat/completions") { request, _ -> Response in
            let body = try await request.body.collect(upTo: 64 << 20)
            try await Task.sleep(for: latency)
            let text = "{\"choices\":[{\"message\":{\"content\":\"[simulated] \(body.readableBytes) bytes\",\"role\":\"assistant\"},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":5,\"total_tokens\":15},\"model\":\"sim\",\"id\":\"chatcmpl-1\"}"
            return Response(status: .ok, headers: [.contentType: "application/json"], body: .init(byteBuffer: ByteBuffer(string: text)))
        }
        let app = Application(
            router: router, configuration: .init(address: .hostname("127.0.0.1", port: options.port)),
            onServerRunning: { channel in await onReady(channel.localAddress?.port ?? 0) },
            logger: Logger(label: "sim") { _ in SwiftLogNoOpLogHandler() })
        try await app.run()
    }
}

public struct RunningSimulator: Sendable { public let baseURL: String }

public func withSimulator<R: Sendable>(_ options: SimulatorOptions, _ body: @escaping @Sendable (RunningSimulator) async throws -> R) async throws -> R {
    let (stream, continuation) = AsyncStream<Int>.makeStream()
    return try await withThrowingTaskGroup(of: R?.self) { group in
        group.addTask { try await Simulator(options: options).run { port in continuation.yield(port) }; return nil }
        group.addTask {
            for await port in stream { return try await body(RunningSimulator(baseURL: "http://127.0.0.1:\(port)/v1")) }
            return nil
        }
        defer { group.cancelAll() }
        while let r = try await group.next() { if let r { return r } }
        throw CancellationError()
    }
}
