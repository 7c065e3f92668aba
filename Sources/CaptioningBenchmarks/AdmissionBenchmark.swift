import Captioning
import DequeModule
import Foundation
import SystemPackage

/// What one admission costs: asked, granted and noted, with a thousand requests that wait.
struct AdmissionBenchmark {
    private static let rounds = 300_000
    private static let waiting = 1_000

    /// Nanoseconds of CPU an admission.
    static func nanosecondsPerAdmission() -> Double {
        var job = Job(
            name: "benchmark", root: "/", images: [], prompts: [],
            endpoint: .init(provider: .custom, baseURL: "http://localhost/v1", model: "m", apiKeyVariable: nil),
            limits: .init(
                requestsPerMinute: 1_000_000, tokensPerMinute: 2_000_000_000, requestsPerDay: 1_000_000_000,
                concurrency: 512), store: "/dev/null")
        var second = job.endpoint
        second.baseURL = "http://localhost:1/v1"
        job.endpoints.append(second)
        let pool = EndpointPool(job: job, firstCompletions: [100, 100], start: Date(timeIntervalSince1970: 0))
        var queue = Deque((0..<waiting).map { [1000 + $0, 1000 + $0] })
        var inFlight: Deque<EndpointPool.Grant> = []
        let claim = Claim(
            item: Item(id: .init(1), key: .init(kind: .file, image: ImageName("a.jpg"), promptID: "a"), position: 0),
            attemptID: .init(1), startedAt: Date(timeIntervalSince1970: 0))
        var completion = Completion(caption: "a caption")
        completion.usage = Usage(promptTokens: 1500, completionTokens: 40, totalTokens: 1540)
        let report = AttemptReport(
            outcome: .completed(completion), wasSent: true, httpStatus: 200, finishedAt: Date(timeIntervalSince1970: 0))

        var admissions = 0
        var time = 0.0
        let start = clock()
        while admissions < rounds {
            time += 0.000_04
            var isGranted = false
            if let first = queue.first, case .send(let grant) = pool.admit(promptTokens: first, at: time) {
                isGranted = true
                queue.removeFirst()
                queue.append(first)
                inFlight.append(grant)
                admissions += 1
            }
            if !isGranted || inFlight.count > 400, let grant = inFlight.popFirst() {
                pool.note(report, of: claim, grant, at: time, wallClock: report.finishedAt)
            }
        }
        return Double(clock() - start) / Double(CLOCKS_PER_SEC) * 1e9 / Double(admissions)
    }
}
