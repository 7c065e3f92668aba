import Foundation
import Testing

@testable import CaptioningSimulator

struct TimelineTests {
    @Test func `what stays in flight is in flight in every second between`() {
        var state = TimelineState()
        state.enter(at: .seconds(0.2))
        state.enter(at: .seconds(0.9))
        state.leave(at: .seconds(0.95))
        state.leave(at: .seconds(3.5))
        state.advance(to: .seconds(5))
        #expect(state.timeline.largestInFlight == [2, 1, 1, 1, 0, 0])
        #expect(state.timeline.arrived == [0, 0, 0, 0, 0, 0])
    }

    @Test func `each count stands in its second, and all columns are equally long`() {
        var state = TimelineState()
        state.note(\.arrived, at: .zero)
        state.note(\.acceptedTokens, 300, at: .seconds(2))
        state.note(\.acceptedTokens, 200, at: .seconds(2.99))
        state.note(\.throttled, at: .seconds(1))
        #expect(state.timeline.arrived == [1, 0, 0])
        #expect(state.timeline.acceptedTokens == [0, 0, 500])
        #expect(state.timeline.throttled == [0, 1, 0])
        #expect(state.timeline.answered == [0, 0, 0])
        #expect(state.timeline.cut == [0, 0, 0])
    }

    @Test func `a day is kept and no more`() {
        var state = TimelineState()
        state.enter(at: .seconds(86_399))
        state.note(\.arrived, at: .seconds(86_400))
        state.note(\.arrived, at: .seconds(1_000_000))
        #expect(state.timeline.arrived.count == 86_400)
        #expect(state.timeline.arrived.allSatisfy { $0 == 0 })
        #expect(state.timeline.largestInFlight.last == 1)
    }

    @Test func `the timeline is served`() async throws {
        let time = SetTime()
        var options = SimulatorOptions()
        options.requestsPerMinute = 2
        options.instant = time.instant
        try await withSimulator(options) { simulator in
            let empty = try await SimulatorClient.get("/timeline", from: simulator, key: nil)
            #expect(try JSONDecoder().decode(SimulatorTimeline.self, from: empty.body) == SimulatorTimeline())
            for seconds in [100, 102, 102] {
                time.set(.seconds(seconds))
                _ = try await SimulatorClient.post(ChatBody.make(), to: simulator)
            }
            time.set(.seconds(103))
            let reply = try await SimulatorClient.get("/timeline", from: simulator, key: nil)
            let timeline = try JSONDecoder().decode(SimulatorTimeline.self, from: reply.body)
            #expect(timeline == simulator.timeline)
            #expect(timeline.arrived == [1, 0, 2, 0])
            #expect(timeline.accepted == [1, 0, 1, 0])
            #expect(timeline.answered == [1, 0, 1, 0])
            #expect(timeline.throttled == [0, 0, 1, 0])
            #expect(timeline.largestInFlight == [1, 0, 1, 0])
            #expect(timeline.acceptedTokens[0] > 314)
            #expect(simulator.ledger.throttled == 1)
        }
    }
}
