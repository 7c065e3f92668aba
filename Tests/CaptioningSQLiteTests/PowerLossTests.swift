import CaptioningTesting
import Foundation
import GRDB
import Synchronization
import SystemPackage
import Testing

@testable import Captioning
@testable import CaptioningSQLite

/// What was acknowledged is there after a power failure at any instant.
struct PowerLossTests {
    /// What had been acknowledged when the disk was in a state.
    private struct Failure: Sendable {
        let acknowledged: Set<Int64>
        let disk: ForgetfulDisk.Instant
    }

    private final class FailureLog: Sendable {
        private let state = Mutex<(acknowledged: Set<Int64>, failures: [Failure])>(([], []))

        var failures: [Failure] { state.withLock { $0.failures } }

        func acknowledge(_ attempt: Int64) {
            state.withLock { _ = $0.acknowledged.insert(attempt) }
        }

        func note(_ disk: ForgetfulDisk) {
            // What is acknowledged first: more may be by the time that the files are read, never less.
            let acknowledged = state.withLock { $0.acknowledged }
            let failure = Failure(acknowledged: acknowledged, disk: disk.instant())
            state.withLock { $0.failures.append(failure) }
        }
    }

    /// Records 60 answers, eight at a time, and takes the disk's state before every sync.
    private func failures(_ folder: TemporaryFolder, isDurable: Bool) async throws -> [Failure] {
        let log = FailureLog()
        let path = folder.path("job.sqlite")
        // Made before, so that its first files are no part of the question.
        try SQLiteJobStore.open(path: path, name: "job", now: .fixture).close()
        let disk = ForgetfulDisk(folder: folder.path.string) { disk in
            log.note(disk)
        }
        defer { disk.remove() }
        let store = try SQLiteJobStore.open(path: path, name: "job", now: .fixture)
        // Often enough to happen in between.
        try await store.writer.writeWithoutTransaction { try $0.execute(sql: "PRAGMA wal_autocheckpoint = 30") }
        let job = Job.fixture(files: (100..<160).map { "\($0).jpg" })
        try await store.add(Planner(job: job), stale: nil)
        while case .claimed(let claims) = try await store.claim(
            upTo: 8, within: .all, for: job.endpoint, now: .fixture)
        {
            if !isDurable {
                try await store.writer.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = NORMAL") }
            }
            try await withThrowingTaskGroup { group in
                for claim in claims {
                    group.addTask {
                        let caption = "caption of \(claim.attemptID.rawValue)"
                        try await store.record(.fixture(.completed(.fixture(caption))), of: claim, then: .done)
                        log.acknowledge(claim.attemptID.rawValue)
                    }
                }
                try await group.waitForAll()
            }
        }
        // A failure when everything is done; without a close, which would sync.
        log.note(disk)
        return log.failures
    }

    /// How many acknowledged answers a disk has lost; nil when the store is not as it must be.
    private func lost(
        _ failure: Failure, _ survivors: ForgetfulDisk.Instant.Survivors, _ generator: inout some RandomNumberGenerator
    ) async throws -> Int? {
        try await TemporaryFolder.use { folder in
            try failure.disk.write(to: folder.path.string, survivors, using: &generator)
            let store = try SQLiteJobStore.openExisting(path: folder.path("job.sqlite"))
            guard try await store.verify().isEmpty else { return nil }
            let present = try await store.read {
                try Set(
                    Int64.fetchAll(
                        $0, sql: "SELECT attemptId FROM completion WHERE caption = 'caption of ' || attemptId"))
            }
            try store.close()
            return failure.acknowledged.subtracting(present).count
        }
    }

    @Test func `no acknowledged answer is lost, whatever of the unsynced writes survives`() async throws {
        try await TemporaryFolder.use { folder in
            let failures = try await failures(folder, isDurable: true)
            #expect(failures.count > 20)
            #expect(failures.last?.acknowledged.count == 60)
            var generator = SplitMix64(seed: 7)
            for failure in failures {
                for survivors in ForgetfulDisk.Instant.Survivors.allCases {
                    let lost = try await lost(failure, survivors, &generator)
                    #expect(lost == 0, "\(survivors) of the unsynced writes survived")
                }
            }
        }
    }

    @Test func `the disk does forget: without a sync at every commit answers are lost`() async throws {
        try await TemporaryFolder.use { folder in
            var generator = SplitMix64(seed: 7)
            var most = 0
            for failure in try await failures(folder, isDurable: false) {
                most = max(most, try await lost(failure, .none, &generator) ?? 0)
            }
            #expect(most > 0)
        }
    }
}
