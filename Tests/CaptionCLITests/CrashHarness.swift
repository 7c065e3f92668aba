import Captioning
import CaptioningSQLite
import CaptioningSimulator
import CaptioningTesting
import Foundation
import GRDB
import Testing

/// Kills the built program at random instants, again and again, and compares the store with the provider's books.
struct CrashHarness {
    /// Kills to make.
    var kills: Int
    /// The program; nil means the one that was built beside the tests.
    var program: URL?
    var concurrency = 16

    /// What came out.
    struct Report {
        var kills = 0
        /// Kills that left a transaction half written.
        var withinCommits = 0
        /// Attempts whose end nobody knows.
        var open = 0
        /// Requests that arrived and whose attempts were not marked as sent: those of the last moment before a kill.
        var unmarked = 0
        /// Requests that were sent and whose attempts were not recorded.
        var lost = 0
        var items = 0
        var requests = 0
        /// What must never happen.
        var violations: [String] = []
    }

    /// Runs the job to its end, through all the kills.
    func run() async throws -> Report {
        let items = kills * 20
        let scene = try CommandScene()
        for number in 0..<items {
            var picture = JobScene.bitmap(width: 16, height: 16)
            withUnsafeBytes(of: UInt32(number)) { picture.replaceSubrange(picture.count - 4..<picture.count, with: $0) }
            try scene.write(picture, to: "photos/\(number + 100_000).bmp")
        }
        var options = SimulatorOptions()
        options.latency = .zero
        options.longestLatency = .milliseconds(2)
        return try await withSimulator(options) { simulator in
            try scene.makeSpec(baseURL: simulator.baseURL)
            var report = Report(items: items)
            let log = scene.folder.path + "/job.sqlite-wal"
            var generator = SystemRandomNumberGenerator()
            var recorded: [Int64: String] = [:]
            while report.kills < kills, recorded.count < items {
                let before = simulator.ledger.requests
                let process = try start(scene)
                let target = before + Int.random(in: 1...40, using: &generator)
                let waitsForLog = Bool.random(using: &generator)
                let pause = UInt32.random(in: 0...3000, using: &generator)
                await Self.onThread {
                    // Short pauses: a thread that never rests would slow down the very program that it watches.
                    while process.isRunning, simulator.ledger.requests < target { usleep(100) }
                    if waitsForLog {
                        // As soon as a transaction reaches the disk.
                        let size = WriteAheadLog.size(log)
                        while process.isRunning, WriteAheadLog.size(log) == size { usleep(20) }
                    } else {
                        usleep(pause)
                    }
                    kill(process.processIdentifier, SIGKILL)
                }
                process.waitUntilExit()
                guard process.terminationReason == .uncaughtSignal else { break }
                report.kills += 1
                if try WriteAheadLog.endsWithinTransaction(log) {
                    report.withinCommits += 1
                }
                try await check(scene, simulator, &recorded, &report)
                guard report.violations.isEmpty else { return report }
            }
            let last = try start(scene)
            last.waitUntilExit()
            if last.terminationStatus != 0 { report.violations.append("the last run: \(last.terminationStatus)") }
            try await check(scene, simulator, &recorded, &report)
            let ledger = simulator.ledger
            report.requests = ledger.requests
            report.lost = ledger.requests - recorded.count
            if recorded.count != items { report.violations.append("\(recorded.count) results for \(items) items") }
            if ledger.distinctAccepted != items {
                report.violations.append("\(ledger.distinctAccepted) different requests were answered, not \(items)")
            }
            if report.lost > min(report.open, report.kills * concurrency) {
                report.violations.append("\(report.lost) requests sent again, \(report.open) open at the kills")
            }
            return report
        }
    }

    /// Does what must not wait for the other tests' tasks.
    private static func onThread(_ work: @escaping @Sendable () -> Void) async {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                work()
                continuation.resume()
            }
        }
    }

    private func start(_ scene: CommandScene) throws -> Process {
        try scene.start(
            ["run", "job.yaml", "--quiet", "--concurrency", String(concurrency)],
            program: program ?? CommandScene.program)
    }

    /// Opens the store as the next run would, and compares it with what it held before and with the provider's books.
    private func check(
        _ scene: CommandScene, _ simulator: RunningSimulator, _ recorded: inout [Int64: String], _ report: inout Report
    ) async throws {
        let path = scene.folder.path + "/job.sqlite"
        guard FileManager.default.fileExists(atPath: path) else { return }
        // Requests first: what arrives while the store is read is not in it.
        let requests = simulator.ledger.requests
        let store = try SQLiteJobStore.openForReading(path: path)
        report.violations += try await store.verify().map { "kill \(report.kills): \($0)" }
        try store.close()
        let database = try DatabaseQueue(path: path)
        let (answers, open, marked) = try await database.read { db in
            let rows = try Row.fetchAll(
                db,
                sql: """
                    SELECT itemId, requestId || ' ' || providerRequestId || ' ' || caption FROM attempt
                    JOIN completion ON completion.attemptId = attempt.id WHERE outcome = 'completed'
                    """)
            let open =
                try Int.fetchOne(
                    db, sql: "SELECT count(*) FROM attempt WHERE outcome IS NULL OR outcome = 'interrupted'") ?? 0
            let marked =
                try Int.fetchOne(
                    db,
                    sql: """
                        SELECT count(*) FROM attempt
                        WHERE sentAt IS NOT NULL AND (outcome IS NULL OR outcome = 'interrupted')
                        """) ?? 0
            return (rows.map { ($0[0] as Int64, $0[1] as String) }, open, marked)
        }
        try database.close()
        let present = Dictionary(answers) { first, _ in first }
        if present.count < answers.count { report.violations.append("kill \(report.kills): an item has two results") }
        for (item, answer) in recorded where present[item] != answer {
            report.violations.append("kill \(report.kills): the answer of item \(item) is gone")
        }
        recorded = present
        report.open = open
        report.unmarked = max(requests - recorded.count - marked, 0)
        if requests > recorded.count + open {
            report.violations.append(
                "kill \(report.kills): \(requests) requests, but only \(recorded.count) results and \(open) open")
        }
        if requests - recorded.count > report.kills * concurrency {
            report.violations.append("kill \(report.kills): more than \(concurrency) requests were unrecorded")
        }
    }
}

/// Reads a store's write-ahead log (sqlite.org/fileformat.html, section 4).
enum WriteAheadLog {
    /// Bytes in the log; 0 when there is none.
    static func size(_ path: String) -> Int {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_size) : 0
    }

    /// Whether frames follow the last commit: somebody died while a transaction was being written.
    static func endsWithinTransaction(_ path: String) throws -> Bool {
        guard let data = FileManager.default.contents(atPath: path), data.count > 32 else { return false }
        let bytes = [UInt8](data)
        func number(_ offset: Int) -> Int { bytes[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) } }
        let frame = 24 + number(8)
        let salts = Array(bytes[16..<24])
        var endsWithin = false
        var offset = 32
        // Frames of an earlier round carry other salts.
        while offset + 24 <= bytes.count, Array(bytes[offset + 8..<offset + 16]) == salts {
            endsWithin = number(offset + 4) == 0 || offset + frame > bytes.count
            offset += frame
        }
        return endsWithin
    }
}
