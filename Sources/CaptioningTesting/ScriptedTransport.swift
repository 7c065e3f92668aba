public import Captioning
public import Foundation
import Synchronization

/// A transport that answers as a test says, and remembers what was sent.
public final class ScriptedTransport: Transport {
    /// Answers the n-th request, from 1.
    public typealias Script = @Sendable (_ number: Int, _ body: Data) async throws(TransportError) -> HTTPReply

    private let script: Script
    private let sent = Mutex<[Data]>([])
    private let flight = Mutex((now: 0, most: 0))

    /// A transport that follows a script.
    public init(_ script: @escaping Script) {
        self.script = script
    }

    /// The bodies sent so far, in order.
    public var bodies: [Data] { sent.withLock { $0 } }

    /// The most requests that were at work at one time.
    public var mostInFlight: Int { flight.withLock { $0.most } }

    /// Remembers the body and answers by the script.
    public func send(
        _ body: RequestBody, onUploaded: @escaping @Sendable () -> Void
    ) async throws(TransportError) -> HTTPReply {
        let data = body.wireBytes
        onUploaded()
        let number = sent.withLock { sent in
            sent.append(data)
            return sent.count
        }
        flight.withLock { flight in
            flight.now += 1
            flight.most = max(flight.most, flight.now)
        }
        defer { flight.withLock { $0.now -= 1 } }
        return try await script(number, data)
    }

    /// A good answer.
    public static func answer(_ caption: String = "a caption", finishReason: String = "stop") -> HTTPReply {
        let json = JSONValue.object([
            "choices": .array([
                .object([
                    "message": .object(["content": .string(caption)]), "finish_reason": .string(finishReason),
                ])
            ]),
            "usage": .object(["prompt_tokens": .int(10), "completion_tokens": .int(4), "total_tokens": .int(14)]),
        ])
        return HTTPReply(status: 200, body: json.canonicalData)
    }

    /// A refusal in the common shape.
    public static func refusal(
        _ status: Int, code: String, message: String = "no", headers: [(name: String, value: String)] = []
    ) -> HTTPReply {
        let json = JSONValue.object([
            "error": .object(["code": .string(code), "message": .string(message), "type": .string(code)])
        ])
        return HTTPReply(status: status, headers: headers, body: json.canonicalData)
    }
}

extension RequestBody {
    /// Everything that goes over the wire.
    public var wireBytes: Data {
        var data = Data(count: contentLength)
        data.withUnsafeMutableBytes { buffer in
            var offset = 0
            for chunk in makeChunks() {
                chunk.write(to: UnsafeMutableRawBufferPointer(rebasing: buffer[offset...]))
                offset += chunk.count
            }
        }
        return data
    }
}
