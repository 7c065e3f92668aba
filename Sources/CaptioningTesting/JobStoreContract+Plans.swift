import Captioning
import Foundation
import SystemPackage

extension JobStoreContract {
    static let plans = [
        JobStoreContract("the same plan taken over twice changes nothing") { scene in
            try await scene.add("a.jpg", "b.jpg", "c.jpg", "d.jpg")
            let claims = try await scene.claim(3)
            try await scene.finish(claims[0])
            try await scene.fail(claims[1])
            try await scene.postpone(claims[2], to: 60)
            let rows = try await scene.rows()
            let summary = try await scene.store.summary()
            try await scene.add("a.jpg", "b.jpg", "c.jpg", "d.jpg")
            try expect(try await scene.rows(), is: rows, "the rows")
            try expect(try await scene.store.summary(), is: summary, "the summary")
        },
        JobStoreContract("new files become pending items in their place, and nothing done is undone") { scene in
            try await scene.add("b.jpg")
            try await scene.finishAll()
            try await scene.add("a.jpg", "b.jpg", "c.jpg")
            let rows = try await scene.rows()
            try expect(rows.images, is: ["a.jpg", "b.jpg", "c.jpg"], "the order")
            try expect(rows.map(\.status), is: [.pending, .done, .pending], "the states")
            try expect(rows[1].caption, is: "b.jpg", "the caption")
            try expect(try await scene.claim().images, is: ["a.jpg", "c.jpg"], "the claims")
        },
        JobStoreContract("images that are gone are set aside and come back with their captions") { scene in
            try await scene.add("a.jpg", "b.jpg")
            try await scene.finishAll()
            try await scene.add("b.jpg")
            try expect(try await scene.rows().images, is: ["b.jpg"], "the export")
            try expect(try await scene.store.summary().setAside, is: 1, "the items set aside")
            try expect(try await scene.store.summary().total, is: 1, "the items of the plan")
            try expect(try await scene.compare(.fixture(files: ["b.jpg"])).setAside, is: 1, "set aside in the plan")
            try await scene.add("a.jpg", "b.jpg")
            try expect(try await scene.rows().map(\.caption), is: ["a.jpg", "b.jpg"], "the captions")
            try expect(try await scene.claimResult(), is: .finished, "what is left to do")
        },
        JobStoreContract("what is set aside is neither claimed nor requeued") { scene in
            try await scene.add("a.jpg", "b.jpg", "c.jpg")
            try await scene.fail(try await scene.claimOne())
            try await scene.add("c.jpg")
            try expect(try await scene.store.requeue(RequeueSelection()), is: 0, "the requeued items")
            try expect(try await scene.claim().images, is: ["c.jpg"], "the claims")
        },
        JobStoreContract("a plan that cannot be made changes nothing") { scene in
            try await scene.add("a.jpg", "b.jpg")
            var broken = Job.fixture(files: ["z.jpg"], root: "/nowhere-at-all")
            broken.images.append(.folder(path: "missing", include: [], exclude: []))
            do {
                try await scene.add(broken)
                throw Violation(description: "a plan with a missing folder was taken over")
            } catch is SpecError {}
            try expect(try await scene.rows(isAll: true).images, is: ["a.jpg", "b.jpg"], "the rows")
            try await scene.add("b.jpg")
            try expect(try await scene.rows().images, is: ["b.jpg"], "the rows of the next plan")
        },
        JobStoreContract("comparing counts what a run would do and changes nothing") { scene in
            let job = Job.fixture(files: ["a.jpg", "b.jpg", "c.jpg"], promptIDs: ["alt", "tags"])
            let before = try await scene.compare(job)
            try expect(before.items.pending, is: 6, "pending items of a new job")
            try expect(before.kinds, is: ["file": 6], "the kinds")
            try expect(try await scene.store.summary().total, is: 0, "items in the store")
            try await scene.add(job)
            let claims = try await scene.claim(3)
            try await scene.finish(claims[0])
            try await scene.finish(claims[1])
            try await scene.fail(claims[2])
            let after = try await scene.compare(job)
            try expect(after.items.total, is: 6, "all items")
            try expect(after.items.done, is: 2, "done items")
            try expect(after.items.failed, is: 1, "failed items")
            try expect(after.items.pending, is: 3, "pending items")
            try expect(after.prompts["alt"]?.failed, is: 1, "failed items of the first prompt")
            try expect(after.prompts["tags"]?.done, is: 1, "done items of the second prompt")
        },
    ]

    static let names = [
        JobStoreContract("names keep their bytes, and twins in two Unicode forms stay two images") { scene in
            let composed = Array("caf\u{E9}.jpg".utf8)
            let decomposed = Array("cafe\u{301}.jpg".utf8)
            let latin1 = Array("caf".utf8) + [0xE9] + Array(".jpg".utf8)
            try await TemporaryFolder.use { folder in
                for name in [composed, decomposed, latin1] {
                    try folder.write(TemporaryFolder.png(width: 16, height: 16), to: name)
                }
                try await scene.add(.fixture(folder: folder))
                let expected = [composed, decomposed, latin1].map { ImageName(bytes: $0) }.sorted()
                try expect(try await scene.rows().map(\.image), is: expected, "the exported names")
                let claims = try await scene.claim()
                try expect(claims.map(\.item.key.image), is: expected, "the claimed names")
                for claim in claims { try await scene.finish(claim, "\(claim.item.key.image.bytes)") }
                for name in expected {
                    let history = try await scene.store.history(of: name, promptID: nil)
                    try expect(history.map(\.caption), is: ["\(name.bytes)"], "the history of \(name.bytes)")
                }
                try await scene.add(.fixture(folder: folder))
                try expect(try await scene.store.summary().done, is: 3, "the items found again")
            }
        },
        JobStoreContract("a file, a URL and a group of one name are three items") { scene in
            var job = Job.fixture(files: ["chair"])
            job.images += [.urls(["chair"]), .group(name: "chair", files: ["a.jpg", "b.jpg"])]
            try await scene.add(job)
            let claims = try await scene.claim()
            try expect(claims.map(\.item.key.kind), is: [.file, .url, .group], "the kinds")
            try expect(try await scene.compare(job).kinds, is: ["file": 1, "url": 1, "group": 1], "the counts")
            try expect(try await scene.history("chair").count, is: 3, "the attempts under the name")
        },
        JobStoreContract("every image is asked every prompt") { scene in
            try await scene.add(.fixture(files: ["a.jpg", "b.jpg"], promptIDs: ["tags", "alt"]))
            let claims = try await scene.claim()
            try expect(claims.images, is: ["a.jpg", "a.jpg", "b.jpg", "b.jpg"], "the images")
            try expect(claims.map(\.item.key.promptID), is: ["tags", "alt", "tags", "alt"], "the prompts")
            try expect(claims.map(\.item.position), is: [0, 1, 2, 3], "the places")
        },
    ]
}
