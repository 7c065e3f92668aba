import Captioning
import Foundation

extension JobStoreContract {
    private struct VisitorsOwn: Error {}

    static let readings = [
        JobStoreContract("the summary counts every state once") { scene in
            var job = Job.fixture(files: ["a.jpg", "b.jpg", "c.jpg", "d.jpg", "e.jpg", "f.jpg", "g.jpg"])
            try await scene.add(job)
            let claims = try await scene.claim(6)
            try await scene.finish(claims[0])
            try await scene.fail(claims[1], "refused")
            try await scene.fail(claims[2], "refused")
            try await scene.fail(claims[3], "too_large")
            try await scene.postpone(claims[4], to: 60)
            job.images = [.files(["b.jpg", "c.jpg", "d.jpg", "e.jpg", "f.jpg", "g.jpg"])]
            job.name = "renamed"
            try await scene.add(job)
            var expected = StoreSummary()
            expected.name = "renamed"
            expected.total = 6
            expected.pending = 3
            expected.claimed = 1
            expected.retrying = 1
            expected.failed = 3
            expected.setAside = 1
            expected.attempts = 6
            expected.promptTokens = 100
            expected.completionTokens = 10
            expected.failures = [
                .init(code: "refused", count: 2, example: "the endpoint said so"),
                .init(code: "too_large", count: 1, example: "the endpoint said so"),
            ]
            try expect(try await scene.store.summary(), is: expected, "the summary")
        },
        JobStoreContract("rows come in the plan's present order, what it no longer names at the end if asked for") {
            scene in
            try await scene.add("a.jpg", "b.jpg", "c.jpg", "d.jpg")
            try await scene.add("d.jpg", "e.jpg", "b.jpg")
            try expect(try await scene.rows().images, is: ["d.jpg", "e.jpg", "b.jpg"], "the rows")
            try expect(
                try await scene.rows(isAll: true).images, is: ["d.jpg", "e.jpg", "b.jpg", "a.jpg", "c.jpg"],
                "all rows")
        },
        JobStoreContract("a visitor's error ends the reading and reaches the caller") { scene in
            try await scene.add("a.jpg", "b.jpg")
            let visited = Collected<String>()
            do {
                _ = try await scene.store.forEachRow(isAll: true) { row in
                    visited.append(row.image.display)
                    throw VisitorsOwn()
                }
                throw Violation(description: "the visitor's error was swallowed")
            } catch is VisitorsOwn {}
            try expect(visited.all, is: ["a.jpg"], "the visited rows")
        },
        JobStoreContract("the history tells every attempt of a name, oldest first, by prompt if asked") { scene in
            try await scene.add(.fixture(files: ["a.jpg", "b.jpg"], promptIDs: ["alt", "tags"]))
            try await scene.postpone(try await scene.claimOne(), to: 1)
            try await scene.finish(try await scene.claimOne(after: 1), "Done.")
            let history = try await scene.history("a.jpg")
            try expect(history.map(\.prompt), is: ["alt", "alt", "tags"], "the prompts")
            try expect(history.map(\.number), is: [1, 2, nil], "the numbers")
            try expect(history.map(\.outcome), is: ["failed", "completed", nil], "the outcomes")
            try expect(history.map(\.itemState), is: ["done", "done", "pending"], "the states")
            try expect(try await scene.history("a.jpg", "tags").count, is: 1, "one prompt's entries")
            try expect(try await scene.history("a.jpg", "none").count, is: 0, "an unknown prompt's entries")
            try expect(try await scene.history("z.jpg").count, is: 0, "an unknown image's entries")
        },
    ]
}
