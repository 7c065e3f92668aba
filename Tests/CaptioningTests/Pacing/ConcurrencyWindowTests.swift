import Testing

@testable import Captioning

/// How many requests go at once, by rounds of answers.
struct ConcurrencyWindowTests {
    /// Answers so many rounds of a full window, each of which takes a latency, and returns the time after that.
    @discardableResult
    private func answer(
        _ window: inout ConcurrencyWindow, rounds: Int, latency: Double = 1, from start: Double = 0,
        perSecond: Double = .infinity
    ) -> Double {
        var now = start
        for _ in 0..<rounds {
            let size = window.size
            // Past what a server does per second, requests queue.
            let seconds = max(latency, Double(size) / perSecond)
            for index in 0..<size {
                window.didFill()
                window.didAnswer(
                    generation: window.generation, inFlight: size, latency: seconds,
                    at: now + seconds * Double(index + 1) / Double(size))
            }
            now += seconds
        }
        return now
    }

    @Test func `it begins with three and grows by every full round`() {
        var window = ConcurrencyWindow(Job.Concurrency())
        #expect(window.size == 3)
        answer(&window, rounds: 1)
        #expect(window.size == 9)
        answer(&window, rounds: 2)
        #expect(window.size == 81)
    }

    @Test func `a fixed number is full after the first answer`() {
        var window = ConcurrencyWindow(64)
        #expect(window.size == 3)
        window.didAnswer(generation: 0, inFlight: 1, latency: 1, at: 1)
        #expect(window.size == 64)
    }

    @Test func `a refusal leads back to what is at work`() {
        var window = ConcurrencyWindow(Job.Concurrency())
        let now = answer(&window, rounds: 3)
        #expect(window.size > 20)
        window.stepBack(generation: window.generation, inFlight: 16, isVolley: false, at: now)
        #expect(window.size == 16)
    }

    @Test func `refusals of one volley step back together, and those from before the step not at all`() {
        var window = ConcurrencyWindow(64)
        window.didAnswer(generation: 0, inFlight: 1, latency: 1, at: 1)
        window.stepBack(generation: 0, inFlight: 40, isVolley: false, at: 2)
        window.stepBack(generation: 0, inFlight: 16, isVolley: true, at: 2)
        #expect(window.size == 16)
        window.stepBack(generation: 0, inFlight: 4, isVolley: false, at: 2)
        #expect(window.size == 16)
    }

    @Test func `a size that was refused is tried again, ever more rarely`() {
        var window = ConcurrencyWindow(Job.Concurrency())
        var now = answer(&window, rounds: 3)
        window.stepBack(generation: window.generation, inFlight: 16, isVolley: false, at: now)
        var tries: [Double] = []
        while tries.count < 6, now < 1000 {
            now = answer(&window, rounds: 1, from: now)
            guard window.size > 16 else { continue }
            tries.append(now)
            window.stepBack(generation: window.generation, inFlight: 16, isVolley: false, at: now)
        }
        let gaps = zip(tries.dropFirst(), tries).map { $0 - $1 }
        #expect(gaps.count == 5)
        #expect(gaps == gaps.sorted())
        #expect(gaps.last ?? 0 >= 16)
    }

    @Test func `a size that was refused and is accepted again and again was no limit`() {
        var window = ConcurrencyWindow(Job.Concurrency())
        let now = answer(&window, rounds: 3)
        window.stepBack(generation: window.generation, inFlight: 16, isVolley: false, at: now)
        answer(&window, rounds: 12, from: now)
        #expect(window.size > 60)
    }

    @Test func `where more at once brings nothing, no more go than are worked on`() {
        var window = ConcurrencyWindow(Job.Concurrency())
        answer(&window, rounds: 60, perSecond: 8)
        #expect((8...16).contains(window.size), "\(window.size)")
    }

    @Test func `after the endpoint was away it begins small again`() {
        var window = ConcurrencyWindow(Job.Concurrency())
        let now = answer(&window, rounds: 4)
        window.restart(at: now)
        #expect(window.size == 3)
    }
}
