import ArgumentParser
import Testing

@testable import CaptionCLI
@testable import CaptioningSimulator

/// What the options of `caption simulate` come to.
struct SimulateCommandTests {
    private func options(_ arguments: String...) throws -> SimulatorOptions {
        let command = try #require(try SimulateCommand.parseAsRoot(arguments) as? SimulateCommand)
        return try command.options()
    }

    @Test func `without options nothing is limited`() throws {
        let options = try options()
        #expect(options.requestsPerMinute == nil)
        #expect(options.window == .seconds(60))
        #expect(!options.countsByCalendar)
        #expect(options.bucket == nil)
        #expect(options.overloadStatus == .tooManyRequests)
        #expect(options.refusedShare == 0)
        #expect(options.quota == nil)
        #expect(options.strangers.isEmpty)
    }

    @Test func `every shape of limit can be chosen`() throws {
        let window = try options("--tokens-per-minute", "9000", "--window", "10s", "--calendar-minute")
        #expect(window.window == .seconds(10))
        #expect(window.countsByCalendar)
        let bucket = try options("--requests-per-second", "10", "--bucket", "60")
        #expect(bucket.requestsPerSecond == 10)
        #expect(bucket.bucket == 60)
        #expect(try options("--max-in-flight", "16", "--overload-status", "503").overloadStatus == .unavailable)
        #expect(try options("--max-in-flight", "16", "--overload-status", "529").overloadStatus == .overloaded)
        #expect(try options("--refuse-share", "0.01").refusedShare == 0.01)
        #expect(try options("--quota", "0").quota == 0)
        let strangers = try options(
            "--requests-per-minute", "600", "--stranger", "5@20s..60s", "--stranger", "0.5@2m..3m"
        ).strangers
        #expect(
            strangers == [
                .init(perSecond: 5, span: .seconds(20)..<(.seconds(60))),
                .init(perSecond: 0.5, span: .seconds(120)..<(.seconds(180))),
            ])
    }

    @Test(
        arguments: [
            (["--window", "10s"], "--window needs --requests-per-minute or --tokens-per-minute"),
            (["--calendar-minute"], "--calendar-minute needs --requests-per-minute or --tokens-per-minute"),
            (["--calendar-minute", "--requests-per-second", "5"], "--calendar-minute needs"),
            (["--bucket", "60"], "--bucket needs --requests-per-second"),
            (["--bucket", "0", "--requests-per-second", "5"], "--bucket must be from 1 to"),
            (["--overload-status", "503"], "--overload-status needs --max-in-flight"),
            (["--overload-status", "500", "--max-in-flight", "1"], "--overload-status must be one of 429, 503, 529"),
            (["--stranger", "5@20s..60s"], "--stranger needs a limit that it counts against"),
            (["--stranger", "1001@20s..60s", "--requests-per-minute", "6"], "at most 1000 requests per second"),
            (["--stranger", "5@60s..20s", "--requests-per-minute", "6"], "--stranger <rate@from..to>"),
            (["--stranger", "5@20s", "--requests-per-minute", "6"], "--stranger <rate@from..to>"),
            (["--stranger", "nan@20s..60s", "--requests-per-minute", "6"], "--stranger <rate@from..to>"),
            (["--stranger", "0@20s..60s", "--requests-per-minute", "6"], "--stranger <rate@from..to>"),
            (["--window", "1s..2s", "--requests-per-minute", "6"], "--window takes one length of time"),
            (["--window", "0s", "--requests-per-minute", "6"], "--window must be from 100ms to 24h"),
            (["--window", "25h", "--requests-per-minute", "6"], "--window must be from 100ms to 24h"),
            (["--refuse-share", "1.01"], "--refuse-share must be from 0 to 1"),
            (["--refuse-share=-0.1"], "--refuse-share must be from 0 to 1"),
            (["--refuse-share", "nan"], "--refuse-share must be from 0 to 1"),
            (["--refuse-share", "1%"], "--refuse-share <share>"),
            (["--quota=-1"], "--quota must be from 0 to"),
            (["--quota", "1000000001"], "--quota must be from 0 to"),
        ])
    func `an option that means nothing is refused, and says why`(arguments: [String], message: String) async throws {
        let error = #expect(throws: (any Error).self) { try SimulateCommand.parseAsRoot(arguments) }
        let text = SimulateCommand.fullMessage(for: try #require(error))
        #expect(text.contains(message), "\(text)")
    }
}
