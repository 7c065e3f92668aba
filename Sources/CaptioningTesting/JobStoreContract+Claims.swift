import Captioning
import Foundation

extension JobStoreContract {
    static let claims = [
        JobStoreContract("claims come in plan order, no more than asked for, and none twice") { scene in
            try await scene.add("c.jpg", "a.jpg", "b.jpg")
            try expect(try await scene.claim(2).images, is: ["c.jpg", "a.jpg"], "the first claims")
            try expect(try await scene.claim(2).images, is: ["b.jpg"], "the next claims")
            try expect(try await scene.claimResult(), is: .finished, "what is left while all are in flight")
        },
        JobStoreContract("an attempt stands in the store before anything is sent") { scene in
            let job = Job.fixture(files: ["a.jpg"])
            try await scene.add(job)
            let claim = try await scene.claimOne()
            let seen = try await scene.again().history(of: ImageName("a.jpg"), promptID: nil)
            try expect(seen.count, is: 1, "the attempts")
            try expect(seen[0].number, is: 1, "the number")
            try expect(seen[0].itemState, is: "claimed", "the item's state")
            try expect(seen[0].outcome, is: nil, "the outcome")
            try expect(seen[0].wasSent, is: nil, "whether it was sent")
            try expect(seen[0].startedAt, is: .fixture, "the time")
            try expect(seen[0].endpoint, is: job.endpoint.baseURL, "the endpoint")
            try expect(seen[0].model, is: "fixture-model", "the model")
            try expect(claim.failures + claim.throttles + claim.doubts, is: 0, "the spent budgets")
            try expect(try await scene.store.summary().claimed, is: 1, "the items in flight")
        },
        JobStoreContract("due retries come first, the longest due before others, and bring their budgets") { scene in
            try await scene.add("a.jpg", "b.jpg", "c.jpg", "d.jpg", "e.jpg")
            let first = try await scene.claim(4)
            try await scene.postpone(first[0], to: 20, counts: .throttles)
            try await scene.postpone(first[1], to: 10, counts: .failures)
            try await scene.postpone(first[2], to: 900, counts: .failures)
            try await scene.postpone(first[3], to: 19.5, counts: .doubts)
            let claims = try await scene.claim(4, after: 20)
            try expect(claims.images, is: ["b.jpg", "d.jpg", "a.jpg", "e.jpg"], "the order")
            try expect(claims.map(\.failures), is: [1, 0, 0, 0], "the failures")
            try expect(claims.map(\.doubts), is: [0, 1, 0, 0], "the doubts")
            try expect(claims.map(\.throttles), is: [0, 0, 1, 0], "the throttles")
            try expect(try await scene.history("b.jpg").map(\.number), is: [1, 2], "the numbers")
        },
        JobStoreContract("with only retries left it says when the next is due, and with nothing left that it is so") {
            scene in
            try await scene.add("a.jpg", "b.jpg")
            let claims = try await scene.claim()
            try await scene.postpone(claims[0], to: 30)
            try await scene.postpone(claims[1], to: 12.5)
            try expect(try await scene.claimResult(), is: .waiting(until: .fixture + 12.5), "the wait")
            try expect(try await scene.claimResult(after: 12.499), is: .waiting(until: .fixture + 12.5), "the wait")
            try await scene.finish(try await scene.claimOne(after: 12.5))
            try await scene.finish(try await scene.claimOne(after: 30))
            try expect(try await scene.claimResult(after: 30), is: .finished, "the end")
        },
        JobStoreContract("a retry that counts against no budget leaves both as they were") { scene in
            try await scene.add("a.jpg")
            try await scene.postpone(try await scene.claimOne(), to: 1, counts: nil)
            let claim = try await scene.claimOne(after: 1)
            try expect(claim.failures + claim.throttles + claim.doubts, is: 0, "the spent budgets")
        },
        JobStoreContract("a scope bounds claims and waits alike") { scene in
            try await scene.add("a.jpg", "b.jpg", "c.jpg", "d.jpg")
            try await scene.finish(try await scene.claimOne())
            let last = try await scene.store.position(ofPending: 2)
            try expect(last, is: 2, "the place of the second pending item")
            try expect(try await scene.store.position(ofPending: 4), is: nil, "a place beyond the last")
            let scope = ClaimScope(lastPosition: last)
            let claims = try await scene.claim(within: scope)
            try expect(claims.images, is: ["b.jpg", "c.jpg"], "the claims")
            try await scene.finish(claims[0])
            try expect(try await scene.claimResult(within: scope), is: .finished, "the end within the scope")
            try await scene.postpone(claims[1], to: 5)
            try expect(
                try await scene.claimResult(within: scope), is: .waiting(until: .fixture + 5), "the wait within it")
            let narrow = ClaimScope(lastPosition: 1)
            try expect(try await scene.claimResult(after: 9, within: narrow), is: .finished, "a narrower scope's end")
        },
        JobStoreContract("two claimers at once never get the same item") { scene in
            let files = (0..<1000).map { "\($0).jpg" }
            try await scene.add(.fixture(files: files))
            async let left = claimEverything(scene.store)
            async let right = claimEverything(scene.store)
            let both = try await left + right
            try expect(both.count, is: 1000, "the claims")
            try expect(Set(both.map(\.item.id)).count, is: 1000, "the claimed items")
            try expect(Set(both.map(\.attemptID)).count, is: 1000, "the attempts")
        },
    ]

