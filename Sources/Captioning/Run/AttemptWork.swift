import Foundation
import SystemPackage

/// What one attempt does besides waiting for its turn: load, look for a twin, build, send, read.
struct AttemptWork: Sendable {
    private let job: Job
    private let planner: Planner
    private let store: any JobStore
    private let endpoints: [EndpointWork]
    private let images: ImageStage
    private let prompts: [String: PromptTemplate]
    private let system: PromptTemplate?
    private let twins = TwinGate()

    /// What differs from endpoint to endpoint.
    private struct EndpointWork: Sendable {
        let endpoint: Job.Endpoint
        let transport: any Transport
        let builder: RequestBuilder
        let reader: ResponseReader
        let estimator: TokenEstimator
    }

    /// - `transports`: One for each of the job's endpoints, in their order.
    init(
        job: Job, store: any JobStore, transports: [any Transport], converter: (any ImageConverter)?,
        fetcher: (any ImageFetcher)?
    ) throws(SpecError) {
        precondition(transports.count == job.endpoints.count, "every endpoint needs its transport")
        self.job = job
        self.store = store
        planner = Planner(job: job)
        endpoints = zip(job.endpoints, transports).map { endpoint, transport in
            EndpointWork(
                endpoint: endpoint, transport: transport, builder: RequestBuilder(job: job, model: endpoint.model),
                reader: ResponseReader(
                    dialect: endpoint.dialect, parameters: job.parameters, secrets: transport.secrets),
                estimator: TokenEstimator(
                    model: endpoint.model, provider: endpoint.provider, parameters: job.parameters))
        }
        images = ImageStage(job: job, converter: converter, fetcher: fetcher)
        do {
            var prompts: [String: PromptTemplate] = [:]
            for prompt in job.prompts {
                prompts[prompt.id] = try PromptTemplate(
                    prompt.text, variables: job.variables, allowsColumns: job.images.haveManifest)
            }
            self.prompts = prompts
            system = try job.system.map { text throws(PromptTemplate.Problem) in
                try PromptTemplate(text, variables: job.variables, allowsColumns: job.images.haveManifest)
            }
        } catch {
            throw SpecError([.init(keyPath: "prompts", message: error.message, hint: error.hint)])
        }
    }

    /// For each endpoint, the output tokens that an answer is first assumed to take.
    var firstCompletions: [Int] { endpoints.map(\.estimator.completionTokens) }

    /// Makes an item ready to be sent, or finds that nothing need be.
    ///
    /// Throws only for the store.
    func prepare(_ claim: Claim, now: @Sendable () -> Date) async throws -> Preparation {
        let item = claim.item
        let index = item.position / max(job.prompts.count, 1) + 1
        let text: String
        let system: String?
        do throws(PromptTemplate.Problem) {
            text =
                try prompts[item.key.promptID]?.render(image: item.key.image, index: index, columns: item.variables)
                ?? ""
            system = try self.system?.render(image: item.key.image, index: index, columns: item.variables)
        } catch {
            return settled(Failure(.refused, label: "prompt_too_long", detail: "the prompt: \(error.message)"), now)
        }
        let source = ImageStage.Source(
            files: planner.files(of: item.key), url: item.key.kind == .url ? item.key.image.text ?? "" : nil)
        var held: ImageStage.Held
        do throws(Failure) {
            held = try await images.load(source)
        } catch {
            return settled(error, now)
        }
        // By the files alone, whatever is sent of them: what is known already need not even be prepared.
        let print = fingerprint(of: held.images, item, text: text, system: system)
        if let print {
            let hasTwin = await !twins.enterIfFree(print)
            if hasTwin {
                // The twin's answer may take minutes, and the twin may be waiting for this very memory.
                held.lease.release()
                held = ImageStage.Held(images: [], lease: held.lease)
                await twins.enter(print)
            }
            do {
                if let (completion, attemptID) = try await store.completion(matching: print) {
                    await leave(held.lease, print)
                    return .settled(
                        AttemptReport(
                            outcome: .reused(completion, from: attemptID), wasSent: false, finishedAt: now(),
                            fingerprint: print))
                }
            } catch {
                await leave(held.lease, print)
                throw error
            }
            if hasTwin {
                do throws(Failure) {
                    held = try await images.load(source)
                    guard fingerprint(of: held.images, item, text: text, system: system) == print else {
                        throw Failure(
                            .transient, label: "file_unreadable",
                            detail: "the image changed while the run waited for it")
                    }
                } catch {
                    await leave(held.lease, print)
                    return settled(error, now)
                }
            }
        }
        let prepared: [RequestBuilder.Image]
        do throws(Failure) {
            prepared = try await images.prepare(held, from: source)
        } catch {
            await leave(held.lease, print)
            return settled(error, now)
        }
        let sides = prepared.map { image -> (width: Int, height: Int)? in
            guard case .inline(let payload) = image else { return nil }
            return (payload.record.sent.width, payload.record.sent.height)
        }
        return .ready(
            PreparedRequest(
                claim: claim, text: text, system: system, images: prepared, lease: held.lease, fingerprint: print,
                promptTokens: endpoints.map {
                    $0.estimator.promptTokens(text: text, system: system, images: sides)
                }))
    }

