import Foundation
import Testing

@testable import Captioning
@testable import CaptioningSimulator

/// Strict, dying and hanging servers, as a client meets them.
struct HostileServerTests {
    private func statuses(
        _ seconds: [Int], _ simulator: RunningSimulator, _ time: SetTime
    ) async throws -> [Int?] {
        var statuses: [Int?] = []
        for seconds in seconds {
            time.set(.seconds(seconds))
            statuses.append(try await SimulatorClient.post(ChatBody.make(), to: simulator).status)
        }
        return statuses
    }

    /// Waits until nothing is in flight; every look lets a second pass.
    private func waitUntilIdle(_ simulator: RunningSimulator, _ time: SetTime) async throws {
        repeat {
            try await Task.sleep(for: .milliseconds(2))
            time.advance(by: .seconds(1))
        } while simulator.timeline.largestInFlight.last != 0
    }

    @Test func `too many tokens are refused in DashScope's words, with retry-after`() async throws {
        let time = SetTime()
        var options = SimulatorOptions()
        options.tokensPerMinute = 500
        options.retryAfter = .milliseconds(1500)
        options.instant = time.instant
        try await withSimulator(options) { simulator in
            let statuses = try await statuses([0, 60, 61, 120], simulator, time)
            #expect(statuses == [200, 200, 429, 200])
            let reply = try await SimulatorClient.post(ChatBody.make(), to: simulator)
            let error = try reply.json()["error"]
            #expect(error?["code"]?.string == "insufficient_quota")
            #expect(
                error?["message"]?.string
                    == "You exceeded your current quota, please check your plan and billing details.")
            #expect(reply.header("retry-after") == "2")
            #expect(reply.header("x-ratelimit-limit-tokens") == nil)
            #expect(simulator.ledger.throttled == 2)
            #expect(simulator.ledger.promptTokens == 3 * 314)
        }
    }

    @Test func `a 429 fault carries retry-after too, and a good answer does not`() async throws {
        var options = SimulatorOptions()
        options.retryAfter = .seconds(30)
        options.bursts = [.init(count: 1, start: .zero)]
        try await withSimulator(options) { simulator in
            let refused = try await SimulatorClient.post(ChatBody.make(), to: simulator)
            #expect(refused.status == 429)
            #expect(refused.header("retry-after") == "30")
            let good = try await SimulatorClient.post(ChatBody.make(), to: simulator)
            #expect(good.status == 200)
            #expect(good.header("retry-after") == nil)
        }
        options.bursts = []
        options.faults = [.rateLimited: 1]
        try await withSimulator(options) { simulator in
            let reply = try await SimulatorClient.post(ChatBody.make(), to: simulator)
            #expect(reply.header("retry-after") == "30")
        }
    }

    @Test func `replies tell what is left of the windows`() async throws {
        let time = SetTime()
        var options = SimulatorOptions()
        options.requestsPerMinute = 1
        options.sendsRateLimitHeaders = true
        options.instant = time.instant
        try await withSimulator(options) { simulator in
            for status in [200, 429] {
                let reply = try await SimulatorClient.post(ChatBody.make(), to: simulator)
                #expect(reply.status == status)
                #expect(reply.header("x-ratelimit-limit-requests") == "1")
                #expect(reply.header("x-ratelimit-remaining-requests") == "0")
                #expect(reply.header("x-ratelimit-reset-requests") == "1m0s")
            }
        }
    }

    @Test func `an outage cuts every connection, then the server is back, until it dies`() async throws {
        let time = SetTime()
        var options = SimulatorOptions()
        options.outages = [.seconds(20)..<(.seconds(50))]
        options.diesAt = .seconds(90)
        options.instant = time.instant
        try await withSimulator(options) { simulator in
            let statuses = try await statuses([500, 519, 520, 549, 550, 590, 900], simulator, time)
            #expect(statuses == [200, 200, nil, nil, 200, nil, nil])
            let models = try await SimulatorClient.get("/v1/models", from: simulator)
            #expect(models.bytes.isEmpty)
            let ledger = try await SimulatorClient.get("/ledger", from: simulator)
            #expect(ledger.status == 200)
            #expect(simulator.timeline.cut.reduce(0, +) == 4)
            #expect(simulator.ledger.statuses == ["200": 3])
            #expect(simulator.ledger.requests == 7)
        }
    }

    @Test(arguments: [nil, .slow, .hang, .timeout, .trickle] as [Fault?])
    func `an outage cuts what is at work`(fault: Fault?) async throws {
        var options = SimulatorOptions()
        options.latency = .seconds(600)
        options.hold = .seconds(600)
        options.trickle = .milliseconds(5)
        options.diesAt = .milliseconds(60)
        if let fault { options.faults = [fault: 1] }
        let start = ContinuousClock.now
        try await withSimulator(options) { simulator in
            let reply = try await SimulatorClient.post(ChatBody.make(), to: simulator)
            #expect(reply.bytes.isEmpty == (fault != .trickle))
            #expect(simulator.ledger.accepted == 0)
        }
        #expect(start.duration(to: .now) < .seconds(300))
    }

    @Test func `a hanging request is at work until its client goes`() async throws {
        let time = SetTime()
        var options = SimulatorOptions()
        options.faults = [.hang: 1]
        options.maxInFlight = 1
        options.instant = time.instant
        try await withSimulator(options) { simulator in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { _ = try? await SimulatorClient.post(ChatBody.make(), to: simulator) }
                while simulator.ledger.faults.isEmpty { try await Task.sleep(for: .milliseconds(2)) }
                let second = try await SimulatorClient.post(ChatBody.make(), to: simulator)
                #expect(second.status == 429)
                #expect(try second.json()["error"]?["code"]?.string == "limit_requests")
                group.cancelAll()
            }
            try await waitUntilIdle(simulator, time)
            #expect(simulator.ledger.faults == ["hang": 1])
            #expect(simulator.ledger.statuses == ["429": 1])
        }
    }

    private func reply(_ fault: Fault) async throws -> (reply: WireReply, ledger: SimulatorLedger) {
        var options = SimulatorOptions()
        options.faults = [fault: 1]
        options.trickle = .microseconds(50)
        return try await withSimulator(options) { simulator in
            let reply = try await SimulatorClient.post(ChatBody.make(), to: simulator)
            return (reply, simulator.ledger)
        }
    }

    @Test(arguments: [Fault.usage, .twice, .controls, .echo, .drip])
    func `a hostile answer is whole, and counts as one`(fault: Fault) async throws {
        let (reply, ledger) = try await reply(fault)
        #expect(reply.status == 200)
        #expect(ledger.accepted == 1)
        #expect(ledger.faults == [fault.rawValue: 1])
        let text = String(decoding: reply.bytes, as: UTF8.self)
        switch fault {
        case .usage:
            #expect(try reply.json()["choices"] != nil)
            #expect(
                text.contains("9223372036854775807") || text.contains("NaN") || text.contains("e300")
                    || text.contains("-5"))
        case .twice: #expect(text.components(separatedBy: "HTTP/1.1 200").count == 3)
        case .controls:
            let message = try #require(try reply.json()["choices"]?.first?["message"]?["content"]?.string)
            #expect(message.hasSuffix(HostileReply.controls))
            #expect(reply.header("x-request-id")?.contains("\u{9B}") == true)
        case .echo:
            #expect(reply.header("x-request-id") == "sk-simulated")
            #expect(text.contains("sk-simulated") && text.contains("\\u0073\\u006b"))
            #expect(try reply.json()["choices"] != nil)
        default:
            let answer = try JSONValue(parsing: Data(reply.body))
            #expect(answer["usage"] != nil)
        }
    }

    @Test(arguments: [Fault.zeroStatus, .interim, .headers, .controlsError, .echoError])
    func `a hostile refusal is no answer`(fault: Fault) async throws {
        let (reply, ledger) = try await reply(fault)
        #expect(ledger.accepted == 0)
        let text = String(decoding: reply.bytes.prefix(4_000), as: UTF8.self)
        switch fault {
        case .zeroStatus: #expect(text.hasPrefix("HTTP/1.1 000 "))
        case .interim: #expect(text.components(separatedBy: "HTTP/1.1 100 Continue\r\n\r\n").count > 100)
        case .headers: #expect(reply.bytes.count > 5_000_000 && reply.body.isEmpty)
        case .controlsError: #expect(try reply.json()["error"]?["message"]?.string?.contains("\u{1B}]52;") == true)
        default: #expect(try reply.json()["error"]?["code"]?.string == "sk-simulated")
        }
    }

    @Test func `a trickling reply goes on beyond its end until its client goes`() async throws {
        let time = SetTime()
        var options = SimulatorOptions()
        options.faults = [.trickle: 1]
        options.trickle = .microseconds(200)
        options.instant = time.instant
        try await withSimulator(options) { simulator in
            let reply = try await SimulatorClient.post(ChatBody.make(), to: simulator, reading: 6_000)
            #expect(reply.status == 200)
            #expect(reply.header("Transfer-Encoding") == "chunked")
            #expect(reply.body.starts(with: Data("14\r\n{\"choices\":[{\"finis".utf8)))
            #expect(reply.body.suffix(7).contains(UInt8(ascii: " ")))
            try await waitUntilIdle(simulator, time)
            #expect(simulator.ledger.accepted == 0)
            #expect(simulator.ledger.faults == ["trickle": 1])
        }
    }

    @Test func `it stops at once while requests wait and replies hang and trickle`() async throws {
        for fault in [Fault.timeout, .hang, .trickle] {
            var options = SimulatorOptions()
            options.faults = [fault: 1]
            options.hold = .seconds(600)
            options.trickle = .seconds(600)
            let start = ContinuousClock.now
            try await withSimulator(options) { simulator in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { _ = try? await SimulatorClient.post(ChatBody.make(), to: simulator) }
                    while simulator.ledger.faults.isEmpty { try await Task.sleep(for: .milliseconds(2)) }
                    group.cancelAll()
                }
            }
            #expect(start.duration(to: .now) < .seconds(300))
        }
    }

    @Test func `a poisoned image meets its fault every time, the others never`() async throws {
        var options = SimulatorOptions()
        options.poison = [.serverError: 0.5]
        try await withSimulator(options) { simulator in
            var counts: [Int] = []
            for width in 20..<40 {
                let body = ChatBody.make([ChatBody.text, ChatBody.image(width, 64)])
                var statuses: [Int?] = []
                for _ in 0..<3 { statuses.append(try await SimulatorClient.post(body, to: simulator).status) }
                #expect(Set(statuses).count == 1)
                counts.append(statuses[0] ?? 0)
            }
            #expect(Set(counts) == [200, 500])
            #expect(simulator.ledger.faults == ["500": counts.count { $0 == 500 } * 3])
        }
    }

    @Test func `a server with one place answers one after another`() async throws {
        var options = SimulatorOptions()
        options.parallel = 1
        options.latency = .milliseconds(30)
        let start = ContinuousClock.now
        try await withSimulator(options) { simulator in
            try await withThrowingTaskGroup(of: Int?.self) { group in
                for _ in 0..<5 {
                    group.addTask { try await SimulatorClient.post(ChatBody.make(), to: simulator).status }
                }
                for try await status in group { #expect(status == 200) }
            }
        }
        #expect(start.duration(to: .now) >= .milliseconds(150))
    }
}

extension JSONValue {
    /// The first element of an array.
    fileprivate var first: JSONValue? {
        if case .array(let elements) = self { elements.first } else { nil }
    }
}
