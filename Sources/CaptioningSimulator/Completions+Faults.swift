import Captioning
import Foundation
import Hummingbird
import NIOCore
import NIOHTTP1
import ServiceLifecycle

extension Completions {
    /// Fails a request that the limits let in.
    func fail(with fault: Fault, _ answer: SimulatedAnswer, _ call: Call) async throws -> Response {
        switch fault {
        case .rateLimited: return refuse(.rateLimited, call)
        case .serverError: return refuse(.serverError, call)
        case .unavailable: return refuse(.unavailable, call)
        case .timeout:
            await hold(call, for: options.hold)
            return try await cut(call.channel)
        case .reset:
            return try await cut(call.channel)
        case .hang:
            await withTaskGroup(of: Void.self) { group in
                group.addTask {
                    await hold(call, for: nil)
                    try? await call.channel.close()
                }
                group.addTask { try? await call.channel.closeFuture.get() }
                await group.next()
                group.cancelAll()
            }
            return Response(status: .internalServerError)
        case .truncated:
            books.note { $0.note(status: 200) }
            let whole = answer.body(id: "chatcmpl-\(call.id)", created: created)
            let half = ByteBuffer(bytes: whole.prefix(whole.count / 2))
            return Response(
                status: .ok, headers: Simulator.fields(call.headers),
                body: ResponseBody(contentLength: whole.count) { writer in
                    try await writer.write(half)
                    try await call.channel.close()
                })
        case .trickle:
            books.note { $0.note(status: 200) }
            let whole = answer.body(id: "chatcmpl-\(call.id)", created: created)
            return Response(status: .ok, headers: Simulator.fields(call.headers), body: trickle(whole, call))
        case .html:
            books.note { $0.note(status: 502) }
            let page = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
            return Simulator.reply(502, Data(page.utf8), type: "text/html", headers: call.headers)
        case .garbage:
            books.note { $0.note(status: 200) }
            return Simulator.reply(200, Data("{\"choices\":[{\"mess\u{0}".utf8), headers: call.headers)
        case .empty:
            books.note { $0.note(status: 200) }
            let empty = JSONValue.object(["id": .string("chatcmpl-\(call.id)"), "choices": .array([])])
            return Simulator.reply(200, empty.canonicalData, headers: call.headers)
        case .slow:
            guard try await work(for: latency(of: call) * 10 + .milliseconds(200), on: call) else {
                return try await cutByOutage(call)
            }
            return reply(with: answer, call)
        case .drip:
            noteAnswer(answer, call)
            let whole = answer.body(id: "chatcmpl-\(call.id)", created: created)
            return Response(status: .ok, headers: Simulator.fields(call.headers), body: drip(whole))
        case .usage, .zeroStatus, .interim, .headers, .twice, .controls, .controlsError, .echo, .echoError:
            let reply = HostileReply(to: call, fault: fault, answer: answer, key: options.apiKey, created: created)
            if reply.isAnswer { noteAnswer(answer, call) } else { books.note { $0.note(status: reply.status) } }
            try await send(reply.bytes, past: call.channel)
            return try await cut(call.channel)
        case .filter:
            return reply(with: answer.filtered, call, isWhole: false)
        case .partial:
            return reply(
                with: answer.half, call, isWhole: false, headers: [("x-dashscope-partialresponse", "true")])
        }
    }

    /// Keeps the client waiting until an outage begins, the server stops, or a time is over; nil means for ever.
    private func hold(_ call: Call, for length: Duration?) async {
        let outage = downtime.nextStart(after: call.arrival.time).map { $0 - call.arrival.time }
        let end = [length, outage].compactMap(\.self).min() ?? .seconds(1_000_000_000)
        try? await cancelWhenGracefulShutdown { try await Task.sleep(for: end) }
    }

    /// Sends bytes past the server's own encoder, which would not send them.
    private func send(_ bytes: Data, past channel: any Channel) async throws {
        try await channel.eventLoop.flatSubmit {
            do {
                let encoder = try channel.pipeline.syncOperations.context(handlerType: HTTPResponseEncoder.self)
                let promise = channel.eventLoop.makePromise(of: Void.self)
                encoder.writeAndFlush(NIOAny(ByteBuffer(bytes: bytes)), promise: promise)
                return promise.futureResult
            } catch {
                return channel.eventLoop.makeFailedFuture(error)
            }
        }.get()
    }

    private func drip(_ whole: Data) -> ResponseBody {
        ResponseBody(contentLength: whole.count) { writer in
            books.enter()
            defer { books.leave() }
            for byte in whole {
                try await cancelWhenGracefulShutdown { try await Task.sleep(for: options.trickle) }
                try await writer.write(ByteBuffer(bytes: [byte]))
            }
            try await writer.finish(nil)
        }
    }

    /// A body without end, until the client or the server goes away or an outage begins.
    private func trickle(_ whole: Data, _ call: Call) -> ResponseBody {
        let outage = downtime.nextStart(after: call.arrival.time)
        return ResponseBody { writer in
            books.enter()
            defer { books.leave() }
            try await writer.write(ByteBuffer(bytes: whole.prefix(20)))
            var rest = whole.dropFirst(20)
            while true {
                try await cancelWhenGracefulShutdown { try await Task.sleep(for: options.trickle) }
                if let outage, let time = books.time, time >= outage { return try await call.channel.close() }
                try await writer.write(ByteBuffer(bytes: [rest.popFirst() ?? UInt8(ascii: " ")]))
            }
        }
    }
}
