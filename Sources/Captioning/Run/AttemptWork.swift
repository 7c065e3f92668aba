import Foundation
import SystemPackage

/// What one attempt does besides waiting for its turn: load, look for a twin, build, send, read.
struct AttemptWork: Sendable {
    private let job: Job
    private let planner: Planner
    private let store: any JobStore
    private let endpoints: [EndpointWork]
    private let loader = ImageLoader()
    private let preparer: ImagePreparer
    private let fetcher: (any ImageFetcher)?
    private let prompts: [String: PromptTemplate]
    private let system: PromptTemplate?
    private let budget: ByteBudget
    private let twins = TwinGate()

    /// What is set aside for an image whose size is known only when it has been downloaded.
    private static let fetchedBytes = 8 << 20

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
        fetcher: (any ImageFetcher)?, imageBytesInFlight: Int
    ) throws(SpecError) {
        precondition(transports.count == job.endpoints.count, "every endpoint needs its transport")
        self.job = job
        self.store = store
        planner = Planner(job: job)
        endpoints = zip(job.endpoints, transports).map { endpoint, transport in
            EndpointWork(
                endpoint: endpoint, transport: transport, builder: RequestBuilder(job: job, model: endpoint.model),
                reader: ResponseReader(dialect: endpoint.dialect, secrets: transport.secrets),
                estimator: TokenEstimator(
                    model: endpoint.model, provider: endpoint.provider, parameters: job.parameters))
        }
        self.fetcher = job.fetch.place == .local ? fetcher : nil
        preparer = ImagePreparer(job: job, converter: converter)
        budget = ByteBudget(limit: imageBytesInFlight)
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
            return settled(
                Failure(.refused, label: "prompt_too_long", detail: "the prompt: \(error.message)"), of: nil, now)
        }
        let files = planner.files(of: item.key)
        let url = item.key.kind == .url ? item.key.image.text ?? "" : nil
        let isFetched = url != nil && fetcher != nil
        let bytes = files.reduce(isFetched ? Self.fetchedBytes : 0) { $0 + loader.byteCount(of: $1) }
        let lease = await budget.acquire(bytes)

        let fetched: LoadedImage?
        do throws(Failure) {
            fetched = try await fetch(url)
        } catch {
            lease.release()
            return settled(error, of: nil, now)
        }
        var loaded = fetched.map { [$0] } ?? []
        for file in files {
            do throws(Failure) {
                loaded.append(try loader.load(file))
            } catch {
                lease.release()
                return settled(error, of: files.count > 1 ? file : nil, now)
            }
        }
        // By the files alone, whatever is sent of them: what is known already need not even be prepared.
        let print =
            loaded.isEmpty
            ? nil
            : endpoints[0].builder.fingerprint(
                promptID: item.key.promptID, text: text, system: system, digests: loaded.map(\.digest))
        if let print {
            await twins.enter(print)
            do {
                if let (completion, attemptID) = try await store.completion(matching: print) {
                    await leave(lease, print)
                    return .settled(
                        AttemptReport(
                            outcome: .reused(completion, from: attemptID), wasSent: false, finishedAt: now(),
                            fingerprint: print))
                }
            } catch {
                await leave(lease, print)
                throw error
            }
        }
        var images: [RequestBuilder.Image] = []
        for (place, image) in loaded.enumerated() {
            do throws(Failure) {
                images.append(.inline(try await preparer.prepare(image)))
            } catch {
                await leave(lease, print)
                return settled(error, of: files.count > 1 ? files[place] : nil, now)
            }
        }
        if let url, fetched == nil { images = [.remote(url: url)] }
        let sides = images.map { image -> (width: Int, height: Int)? in
            guard case .inline(let payload) = image else { return nil }
            return (payload.record.sent.width, payload.record.sent.height)
        }
        return .ready(
            PreparedRequest(
                claim: claim, text: text, system: system, images: images, lease: lease, fingerprint: print,
                promptTokens: endpoints.map {
                    $0.estimator.promptTokens(text: text, system: system, images: sides)
                }))
    }

    /// A remote image, where the job wants it downloaded here.
    private func fetch(_ url: String?) async throws(Failure) -> LoadedImage? {
        guard let url, let fetcher else { return nil }
        return try loader.loaded(try await fetcher.fetch(url))
    }

    /// A claim whose image cannot be sent.
    ///
    /// - `file`: Which of several it was.
    private func settled(_ failure: Failure, of file: FilePath?, _ now: @Sendable () -> Date) -> Preparation {
        var failure = failure
        if let file { failure.detail = "\(file.string): \(failure.detail)" }
        return .settled(AttemptReport(outcome: .failed(failure, partial: nil), wasSent: false, finishedAt: now()))
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

    private func leave(_ lease: ByteBudget.Lease, _ print: Data?) async {
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
    let lease: ByteBudget.Lease
    /// What makes it the same as another; nil when an image is remote.
    let fingerprint: Data?
    /// The estimated input at each endpoint.
    let promptTokens: [Int]
}
