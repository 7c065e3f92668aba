import Foundation
import SystemPackage

/// Everything one attempt does between its claim and its record: load, look for a twin, build, send, read.
struct AttemptWork: Sendable {
    private let job: Job
    private let planner: Planner
    private let store: any JobStore
    private let transport: any Transport
    private let loader: ImageLoader
    private let builder: RequestBuilder
    private let reader: ResponseReader
    private let prompts: [String: PromptTemplate]
    private let system: PromptTemplate?
    private let budget: ByteBudget
    private let twins = TwinGate()

    init(job: Job, store: any JobStore, transport: any Transport, imageBytesInFlight: Int) throws(SpecError) {
        self.job = job
        self.store = store
        self.transport = transport
        planner = Planner(job: job)
        loader = ImageLoader(limits: job.endpoint.imageLimits)
        builder = RequestBuilder(job: job)
        reader = ResponseReader(dialect: job.endpoint.dialect)
        budget = ByteBudget(limit: imageBytesInFlight)
        do {
            var prompts: [String: PromptTemplate] = [:]
            for prompt in job.prompts {
                prompts[prompt.id] = try PromptTemplate(prompt.text, variables: job.variables)
            }
            self.prompts = prompts
            system = try job.system.map { text throws(PromptTemplate.Problem) in
                try PromptTemplate(text, variables: job.variables)
            }
        } catch {
            throw SpecError([.init(keyPath: "prompts", message: error.message, hint: error.hint)])
        }
    }

    /// Makes the attempt.
    ///
    /// Throws only for the store.
    func attempt(_ claim: Claim, now: @Sendable () -> Date) async throws -> AttemptReport {
        let item = claim.item
        let index = item.position / max(job.prompts.count, 1) + 1
        let text = prompts[item.key.promptID]?.render(image: item.key.image, index: index) ?? ""
        let system = system?.render(image: item.key.image, index: index)
        let files = planner.files(of: item.key)
        let lease = await budget.acquire(files.reduce(0) { $0 + loader.byteCount(of: $1) })
        defer { lease.release() }

        var images: [RequestBuilder.Image] = []
        for file in files {
            do throws(Failure) {
                images.append(.inline(try loader.load(file)))
            } catch {
                var failure = error
                if files.count > 1 { failure.detail = "\(file.string): \(failure.detail)" }
                return AttemptReport(outcome: .failed(failure, partial: nil), wasSent: false, finishedAt: now())
            }
        }
        if item.key.kind == .url { images = [.remote(url: item.key.image.text ?? "")] }

        guard let print = builder.fingerprint(promptID: item.key.promptID, text: text, system: system, images: images)
        else {
            return await send(builder.body(text: text, system: system, images: images), lease, nil, now)
        }
        await twins.enter(print)
        let report: AttemptReport
        do {
            let store = store
            let stored = try await uncancelled { try await store.completion(matching: print) }
            if let (completion, attemptID) = stored {
                report = AttemptReport(
                    outcome: .reused(completion, from: attemptID), wasSent: false, finishedAt: now(), fingerprint: print
                )
            } else {
                report = await send(builder.body(text: text, system: system, images: images), lease, print, now)
            }
        } catch {
            await twins.leave(print)
            throw error
        }
        await twins.leave(print)
        return report
    }

    private func send(
        _ body: RequestBody, _ lease: ByteBudget.Lease, _ fingerprint: Data?, _ now: @Sendable () -> Date
    ) async -> AttemptReport {
        var report = AttemptReport(
            outcome: .failed(TransportError.cancelled.failure, partial: nil), wasSent: false, finishedAt: now(),
            fingerprint: fingerprint)
        guard !Task.isCancelled else { return report }
        report.wasSent = true
        do throws(TransportError) {
            let reply = try await transport.send(body) {
                body.discard()
                lease.release()
            }
            let reading = reader.reading(of: reply, now: now())
            report.outcome = reading.outcome
            report.requestID = reading.requestID
            report.httpStatus = reply.status
        } catch {
            report.outcome = .failed(error.failure, partial: nil)
            if case .unreachable = error { report.wasSent = false }
        }
        return report
    }
}