    private static func claimEverything(_ store: any JobStore) async throws -> [Claim] {
        var all: [Claim] = []
        let endpoint = Job.fixture().endpoint
        while case .claimed(let claims) = try await store.claim(upTo: 7, within: .all, for: endpoint, now: .fixture) {
            all += claims
        }
        return all
    }

    static let runs = [
        JobStoreContract("a new run takes a dead run's claims back and closes their attempts as interrupted") { scene in
            try await scene.add("a.jpg", "b.jpg", "c.jpg")
            let dead = try await scene.claim(2)
            try await scene.finish(dead[1])
            try await scene.store.markSent(
                dead[0].attemptID, to: Job.fixture().endpoint, at: dead[0].startedAt + 1)
            _ = try await scene.claim(1)
            try expect(try await scene.store.beginRun(now: .fixture + 60), is: 2, "the attempts that were open")
            let attempt = try await scene.history("a.jpg")[0]
            try expect(attempt.outcome, is: "interrupted", "the outcome")
            try expect(attempt.wasSent, is: nil, "whether it was sent")
            try expect(attempt.sentAt, is: .fixture + 1, "when it was sent")
            try expect(try await scene.history("c.jpg")[0].wasSent, is: false, "whether what has no mark was sent")
            try expect(attempt.finishedAt, is: .fixture + 60, "the end")
            try expect(attempt.itemState, is: "pending", "the state")
            try expect(try await scene.store.summary().done, is: 1, "the items done")
            try expect(try await scene.claim().images, is: ["a.jpg", "c.jpg"], "the claims of the new run")
            try expect(try await scene.history("a.jpg").map(\.number), is: [1, 2], "the numbers")
        },
        JobStoreContract("a new run after a clean one finds no open attempts") { scene in
            try await scene.add("a.jpg")
            try await scene.finishAll()
            try expect(try await scene.store.beginRun(now: .fixture), is: 0, "the attempts that were open")
            try expect(try await scene.store.summary().done, is: 1, "the items done")
        },
        JobStoreContract("a new run gives pending items fresh budgets and makes retries due at once") { scene in
            try await scene.add("a.jpg")
            try await scene.postpone(try await scene.claimOne(), to: 1, counts: .failures)
            try await scene.postpone(try await scene.claimOne(after: 1), to: 2, counts: .doubts)
            try await scene.postpone(try await scene.claimOne(after: 2), to: 3600, counts: .throttles)
            try expect(try await scene.store.summary().retrying, is: 1, "the retries")
            _ = try await scene.store.beginRun(now: .fixture + 2)
            let claim = try await scene.claimOne(after: 2)
            try expect(claim.failures + claim.throttles + claim.doubts, is: 0, "the spent budgets")
            try expect(try await scene.store.summary().retrying, is: 0, "the retries")
        },
        JobStoreContract("a wait that a server asked for outlives the run, for its item and for the endpoint") {
            scene in
            try await scene.add("a.jpg")
            var report = AttemptReport.fixture(.failed(.fixture(.unavailable), partial: nil))
            report.finishedAt = .fixture + 1
            report.holdUntil = .fixture + 31
            try await scene.store.record(
                report, of: try await scene.claimOne(), then: .retry(notBefore: .fixture + 31, counts: nil))
            _ = try await scene.store.beginRun(now: .fixture + 5)
            let endpoint = Job.fixture().endpoint
            let hold = try await scene.store.hold(of: endpoint, now: .fixture + 5)
            try expect(hold, is: .init(remaining: .seconds(26), wait: .seconds(30)), "the hold")
            try expect(try await scene.store.summary().retrying, is: 1, "the retries")
            var other = endpoint
            other.model += "-other"
            try expect(try await scene.store.hold(of: other, now: .fixture + 5), is: nil, "another's hold")
            let ended = try await scene.store.hold(of: endpoint, now: .fixture + 32)
            try expect(ended?.remaining, is: .zero, "what is left of the hold that has just ended")
            try expect(try await scene.store.hold(of: endpoint, now: .fixture + 200), is: nil, "the hold of long ago")
            // A clock that has been set back makes no wait longer.
            let earlier = try await scene.store.hold(of: endpoint, now: .fixture - 86_400)
            try expect(earlier?.remaining, is: .seconds(30), "the hold after the clock was set back")
            _ = try await scene.store.beginRun(now: .fixture - 86_400)
            try expect(try await scene.store.summary().retrying, is: 0, "the retries after the clock was set back")
        },
        JobStoreContract("an attempt that stops the run leaves its item pending as it was") { scene in
            try await scene.add("a.jpg")
            try await scene.postpone(try await scene.claimOne(), to: 1, counts: .failures)
            let failure = Failure.fixture(.unauthorized)
            try await scene.store.record(
                .fixture(.failed(failure, partial: nil)), of: try await scene.claimOne(after: 1),
                then: .putBack)
            try expect(try await scene.store.summary().pending, is: 1, "the pending items")
            try expect(try await scene.claimOne(after: 1).failures, is: 1, "the failures")
        },
        JobStoreContract("claims that are released leave no trace, and their items are due as they were") { scene in
            try await scene.add("a.jpg", "b.jpg")
            try await scene.postpone(try await scene.claimOne(), to: 1, counts: .failures)
            let claims = try await scene.claim(after: 1)
            try expect(claims.images, is: ["a.jpg", "b.jpg"], "the claims")
            try await scene.store.release(claims)
            try expect(try await scene.store.summary().attempts, is: 1, "the attempts")
            let again = try await scene.claim(after: 1)
            try expect(again.images, is: ["a.jpg", "b.jpg"], "the claims after")
            try expect(again.map(\.failures), is: [1, 0], "the failures")
            try await scene.finish(again[0])
            try await scene.store.release([again[0]])
            try expect(try await scene.store.summary().done, is: 1, "what is done stays done")
        },
        JobStoreContract("a claim tells of the item's earlier attempts in the run") { scene in
            try await scene.add("a.jpg")
            try await scene.postpone(try await scene.claimOne(), to: 1, counts: .failures)
            let earlier = try await scene.claimOne(after: 5).earlier
            try expect(earlier.count, is: 1, "the attempts before")
            try expect(earlier.first?.startedAt, is: .fixture, "when it began")
            try expect(earlier.first?.errorCode != nil, is: true, "whether it has an error code")
        },
        JobStoreContract("after a crash only what has the mark is charged, and to the endpoint that it names") {
            scene in
            try await scene.add("a.jpg", "b.jpg", "c.jpg")
            let claims = try await scene.claim()
            let here = Job.fixture().endpoint
            var there = here
            there.baseURL = "http://other/v1"
            try await scene.store.markSent(claims[0].attemptID, to: here, at: .fixture + 2)
            try await scene.store.markSent(claims[1].attemptID, to: there, at: .fixture + 3)
            func times(_ endpoint: Job.Endpoint) async throws -> [Date] {
                try await scene.store.spending(at: endpoint, since: .fixture - 60).map(\.time)
            }
            for _ in 0..<2 {
                try expect(try await times(here), is: [.fixture + 2], "the requests here")
                try expect(try await times(there), is: [.fixture + 3], "the requests there")
                _ = try await scene.store.beginRun(now: .fixture + 60)
            }
            try expect(try await scene.history("b.jpg")[0].endpoint, is: "http://other/v1", "where it went")
        },
        JobStoreContract("what was sent to an endpoint is told, refused and unsent requests are not") { scene in
            try await scene.add("a.jpg", "b.jpg", "c.jpg", "d.jpg")
            let claims = try await scene.claim()
            try await scene.finish(claims[0])
            var refused = AttemptReport.fixture(.failed(.fixture(.rateLimited), partial: nil))
            refused.httpStatus = 429
            try await scene.store.record(refused, of: claims[1], then: .putBack)
            var unsent = AttemptReport.fixture(.failed(.fixture(.unreadableImage), partial: nil))
            unsent.wasSent = false
            try await scene.store.record(unsent, of: claims[2], then: .gaveUp)
            var elsewhere = AttemptReport.fixture()
            var other = Job.fixture().endpoint
            other.baseURL = "http://other/v1"
            elsewhere.endpoint = other
            try await scene.store.record(elsewhere, of: claims[3], then: .done)
            let here = try await scene.store.spending(at: Job.fixture().endpoint, since: .fixture - 60)
            try expect(here.map(\.tokens), is: [110], "the tokens spent here")
            let there = try await scene.store.spending(at: other, since: .fixture - 60)
            try expect(there.map(\.requests), is: [1], "the requests sent there")
            try expect(
                try await scene.store.spending(at: other, since: .fixture + 60).count, is: 0, "what is too long ago")
            try expect(try await scene.history("d.jpg")[0].endpoint, is: "http://other/v1", "who answered")
        },
        JobStoreContract("failed items are requeued by code and by name, with fresh budgets") { scene in
            try await scene.add("a.jpg", "b.jpg", "c.png", "d.png", "e.png")
            let claims = try await scene.claim()
            for claim in claims.prefix(3) { try await scene.fail(claim, "refused") }
            try await scene.postpone(claims[3], to: 1)
            try await scene.fail(try await scene.claimOne(after: 1), "too_large")
            try await scene.finish(claims[4])
            func requeue(_ code: String?, _ pattern: String?) async throws -> Int {
                try await scene.store.requeue(RequeueSelection(code: code, imagePattern: pattern))
            }
            try expect(try await requeue("no_such_code", nil), is: 0, "items of an unknown code")
            try expect(try await requeue("refused", "*.png"), is: 1, "items of a code and a pattern")
            try expect(try await requeue(nil, "[ab].jpg"), is: 2, "items of a pattern")
            try expect(try await requeue("refused", nil), is: 0, "items of a code that are left")
            try expect(try await requeue(nil, nil), is: 1, "all that are left")
            let again = try await scene.claim()
            try expect(again.images, is: ["a.jpg", "b.jpg", "c.png", "d.png"], "the claims")
            try expect(again.map(\.failures), is: [0, 0, 0, 0], "the failures")
            try expect(try await scene.store.summary().done, is: 1, "the items done")
        },
    ]
}
