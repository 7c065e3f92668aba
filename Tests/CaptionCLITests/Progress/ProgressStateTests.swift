import Testing

@testable import CaptionCLI

struct ProgressStateTests {
    private func started(_ count: Int, total: Int = 1000, before: Int = 0) -> ProgressState {
        var state = ProgressState(total: total, before: before)
        for _ in 0..<count { state.noteStarted() }
        return state
    }

    @Test func `every way an attempt ends leaves the window`() {
        var state = started(5, before: 10)
        state.noteCompleted(at: .seconds(1), promptTokens: 100, completionTokens: 20, isReused: false)
        state.noteFailed(at: .seconds(1), wasSent: true)
        state.noteRetry()
        state.noteInterrupted()
        #expect(state.inFlight == 1)
        #expect(state.settled == 12)
        #expect(state.failed == 1)
        #expect(state.retries == 1)
    }

    @Test func `a reused caption costs no tokens`() {
        var state = started(2)
        state.noteCompleted(at: .seconds(1), promptTokens: 100, completionTokens: 20, isReused: false)
        state.noteCompleted(at: .seconds(1), promptTokens: 100, completionTokens: 20, isReused: true)
        #expect(state.promptTokens == 100)
        #expect(state.completionTokens == 20)
        #expect(state.reused == 1)
        #expect(state.completed == 2)
    }

    @Test func `tokens add up to the largest number and no further`() {
        var state = started(2)
        state.noteCompleted(at: .seconds(1), promptTokens: .max, completionTokens: 20, isReused: false)
        state.noteCompleted(at: .seconds(1), promptTokens: .max, completionTokens: 20, isReused: false)
        #expect(state.promptTokens == .max)
        #expect(state.tokens == .max)
    }

    @Test func `a request that starts ends the wait`() {
        var state = started(0)
        state.noteWaiting("rate limited", until: .seconds(12))
        #expect(state.waiting?.reason == "rate limited")
        #expect(state.waiting?.until == .seconds(12))
        state.noteStarted()
        #expect(state.waiting == nil)
    }

    @Test func `there is no rate and no ETA before two items`() {
        var state = started(2)
        #expect(state.rate(at: .seconds(1)) == nil)
        state.noteFailed(at: .seconds(1), wasSent: true)
        #expect(state.rate(at: .seconds(2)) == nil)
        #expect(state.remaining(at: .seconds(2)) == nil)
    }

    @Test func `the rate is of late and the ETA follows it`() throws {
        var state = started(1000, total: 101)
        for second in 1...41 { state.noteFailed(at: .seconds(second), wasSent: true) }
        #expect(state.rate(at: .seconds(41)) == 1)
        #expect(state.remaining(at: .seconds(41)) == .seconds(60))
        for tenth in 1...60 { state.noteFailed(at: .seconds(41) + .milliseconds(100 * tenth), wasSent: true) }
        let rate = try #require(state.rate(at: .seconds(47)))
        #expect(rate > 2)
        #expect(state.remaining(at: .seconds(47)) == .zero)
    }

    @Test func `the rate falls while nothing finishes`() throws {
        var state = started(20)
        for second in 1...10 { state.noteFailed(at: .seconds(second), wasSent: true) }
        let busy = try #require(state.rate(at: .seconds(10)))
        let stalled = try #require(state.rate(at: .seconds(25)))
        #expect(stalled < busy / 2)
    }

    @Test func `a model that takes a minute for an image has a rate and an ETA too`() throws {
        var state = started(3, total: 10)
        for minute in 1...3 { state.noteFailed(at: .seconds(60 * minute), wasSent: true) }
        let rate = try #require(state.rate(at: .seconds(180)))
        #expect(abs(rate - 1.0 / 60) < 0.001)
        let remaining = try #require(state.remaining(at: .seconds(180)))
        #expect(abs(remaining / .seconds(1) - 420) < 1)
    }

    @Test func `a burst in one instant gives a finite rate`() throws {
        var state = started(300)
        for _ in 0..<300 { state.noteFailed(at: .seconds(1), wasSent: true) }
        #expect(try #require(state.rate(at: .seconds(1))).isFinite)
    }
}
