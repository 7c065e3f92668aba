import Captioning
import Foundation

extension JobStoreContract {
    static let records = [
        JobStoreContract("an answer is kept with everything that was reported") { scene in
            try await scene.add("a.jpg")
            var completion = Completion.fixture("A red chair.")
            completion.reasoning = "I see a chair."
            completion.usage.cachedTokens = 0
            let claim = try await scene.claimOne()
            try await scene.store.record(
                .fixture(.completed(completion), finishedAt: .fixture + 2.5), of: claim, then: .done)
            let row = try await scene.rows()[0]
            var expected = ExportRow(
                image: ImageName("a.jpg"), prompt: "alt", status: .done, caption: "A red chair.", finishReason: "stop",
                model: "fixture-model-2", usage: completion.usage, attempts: 1, completedAt: .fixture + 2.5)
            expected.provider = "custom"
            try expect(row, is: expected, "the row")
            let attempt = try await scene.history("a.jpg")[0]
            try expect(attempt.outcome, is: "completed", "the outcome")
            try expect(attempt.wasSent, is: true, "whether it was sent")
            try expect(attempt.reasoning, is: "I see a chair.", "the reasoning")
            try expect(attempt.usage, is: completion.usage, "the tokens")
            try expect(attempt.usage.reasoningTokens, is: nil, "tokens that were not reported")
            try expect(attempt.latencyMs, is: 1234, "the latency")
            try expect(attempt.httpStatus, is: 200, "the status")
            try expect(attempt.providerRequestID, is: "request-1", "the provider's name for it")
            try expect(attempt.model, is: "fixture-model", "the model asked")
            try expect(attempt.answeredModel, is: "fixture-model-2", "the model that answered")
        },
        JobStoreContract("numbers that nobody can mean, and NULs, are no reason to refuse an answer") { scene in
            try await scene.add("a.jpg", "b.jpg")
            let claims = try await scene.claim()
            for (claim, tokens) in zip(claims, [Int.max, -1]) {
                var completion = Completion.fixture("A red\0 chair.")
                completion.model = "m\0"
                completion.usage = Usage(
                    promptTokens: tokens, completionTokens: tokens, totalTokens: tokens, imageTokens: tokens,
                    cachedTokens: tokens, reasoningTokens: tokens)
                var report = AttemptReport.fixture(.completed(completion))
                report.fingerprint = Data([1, 2, 3])
                report.latency = .seconds(-5)
                report.finishedAt = .distantFuture
                try await scene.store.record(report, of: claim, then: .done)
            }
            try expect(
                try await scene.rows().map(\.caption), is: ["A red\u{FFFD} chair.", "A red\u{FFFD} chair."],
                "the captions")
            try expect(try await scene.rows().map(\.usage), is: [Usage(), Usage()], "the tokens")
            try expect(try await scene.store.summary().promptTokens, is: 0, "the input tokens")
        },
        JobStoreContract("a failure for good is kept with its code and message") { scene in
            try await scene.add("a.jpg")
            let report = AttemptReport(
                outcome: .failed(Failure(.unreadableImage, label: "not_an_image", detail: "no image"), partial: nil),
                wasSent: false, finishedAt: .fixture)
            try await scene.store.record(report, of: try await scene.claimOne(), then: .gaveUp)
            let row = try await scene.rows()[0]
            try expect(row.status, is: .failed, "the status")
            try expect(row.errorCode, is: "not_an_image", "the code")
            try expect(row.errorMessage, is: "no image", "the message")
            try expect(row.caption, is: nil, "the caption")
            let attempt = try await scene.history("a.jpg")[0]
            try expect(attempt.outcome, is: "failed", "the outcome")
            try expect(attempt.wasSent, is: false, "whether it was sent")
            try expect(attempt.latencyMs, is: nil, "the latency")
            try expect(attempt.httpStatus, is: nil, "the status")
        },
        JobStoreContract("an attempt that a run's end cut off is interrupted, and its item due at once") { scene in
            try await scene.add("a.jpg")
            try await scene.store.record(
                .fixture(.failed(.fixture(.interrupted), partial: nil)), of: try await scene.claimOne(),
                then: .retry(notBefore: .fixture, counts: nil))
            try expect(try await scene.history("a.jpg")[0].outcome, is: "interrupted", "the outcome")
            try expect(try await scene.claim().images, is: ["a.jpg"], "the claims")
        },
        JobStoreContract("an attempt is completed once") { scene in
            try await scene.add("a.jpg")
            let claim = try await scene.claimOne()
            try await scene.finish(claim, "The first.")
            do {
                try await scene.finish(claim, "The second.")
                throw Violation(description: "an attempt was completed twice")
            } catch is StoreError {}
            try expect(try await scene.rows().map(\.caption), is: ["The first."], "the caption")
        },
        JobStoreContract("records that come at once all land, each on disk before it is reported") { scene in
            try await scene.add(.fixture(files: (0..<120).map { "\($0).jpg" }))
            let claims = try await scene.claim(120)
            let other = try scene.again()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for claim in claims {
                    group.addTask {
                        let image = claim.item.key.image
                        try await scene.finish(claim, "Caption of \(image.display)")
                        let seen = try await other.history(of: image, promptID: nil)
                        try expect(seen.map(\.caption), is: ["Caption of \(image.display)"], "what another sees")
                    }
                }
                try await group.waitForAll()
            }
            let rows = try await scene.rows(of: other)
            try expect(rows.map(\.caption), is: claims.images.map { "Caption of \($0)" }, "the captions")
        },
    ]

    static let answers = [
        JobStoreContract("only a whole answer is found again by its fingerprint") { scene in
            let prints = (0..<4).map { Data(repeating: $0, count: 32) }
            try await scene.add("whole.jpg", "cut.jpg", "bare.jpg")
            let claims = try await scene.claim()
            try await scene.finish(claims[0], "Whole.", fingerprint: prints[0])
            try await scene.fail(claims[1], "truncated", partial: .fixture("Cut"), fingerprint: prints[1])
            try await scene.finish(claims[2], "Bare.", fingerprint: nil)
            let found = try await scene.store.completion(matching: prints[0])
            try expect(found?.0, is: .fixture("Whole."), "the answer")
            try expect(found?.1, is: claims[0].attemptID, "the attempt that was paid for")
            for print in prints.dropFirst() {
                try expect(try await scene.store.completion(matching: print)?.0, is: nil, "another answer")
            }
        },
        JobStoreContract("a reused answer is exported with its caption and books no tokens") { scene in
            try await scene.add("a.jpg", "copy.jpg")
            let claims = try await scene.claim()
            try await scene.finish(claims[0], "A red chair.", fingerprint: Data(repeating: 7, count: 32))
            let report = AttemptReport(
                outcome: .reused(.fixture("A red chair."), from: claims[0].attemptID), wasSent: false,
                finishedAt: .fixture, fingerprint: Data(repeating: 7, count: 32))
            try await scene.store.record(report, of: claims[1], then: .done)
            let summary = try await scene.store.summary()
            try expect(summary.reused, is: 1, "the reused answers")
            try expect(summary.promptTokens, is: 100, "the input tokens")
            try expect(summary.completionTokens, is: 10, "the output tokens")
            let row = try await scene.rows()[1]
            try expect(row.status, is: .done, "the status")
            try expect(row.caption, is: "A red chair.", "the caption")
            try expect(row.usage, is: Usage(), "the tokens")
            let attempt = try await scene.history("copy.jpg")[0]
            try expect(attempt.outcome, is: "reused", "the outcome")
            try expect(attempt.caption, is: "A red chair.", "the caption in the history")
        },
        JobStoreContract("a cut answer is kept, counted and exported as failed") { scene in
            try await scene.add("a.jpg")
            var partial = Completion.fixture("A red ch")
            partial.finishReason = "length"
            try await scene.fail(try await scene.claimOne(), "truncated", partial: partial)
            let row = try await scene.rows()[0]
            try expect(row.status, is: .failed, "the status")
            try expect(row.caption, is: "A red ch", "the caption")
            try expect(row.finishReason, is: "length", "why the model stopped")
            try expect(row.errorCode, is: "truncated", "the code")
            try expect(row.usage.completionTokens, is: 10, "the tokens")
            try expect(try await scene.store.summary().completionTokens, is: 10, "the tokens in all")
        },
    ]
}
