import Captioning
import Foundation

extension JobStoreContract {
    /// Edits of a spec, and whether they change what is asked.
    private static let edits: [(name: String, isStale: Bool, edit: @Sendable (inout Job) -> Void)] = [
        ("another prompt text", true, { $0.prompts[0].text = "Describe {{language}}." }),
        ("a system text", true, { $0.system = "You write alt text." }),
        ("another model", true, { $0.endpoint.model = "another-model" }),
        ("another provider", true, { $0.endpoint.provider = .openai }),
        ("another parameter", true, { $0.parameters["temperature"] = .double(0.5) }),
        ("another base URL", false, { $0.endpoint.baseURL = "http://localhost:10/v1" }),
        ("another key variable", false, { $0.endpoint.apiKeyVariable = "OTHER_KEY" }),
        ("other limits", false, { $0.limits = Job.Limits(requestsPerMinute: 5, concurrency: 1) }),
        ("other retry rules", false, { $0.retry = Job.Retry(attempts: 1) }),
        ("a variable that no text names", false, { $0.variables["mood"] = "gay" }),
        ("another name", false, { $0.name = "renamed" }),
    ]

    private static let changed: Job = {
        var job = Job.fixture(files: ["a.jpg", "b.jpg"])
        job.prompts[0].text = "Describe it otherwise."
        return job
    }()

    private static func addAndFinish(_ scene: LedgerScene) async throws {
        try await scene.add("a.jpg", "b.jpg")
        try await scene.finishAll()
    }

    static let changes =
        edits.map { edit in
            JobStoreContract("\(edit.name) makes \(edit.isStale ? "results stale" : "nothing stale")") { scene in
                try await addAndFinish(scene)
                var job = Job.fixture(files: ["a.jpg", "b.jpg"])
                edit.edit(&job)
                for moment in ["before", "after"] {
                    let items = try await scene.compare(job).items
                    try expect(
                        items.stale, is: edit.isStale ? 2 : 0, "the stale items \(moment) the plan is taken over")
                    try expect(items.done, is: edit.isStale ? 0 : 2, "the done items \(moment) the plan is taken over")
                    try await scene.add(job)
                }
                try expect(try await scene.claimResult(), is: .finished, "what a run would do unasked")
                try expect(try await scene.rows().map(\.caption), is: ["a.jpg", "b.jpg"], "the captions")
            }
        } + [
            JobStoreContract("a group of other files, or in another order, is another question") { scene in
                func job(_ files: String...) -> Job {
                    var job = Job.fixture(files: [])
                    job.images = [.group(name: "pair", files: files)]
                    return job
                }
                try await scene.add(job("a.jpg", "b.jpg"))
                try await scene.finishAll()
                for (other, isStale) in [
                    (job("b.jpg", "a.jpg"), true), (job("a.jpg"), true), (job("a.jpg", "c.jpg"), true),
                    (job("./a.jpg", "x/../b.jpg"), false), (job("a.jpg", "b.jpg"), false),
                ] {
                    try expect(try await scene.compare(other).items.stale, is: isStale ? 1 : 0, "the stale items")
                    try await scene.add(other)
                    try expect(try await scene.compare(other).items.stale, is: isStale ? 1 : 0, "the stale items after")
                }
                try await scene.add(job("b.jpg"), stale: .keep)
                try expect(try await scene.compare(job("b.jpg")).items.done, is: 1, "the items done once kept")
                try await scene.add(job("a.jpg"), stale: .redo)
                try expect(try await scene.claim().images, is: ["pair"], "what is asked again")
            },
            JobStoreContract("what the simulated provider said is never kept as a real one's") { scene in
                var simulated = Job.fixture(files: ["a.jpg"])
                simulated.endpoint.provider = .simulated
                try await scene.add(simulated)
                for claim in try await scene.claim(for: simulated) { try await scene.finish(claim) }
                try expect(try await scene.rows()[0].provider, is: "simulated", "the provider")
                try await scene.add(.fixture(files: ["a.jpg"]), stale: .keep)
                try expect(try await scene.claim().images, is: ["a.jpg"], "what is asked of the real one")
            },
            JobStoreContract("kept results count as done until the next change") { scene in
                try await addAndFinish(scene)
                try await scene.add(changed, stale: .keep)
                try expect(try await scene.compare(changed).items.done, is: 2, "the items done")
                try expect(try await scene.claimResult(), is: .finished, "what is left to do")
                try expect(try await scene.rows().map(\.caption), is: ["a.jpg", "b.jpg"], "the captions")
                var next = changed
                next.prompts[0].text += " Be brief."
                try expect(try await scene.compare(next).items.stale, is: 2, "the stale items after another change")
            },
            JobStoreContract("redone results are asked again, and the old answers stay in the history") { scene in
                try await addAndFinish(scene)
                try await scene.add(changed, stale: .redo)
                try expect(try await scene.compare(changed).items.pending, is: 2, "the pending items")
                try expect(try await scene.rows().map(\.caption), is: [nil, nil], "the captions meanwhile")
                try await scene.finish(try await scene.claimOne(), "A new one.")
                try expect(try await scene.rows().map(\.caption), is: ["A new one.", nil], "the captions")
                let history = try await scene.history("a.jpg")
                try expect(history.map(\.caption), is: ["a.jpg", "A new one."], "the answers in the history")
                try expect(Set(history.map(\.request)).count, is: 2, "the requests in the history")
                try await scene.add(changed, stale: .redo)
                try expect(try await scene.compare(changed).items.done, is: 1, "what is done is not redone")
            },
            JobStoreContract("an edit that is taken back makes the results current again") { scene in
                try await addAndFinish(scene)
                try await scene.add(changed)
                try await scene.add("a.jpg", "b.jpg")
                try expect(
                    try await scene.compare(.fixture(files: ["a.jpg", "b.jpg"])).items.done, is: 2, "the items done")
            },
            JobStoreContract("an answer belongs to what was asked when its attempt began") { scene in
                try await scene.add("a.jpg", "b.jpg")
                let claim = try await scene.claimOne()
                try await scene.add(changed)
                try await scene.finish(claim)
                try expect(try await scene.compare(changed).items.stale, is: 1, "the stale items")
            },
            JobStoreContract("a prompt that is gone sets its items aside and touches no other") { scene in
                try await scene.add(.fixture(files: ["a.jpg"], promptIDs: ["alt", "tags"]))
                try await scene.finishAll()
                try await scene.add(.fixture(files: ["a.jpg"], promptIDs: ["tags"]))
                try expect(try await scene.rows().map(\.prompt), is: ["tags"], "the exported prompts")
                try expect(try await scene.rows(isAll: true).map(\.prompt), is: ["tags", "alt"], "all prompts")
            },
        ]
}
