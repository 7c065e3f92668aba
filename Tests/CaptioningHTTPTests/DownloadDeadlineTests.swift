import Testing

@testable import CaptioningHTTP

struct DownloadDeadlineTests {
    @Test func `a pause takes none of the time`() async {
        let deadline = DownloadDeadline(.seconds(100))
        let began = ContinuousClock.now
        await deadline.paused {
            while ContinuousClock.now - began < .milliseconds(20) {}
        }
        #expect(deadline.rest > .seconds(100) - (ContinuousClock.now - began) + .milliseconds(19))
    }

    @Test func `no time is left after the end`() {
        #expect(DownloadDeadline(.seconds(-1)).rest == .zero)
    }
}
