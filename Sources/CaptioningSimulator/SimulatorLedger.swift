import Foundation

/// What a simulated provider saw, by counts.
public struct SimulatorLedger: Hashable, Codable, Sendable {
    /// Requests for a completion that arrived whole, faulty ones included.
    public var requests = 0
    /// Replies by HTTP status; requests that got none are not here.
    public var statuses: [String: Int] = [:]
    /// Faults by kind.
    public var faults: [String: Int] = [:]
    /// Replies that were 429, faults included, and refusals for too much work whatever their status.
    public var throttled = 0
    /// Requests that were refused as malformed.
    public var malformed = 0
    /// The last few reasons for refusals.
    public var refusals: [String] = []
    /// Good, whole answers.
    public var accepted = 0
    /// Different requests among the accepted.
    public var distinctAccepted = 0
    /// Requests that were accepted before: what a careful client never sends.
    public var duplicates = 0
    /// The most requests at work at one time.
    public var largestInFlight = 0
    /// Input tokens that a provider would bill.
    public var promptTokens = 0
    /// Output tokens that a provider would bill.
    public var completionTokens = 0

    /// Nothing seen.
    public init() {}
}

/// The books while the simulator runs: counts, and a 32-byte digest for every different request.
struct LedgerState: Sendable {
    private(set) var ledger = SimulatorLedger()
    private var occurrences: [Data: Int] = [:]
    private var accepted: Set<Data> = []

    /// Counts a request in; the result says how often the same one came before.
    mutating func arrive(_ digest: Data, inFlight: Int) -> Int {
        ledger.requests += 1
        ledger.largestInFlight = max(ledger.largestInFlight, inFlight)
        defer { occurrences[digest, default: 0] += 1 }
        return occurrences[digest] ?? 0
    }

    mutating func note(_ fault: Fault) {
        ledger.faults[fault.rawValue, default: 0] += 1
    }

    mutating func note(status: Int) {
        ledger.statuses[String(status), default: 0] += 1
    }

    mutating func note(refusal: SimulatedError) {
        if refusal.isThrottling { ledger.throttled += 1 }
        guard refusal.status == 400 else { return }
        ledger.malformed += 1
        ledger.refusals.append(refusal.message)
        if ledger.refusals.count > 10 { ledger.refusals.removeFirst() }
    }

    /// Counts an answer in; only whole ones are accepted, all are billed.
    mutating func note(_ answer: SimulatedAnswer, for digest: Data, isWhole: Bool) {
        ledger.promptTokens += answer.promptTokens
        ledger.completionTokens += answer.completionTokens
        guard isWhole else { return }
        ledger.accepted += 1
        if !accepted.insert(digest).inserted { ledger.duplicates += 1 }
        ledger.distinctAccepted = accepted.count
    }
}
