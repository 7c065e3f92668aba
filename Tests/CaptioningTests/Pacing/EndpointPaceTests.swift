import Foundation
import Testing

@testable import Captioning

/// The pace against providers in virtual time.
struct EndpointPaceTests {
    /// Evenly spread latencies from 0.2 to 2 s, the same in every run.
    private func latencies(seed: UInt64 = 1) -> () -> Double {
        var generator = SplitMix64(seed: seed)
        return { Double.random(in: 0.2...2, using: &generator) }
    }

    @Test(arguments: [600, 6000])
    func `a known limit is used to 99 percent after ten seconds, without one refusal`(limit: Int) {
        var model = PaceModel(limits: .init(requestsPerMinute: limit))
        var server = LimitedServer(.sliding(limit, seconds: 60), latency: 1...1, seed: 1)
        let latency = latencies()
        model.run(until: 200) { time, _ in
            // Requests overtake each other on their way.
            server.takes(at: time + latency() * 0.1) ? .accepted(after: latency()) : .refused(retryAfter: nil)
        }
        #expect(model.sum(0, 200) { $0.refused } == 0)
        #expect(Double(model.sum(10, 190) { $0.sent }) >= 0.99 * Double(limit) * 3)
    }

    @Test func `tokens bind first: 97 percent of them are used, without one refusal`() {
        var model = PaceModel(limits: .init(tokensPerMinute: 200_000))
        model.promptTokens = 2500
        model.completionTokens = 100
        var taken: [Double] = []
        let latency = latencies()
        model.run(until: 250) { time, _ in
            taken.removeAll { $0 <= time - 60 }
            guard (taken.count + 1) * 2600 <= 200_000 else { return .refused(retryAfter: nil) }
            taken.append(time)
            return .accepted(after: latency())
        }
        #expect(model.sum(0, 250) { $0.refused } == 0)
        #expect(Double(model.sum(10, 190) { $0.sent } * 2600) >= 0.97 * 200_000 * 3)
    }

    @Test(arguments: [8, 64], [0.5, 2.0])
    func `an unknown number at once is found within a minute`(most: Int, latency: Double) {
        var model = PaceModel(limits: .init())
        model.run(until: 300) { _, atWork in
            atWork < most ? .accepted(after: latency) : .refused(retryAfter: nil)
        }
        let share = Double(model.sum(60, 300) { $0.sent - $0.refused }) / (Double(most) / latency * 240)
        let refused = Double(model.sum(60, 300) { $0.refused }) / Double(model.sum(60, 300) { $0.sent })
        #expect(share >= 0.95, "\(share)")
        #expect(refused <= 0.01, "\(refused)")
    }

    @Test(arguments: [0.0, 0.4])
    func `when everything was refused for two seconds, nine tenths are back within twenty`(spread: Double) {
        var model = PaceModel(limits: .init(concurrency: .init(least: 1, most: 64)))
        var generator = SplitMix64(seed: 1)
        model.run(until: 80) { time, _ in
            (30..<32).contains(time)
                ? .refused(retryAfter: nil)
                : .accepted(after: 1 + Double.random(in: -spread...spread, using: &generator))
        }
        let before = Double(model.sum(20, 30) { $0.accepted })
        let after = Double(model.sum(52, 62) { $0.accepted })
        #expect(after >= before * 0.9, "\(before) \(after)")
    }

    @Test func `a server that works on four at a time is not given many more`() {
        var model = PaceModel(limits: .init())
        var free = [Double](repeating: 0, count: 4)
        model.run(until: 200) { time, _ in
            let worker = free.indices.min { free[$0] < free[$1] } ?? 0
            free[worker] = max(free[worker], time) + 1
            return .accepted(after: free[worker] - time)
        }
        let rate = Double(model.sum(20, 190) { $0.accepted }) / 170
        #expect(rate >= 3.9, "\(rate)")
        #expect(model.seconds[60...].map(\.mostInFlight).max() ?? 99 <= 12)
    }

    @Test func `a wait of 43 milliseconds costs 43 milliseconds`() {
        var model = PaceModel(limits: .init(concurrency: 64))
        var server = LimitedServer(.nothing, latency: 0.6...1.4, seed: 1)
        var isRefused = false
        model.run(until: 60) { time, atWork in
            if time >= 30, !isRefused {
                isRefused = true
                return .refused(retryAfter: 0.043)
            }
            return server.receive(at: time, atWork: atWork)
        }
        #expect(isRefused)
        let before = Double(model.sum(10, 30) { $0.accepted }) / 20
        let after = Double(model.sum(30, 50) { $0.accepted }) / 20
        #expect(after >= before * 0.98, "\(before) \(after)")
    }

    @Test func `a fixed number at once is filled after the first answer`() {
        var model = PaceModel(limits: .init(concurrency: 64))
        model.run(until: 12) { _, _ in .accepted(after: 4) }
        #expect(model.seconds[0...3].map(\.mostInFlight).max() == 3)
        // The first answer is there after 4 s; what follows is spread over a part of the next.
        #expect(model.seconds[4...7].map(\.mostInFlight).max() == 64)
    }
}
