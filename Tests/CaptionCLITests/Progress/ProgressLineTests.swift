import Testing

@testable import CaptionCLI

struct ProgressLineTests {
    /// 120 of 1000 after 30 s, at 4 images a second, 3 failed, 8 in flight.
    private func busy() -> ProgressState {
        var state = ProgressState(total: 1000, before: 1)
        for _ in 0..<129 { state.noteStarted() }
        for _ in 0..<3 { state.noteFailed(at: .milliseconds(250), wasSent: true) }
        for number in 2...117 {
            state.noteCompleted(
                at: .milliseconds(250 * number), promptTokens: 1000, completionTokens: 60, isReused: false)
        }
        for _ in 0..<2 { state.noteRetry() }
        return state
    }

    @Test func `a log line says everything in words`() {
        let line = ProgressLine(state: busy(), time: .milliseconds(29_250)).plain
        #expect(
            line == "captioned 120 of 1000, 3 failed, 4.1 images/s, ETA 3m37s, 8 in flight, 2 retries, 123.0k tokens")
    }

    @Test func `a line at the start has no invented numbers`() {
        let line = ProgressLine(state: ProgressState(total: 7, before: 0), time: .zero).plain
        #expect(line == "captioned 0 of 7, 0 in flight")
    }

    @Test func `a drawn line is never longer than the window`() {
        var waiting = busy()
        waiting.noteWaiting("endpoint not available", until: .seconds(90_000))
        let lines = [
            ProgressLine(state: busy(), time: .milliseconds(29_250)), ProgressLine(state: busy(), time: .seconds(3600)),
            ProgressLine(state: waiting, time: .milliseconds(29_250)),
        ]
        for line in lines {
            for width in 1...200 {
                let drawn = line.drawn(width: width, usesColor: false)
                #expect(drawn.count <= width, "\(width)")
            }
        }
    }

    @Test func `colour adds only escape sequences`() {
        let line = ProgressLine(state: busy(), time: .milliseconds(29_250))
        let plain = line.drawn(width: 100, usesColor: false)
        let colored = line.drawn(width: 100, usesColor: true)
        #expect(!plain.contains("\u{1B}"))
        #expect(colored != plain)
        let stripped = colored.replacing("\u{1B}[32m", with: "").replacing("\u{1B}[0m", with: "")
        #expect(stripped == plain)
    }

    @Test func `a narrow window keeps the count and drops the rest from the right`() {
        let line = ProgressLine(state: busy(), time: .milliseconds(29_250))
        #expect(line.drawn(width: 20, usesColor: false) == "120/1000  3 failed")
        #expect(line.drawn(width: 9, usesColor: false) == "120/1000")
        let wide = line.drawn(width: 60, usesColor: false)
        #expect(wide.contains("120/1000  3 failed  4.1 images/s  ETA 3m37s"))
        #expect(!wide.contains("tokens"))
    }

    @Test func `a wait says why and how long, first of all`() {
        var state = busy()
        state.noteWaiting("rate limited", until: .seconds(42))
        let line = ProgressLine(state: state, time: .seconds(30)).plain
        #expect(line.hasPrefix("captioned 120 of 1000, rate limited, 12s, 3 failed"))
        #expect(!ProgressLine(state: state, time: .seconds(42)).plain.contains("rate limited"))
    }

    @Test func `a drain says what it waits for, and only that`() {
        var state = busy()
        state.noteWaiting("rate limited", until: .seconds(42))
        state.noteDraining()
        let line = ProgressLine(state: state, time: .seconds(30)).plain
        #expect(line.contains("stopping, 8 in flight"))
        #expect(line.components(of: "in flight") == 1)
        #expect(!line.contains("rate limited"))
    }

    @Test func `the bar goes from empty to full in eighths`() throws {
        func bar(_ settled: Int, of total: Int) throws -> String {
            let state = ProgressState(total: total, before: settled)
            let line = ProgressLine(state: state, time: .zero).drawn(width: 120, usesColor: false)
            let start = try #require(line.firstIndex(of: "▕"))
            let end = try #require(line.lastIndex(of: "▏"))
            return String(line[line.index(after: start)..<end])
        }
        #expect(try bar(0, of: 240) == String(repeating: " ", count: 30))
        #expect(try bar(1, of: 240) == "▏" + String(repeating: " ", count: 29))
        #expect(try bar(7, of: 240) == "▉" + String(repeating: " ", count: 29))
        #expect(try bar(239, of: 240) == String(repeating: "█", count: 29) + "▉")
        #expect(try bar(240, of: 240) == String(repeating: "█", count: 30))
        #expect(try bar(0, of: 0) == String(repeating: "█", count: 30))
        #expect(try bar(250, of: 240) == String(repeating: "█", count: 30))
    }

    @Test(arguments: [
        (-5.0, "0s"), (0.0, "0s"), (0.2, "1s"), (12.0, "12s"), (59.0, "59s"), (59.4, "1m00s"), (190.0, "3m10s"),
        (3599.5, "1h00m"), (3720.0, "1h02m"), (360_000.0, "100h00m"),
    ])
    func `durations are short`(seconds: Double, text: String) {
        #expect(ProgressLine.short(.seconds(seconds)) == text)
    }

    @Test(arguments: [
        (0, "0"), (999, "999"), (1000, "1.0k"), (12_345, "12.3k"), (999_949, "999.9k"), (999_950, "1.0M"),
        (1_234_567, "1.2M"),
    ])
    func `counts are short`(number: Int, text: String) {
        #expect(ProgressLine.count(number) == text)
    }

    @Test(arguments: [
        (0.02, "1.2 images/min"), (0.1, "0.1 images/s"), (4.24, "4.2 images/s"), (25.4, "25 images/s"),
    ])
    func `a slow speed is told by the minute`(perSecond: Double, text: String) {
        #expect(ProgressLine.speed(perSecond) == text)
    }
}

extension String {
    fileprivate func components(of needle: String) -> Int {
        ranges(of: needle).count
    }
}
