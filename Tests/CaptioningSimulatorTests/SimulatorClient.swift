import Foundation
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import Captioning
@testable import CaptioningSimulator

/// What came over the wire, down to a reply that is none.
struct WireReply {
    /// Every byte until the connection closed.
    let bytes: Data

    private var head: [String] {
        guard let end = bytes.range(of: Data("\r\n\r\n".utf8)) else { return [] }
        return String(decoding: bytes[..<end.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
    }

    /// nil when no reply came.
    var status: Int? {
        head.first.flatMap { $0.split(separator: " ").dropFirst().first }.flatMap { Int($0) }
    }

    var body: Data {
        bytes.range(of: Data("\r\n\r\n".utf8)).map { Data(bytes[$0.upperBound...]) } ?? Data()
    }

    func header(_ name: String) -> String? {
        let line = head.dropFirst().first { $0.lowercased().hasPrefix(name.lowercased() + ":") }
        return line.map { $0.dropFirst(name.count + 1).trimmingCharacters(in: .whitespaces) }
    }

    func json() throws -> JSONValue { try JSONValue(parsing: body) }
}

/// Calls on a running simulator, one connection each.
enum SimulatorClient {
    /// Posts a body and reads until the connection closes, or until so many bytes came.
    static func post(
        _ body: Data, to simulator: RunningSimulator, key: String? = "sk-simulated", type: String = "application/json",
        reading most: Int = .max
    ) async throws -> WireReply {
        try await call("POST", "/v1/chat/completions", simulator, key: key, type: type, body, reading: most)
    }

    static func get(
        _ path: String, from simulator: RunningSimulator, key: String? = "sk-simulated"
    ) async throws -> WireReply {
        try await call("GET", path, simulator, key: key, type: nil, Data())
    }

    private static func call(
        _ method: String, _ path: String, _ simulator: RunningSimulator, key: String?, type: String?, _ body: Data,
        reading most: Int = .max
    ) async throws -> WireReply {
        var lines = ["\(method) \(path) HTTP/1.1", "Host: 127.0.0.1", "Connection: close"]
        lines.append("Content-Length: \(body.count)")
        if let key { lines.append("Authorization: Bearer \(key)") }
        if let type { lines.append("Content-Type: \(type)") }
        let request = Data((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8) + body
        let port = try #require(URL(string: simulator.baseURL)?.port)
        let channel = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            try await outbound.write(ByteBuffer(bytes: request))
            var bytes = Data()
            for try await buffer in inbound {
                bytes.append(contentsOf: buffer.readableBytesView)
                if bytes.count >= most { break }
            }
            return WireReply(bytes: bytes)
        }
    }
}

/// A time that stands still until a test sets it.
final class SetTime: Sendable {
    private let start = ContinuousClock.now
    private let elapsed = Mutex(Duration.zero)

    /// For `SimulatorOptions.instant`.
    var instant: @Sendable () -> ContinuousClock.Instant {
        { self.start + self.elapsed.withLock(\.self) }
    }

    func set(_ time: Duration) {
        elapsed.withLock { $0 = time }
    }

    func advance(by length: Duration) {
        elapsed.withLock { $0 += length }
    }
}

/// Requests that the tests share.
enum ChatBody {
    static let text = JSONValue.object(["type": .string("text"), "text": .string("Describe this.")])

    static func png(_ width: Int, _ height: Int) -> Data {
        func big(_ value: Int) -> Data { Data((0..<4).reversed().map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }) }
        func chunk(_ type: String, _ content: Data) -> Data { big(content.count) + Data(type.utf8) + content + big(0) }
        return Data([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A])
            + chunk("IHDR", big(width) + big(height) + Data([8, 2, 0, 0, 0]))
            + chunk("IDAT", Data([0x78, 0x9C])) + chunk("IEND", Data())
    }

    static func url(_ bytes: Data, type: String = "image/png") -> String {
        "data:\(type);base64,\(bytes.base64EncodedString())"
    }

    static func image(_ url: String) -> JSONValue {
        .object(["type": .string("image_url"), "image_url": .object(["url": .string(url)])])
    }

    static func image(_ width: Int = 640, _ height: Int = 480) -> JSONValue { image(url(png(width, height))) }

    /// A good request, with members changed; `nil` takes one away.
    static func make(
        _ parts: [JSONValue] = [text, image()], model: String = "qwen3-vl-plus",
        with changes: [String: JSONValue?] = [:]
    ) -> Data {
        var members: [String: JSONValue] = [
            "model": .string(model),
            "messages": .array([.object(["role": .string("user"), "content": .array(parts)])]),
        ]
        for (name, value) in changes { members[name] = value }
        return JSONValue.object(members).canonicalData
    }
}