    /// What makes the request for an item the same as another; nil when the provider downloads its image.
    private func fingerprint(of images: [LoadedImage], _ item: Item, text: String, system: String?) -> Data? {
        guard !images.isEmpty else { return nil }
        return endpoints[0].builder.fingerprint(
            promptID: item.key.promptID, text: text, system: system, digests: images.map(\.digest))
    }

    /// A claim whose image cannot be sent.
    private func settled(_ failure: Failure, _ now: @Sendable () -> Date) -> Preparation {
        .settled(AttemptReport(outcome: .failed(failure, partial: nil), wasSent: false, finishedAt: now()))
    }

    /// Sends a request and reads its reply.
    func send(_ request: PreparedRequest, to endpoint: Int, now: @Sendable () -> Date) async -> AttemptReport {
        let work = endpoints[endpoint]
        let body = work.builder.body(text: request.text, system: request.system, images: request.images)
        var report = AttemptReport(
            outcome: .failed(TransportError.cancelled.failure, partial: nil), wasSent: false, finishedAt: now(),
            fingerprint: request.fingerprint, endpoint: work.endpoint)
        report.images = SentImages(
            request.images.compactMap { image in
                if case .inline(let payload) = image { payload.record } else { nil }
            })
        guard !Task.isCancelled else { return report }
        report.wasSent = true
        do throws(TransportError) {
            let reply = try await work.transport.send(body) {
                body.discard()
                request.lease.release()
            }
            let reading = work.reader.reading(of: reply, now: now())
            report.outcome = reading.outcome
            report.requestID = reading.requestID
            report.httpStatus = reply.status
            report.rateLimits = reply.rateLimits(now: now())
        } catch {
            report.outcome = .failed(work.transport.secrets.scrubbed(error.failure), partial: nil)
            if case .unreachable = error { report.wasSent = false }
        }
        return report
    }

    /// Lets go of everything that a request holds, and its twin in.
    ///
    /// After the record of an answer, so that the twin finds it.
    func abandon(_ request: PreparedRequest) async {
        await leave(request.lease, request.fingerprint)
    }

    private func leave(_ lease: ImageMemory.Lease, _ print: Data?) async {
        lease.release()
        if let print { await twins.leave(print) }
    }
}

/// What became of a claim before anything was sent.
enum Preparation: Sendable {
    /// It waits for its turn.
    case ready(PreparedRequest)
    /// Nothing need be sent: the image cannot be, or the answer is known.
    case settled(AttemptReport)
}

/// A request that can be sent at once, to any endpoint.
struct PreparedRequest: Sendable {
    let claim: Claim
    let text: String
    let system: String?
    let images: [RequestBuilder.Image]
    /// The images' bytes in memory.
    let lease: ImageMemory.Lease
    /// What makes it the same as another; nil when an image is remote.
    let fingerprint: Data?
    /// The estimated input at each endpoint.
    let promptTokens: [Int]
}
