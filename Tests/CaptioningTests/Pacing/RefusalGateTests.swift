import Testing

@testable import Captioning

/// Whether everything is refused, and single tries until something is accepted.
struct RefusalGateTests {
    /// A gate that has just been closed by six refusals at second 1.
    private func closed(nextMinute: Double = 100) -> RefusalGate {
        var gate = RefusalGate()
        refuse(&gate, startedAt: 0, at: 1, nextMinute: nextMinute)
        for _ in 0..<5 {
            gate.begin()
            refuse(&gate, startedAt: 1, at: 1, nextMinute: nextMinute)
        }
        return gate
    }

    private func refuse(
        _ gate: inout RefusalGate, startedAt: Double, isTry: Bool = false, at now: Double, nextMinute: Double = 1000
    ) {
        gate.refuse(
            startedAt: startedAt, isTry: isTry, at: now, backoff: { Double(1 << ($0 - 1)) }, nextMinute: nextMinute)
    }

    @Test func `requests under way when the first refusal came back do not count as more refusals`() {
        var gate = RefusalGate()
        for _ in 0..<100 { refuse(&gate, startedAt: 0, at: 1) }
        #expect(!gate.isClosed)
        #expect(gate.isSameVolley(startedAt: 0.9))
        #expect(!gate.isSameVolley(startedAt: 1))
    }

    @Test func `refusals of what began later close it, and a single request tries after the backoff`() {
        let gate = closed()
        #expect(gate.isClosed)
        #expect(gate.nextTry == 2)
    }

    @Test func `one request that is accepted in between keeps it open`() {
        var gate = RefusalGate()
        refuse(&gate, startedAt: 0, at: 1)
        for _ in 0..<20 {
            for _ in 0..<4 {
                gate.begin()
                refuse(&gate, startedAt: 1, at: 1)
            }
            _ = gate.accept(startedAt: 1, isTry: false)
        }
        #expect(!gate.isClosed)
    }

    @Test func `each refused try waits longer, but in the first minute no more than five seconds`() {
        var gate = closed()
        var waits: [Double] = []
        var now = 2.0
        while now < 200 {
            refuse(&gate, startedAt: now, isTry: true, at: now)
            waits.append(gate.nextTry - now)
            now = gate.nextTry
        }
        #expect(waits.prefix(4) == [2, 4, 5, 5])
        #expect(waits.last ?? 0 > 60)
    }

    @Test func `an accepted try opens it, any other answer does not`() {
        var gate = closed()
        let late = gate.accept(startedAt: 0, isTry: false)
        #expect(late == nil)
        #expect(gate.isClosed)
        let closedAt = gate.accept(startedAt: 2, isTry: true)
        #expect(closedAt == 1)
        #expect(!gate.isClosed)
    }

    @Test func `what an earlier run found goes on with its waits`() {
        var gate = RefusalGate()
        gate.hold(until: 20, tries: 5, at: 0)
        #expect(gate.isClosed)
        #expect(gate.nextTry == 20)
        refuse(&gate, startedAt: 20, isTry: true, at: 20)
        #expect(gate.nextTry == 20 + 32)
    }

    @Test func `a time that the server names holds everything back until then`() {
        var gate = RefusalGate()
        gate.close(until: 30, at: 1)
        #expect(gate.isClosed)
        #expect(gate.nextTry == 30)
    }
}
