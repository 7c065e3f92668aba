import Captioning
import CaptioningSQLite
import Foundation
import Testing

@testable import CaptionCLI

struct RunNoteTests {
    private static let now = Date(timeIntervalSince1970: 1_800_000_000)

    private var note: RunNote {
        var note = RunNote(endpoints: [
            .init(
                url: "http://a/v1", model: "m",
                state: EndpointState(concurrency: 24, inFlight: 20, requestsPerMinute: 600)
            ),
            .init(
                url: "http://b/v1", model: "m",
                state: EndpointState(concurrency: 4, inFlight: 0, health: .down, trouble: "connection refused\nmore")),
        ])
        note.waiting = "rate limited"
        note.waitingUntil = Self.now + 12
        return note
    }

    @Test func `a note is one line, and reads back as it was`() {
        #expect(!note.line.contains("\n"))
        #expect(RunNote(line: note.line) == note)
        #expect(RunNote(line: "nonsense") == nil)
    }

    @Test func `it tells why the run waits and how its endpoints are doing`() {
        #expect(
            note.lines(now: Self.now) == [
                "waiting: rate limited, 12s more", "m at http://a/v1: 20 of 24 in flight, at most 600 a minute",
                "m at http://b/v1: 0 of 4 in flight, down: connection refused",
            ])
        #expect(note.lines(now: Self.now + 13).count == 2)
    }

    @Test func `others read it beside the store as long as the run lasts`() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("caption-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let store = folder.path + "/job.sqlite"
        var lock: StoreLock? = try StoreLock(storePath: store)
        #expect(StoreLock.note(ofStore: store) == nil)
        lock?.publish(note.line)
        #expect(StoreLock.note(ofStore: store).flatMap(RunNote.init(line:)) == note)
        lock?.publish("shorter")
        #expect(StoreLock.note(ofStore: store) == "shorter")
        lock = nil
        #expect(StoreLock.note(ofStore: store) == nil)
    }
}
