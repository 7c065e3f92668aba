import Captioning
import CaptioningTesting
import Foundation
import GRDB
import SystemPackage
import Testing

@testable import CaptioningSQLite

/// A plan that cannot have changed is not walked again; one that may have is.
struct PlanStateTests {
    /// Plans a folder of two images as if its last change were long ago.
    private func withPlan(
        _ body: (_ folder: TemporaryFolder, _ store: SQLiteJobStore, _ job: Job) async throws -> Void
    ) async throws {
        try await TemporaryFolder.use { folder in
            try folder.addImages(["a.png", "inner/b.png"])
            let store = try SQLiteJobStore.inMemory()
            let job = Job.fixture(folder: folder)
            try await store.add(Planner(job: job), stale: nil)
            try await age(folder, store, job)
            try await body(folder, store, job)
        }
    }

    /// Nothing here is two seconds old, so that no plan would be kept: keeps it as if everything were.
    private func age(_ folder: TemporaryFolder, _ store: SQLiteJobStore, _ job: Job) async throws {
        try await store.write { db in
            try PlanState.clear(db)
            _ = try Planner(job: job).forEachItem(enter: { try PlanState.note($0, db) }) { _, _ in }
            try PlanState.keep(Planner(job: job), db)
        }
    }

    private func isCurrent(_ store: SQLiteJobStore, _ job: Job) async throws -> Bool {
        try await store.read { try PlanState.isCurrent(Planner(job: job), $0) }
    }

    @Test func `an unchanged plan is taken as it is`() async throws {
        try await withPlan { _, store, job in
            #expect(try await isCurrent(store, job))
            // Nothing is walked: an item that vanished from the store is not missed.
            try await store.write {
                try $0.execute(sql: "DELETE FROM item WHERE position = 1; UPDATE tally SET pending = 1")
            }
            try await store.add(Planner(job: job), stale: nil)
            #expect(try await store.summary().total == 1)
        }
    }

    @Test func `a new file, also deep down, is found`() async throws {
        for name in ["c.png", "inner/c.png", "new/c.png"] {
            try await withPlan { folder, store, job in
                try folder.addImages([name])
                #expect(try await isCurrent(store, job) == false)
                try await store.add(Planner(job: job), stale: nil)
                #expect(try await store.summary().total == 3)
            }
        }
    }

    @Test func `a renamed and a removed file are found`() async throws {
        try await withPlan { folder, store, job in
            try FileManager.default.moveItem(atPath: folder.path("a.png"), toPath: folder.path("z.png"))
            try await store.add(Planner(job: job), stale: nil)
            #expect(try await store.summary().setAside == 1)
            try await age(folder, store, job)
            try FileManager.default.removeItem(atPath: folder.path("inner"))
            #expect(try await isCurrent(store, job) == false)
        }
    }

    @Test func `another spec is another plan`() async throws {
        try await withPlan { _, store, job in
            let changes: [@Sendable (inout Job) -> Void] = [
                { $0.prompts[0].text = "Something else." }, { $0.images.append(.urls(["https://example.com/a.png"])) },
                { $0.name = "renamed" }, { $0.endpoint.model = "another" }, { $0.store = "/elsewhere.sqlite" },
            ]
            for change in changes {
                var changed = job
                change(&changed)
                let isStillCurrent = try await isCurrent(store, changed)
                #expect(!isStillCurrent)
            }
            var faster = job
            faster.limits.requestsPerMinute = 7
            #expect(try await isCurrent(store, faster))
        }
    }

    @Test func `fresh folders and links are walked again each time`() async throws {
        try await TemporaryFolder.use { folder in
            try folder.addImages(["a.png"])
            let store = try SQLiteJobStore.inMemory()
            let job = Job.fixture(folder: folder)
            // The folder has changed within the last two seconds.
            try await store.add(Planner(job: job), stale: nil)
            #expect(try await isCurrent(store, job) == false)
        }
        try await TemporaryFolder.use { folder in
            try folder.addImages(["a.png"])
            try FileManager.default.createSymbolicLink(
                atPath: folder.path("link.png"), withDestinationPath: folder.path("a.png"))
            let notes = try Planner(job: .fixture(folder: folder)).forEachItem { _, _ in }
            #expect(!notes.isLasting)
        }
    }

    @Test func `results that are stale keep the plan from being taken as done`() async throws {
        try await withPlan { folder, store, job in
            guard
                case .claimed(let claims) = try await store.claim(
                    upTo: 1, within: .all, for: job.endpoint, now: .fixture)
            else { return }
            try await store.record(.fixture(.completed(.fixture("A chair."))), of: claims[0], then: .done)
            var changed = job
            changed.prompts[0].text = "Something else."
            #expect(try await store.add(Planner(job: changed), stale: nil).stale == 1)
            #expect(try await isCurrent(store, changed) == false)
            #expect(try await store.add(Planner(job: changed), stale: nil).stale == 1)
            #expect(try await store.add(Planner(job: changed), stale: .redo).stale == 0)
            #expect(try await store.verify() == [])
        }
    }
}
