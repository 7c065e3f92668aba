import Captioning
import Testing

struct DurationTextTests {
    @Test(arguments: [
        ("250ms", 250), ("1s", 1000), ("1.5s", 1500), ("15m", 900_000), ("2h", 7_200_000), ("10", 10_000), ("0", 0),
        ("0.25", 250), (" 30 s ", 30_000), ("0.0004s", 0), ("0.5ms", 1), (".5s", 500),
    ])
    func `a length of time is read`(text: String, milliseconds: Int) {
        #expect(Duration(text: text) == .milliseconds(milliseconds))
    }

    @Test(arguments: [
        "", " ", "s", "ms", "-1s", "+1s", "1d", "1 hour", "1m30s", "1e3", "0x10", "inf", "nan", "1,5s", "1.2.3", "½s",
        "١s", "1S", "1000000000h", "99999999999999999999",
    ])
    func `anything else is no length of time`(text: String) {
        #expect(Duration(text: text) == nil)
    }

    @Test(arguments: [
        ("250ms", Duration.milliseconds(250)), ("0s", .zero), ("1s", .seconds(1)), ("1500ms", .milliseconds(1500)),
        ("60s", .seconds(60)), ("90s", .seconds(90)), ("2m", .seconds(120)), ("330s", .seconds(330)),
        ("15m", .seconds(900)), ("60m", .seconds(3600)),
    ])
    func `a length of time is written as a spec writes it`(text: String, duration: Duration) {
        #expect(duration.text == text)
        #expect(Duration(text: text) == duration)
    }

    @Test func `seconds keep their fraction`() {
        #expect(Duration.milliseconds(1500).seconds == 1.5)
    }
}
