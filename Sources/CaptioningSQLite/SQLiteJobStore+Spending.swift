public import Captioning
public import Foundation
import GRDB

extension SQLiteJobStore {
    /// A request may have waited so long between its claim and its turn, in seconds.
    private static let maxWait = 3600.0

    /// What was sent to an endpoint since a time: attempts with the mark that they went there, also those that a crash cut
    /// short.
    ///
    /// Attempts are looked through from the last one backwards, so that a long history costs nothing.
    public func spending(at endpoint: Job.Endpoint, since time: Date) async throws -> [Spending] {
        try await guarded {
            try await read { db in
                var spending: [Spending] = []
                let rows = try Row.fetchCursor(
                    db,
                    sql: """
                        SELECT startedAt, sentAt, endpoint, model, httpStatus, totalTokens, promptTokens, completionTokens
                        FROM attempt ORDER BY id DESC
                        """)
                let earliestClaim = time.addingTimeInterval(-Self.maxWait).unixMilliseconds
                while let row = try rows.next() {
                    var values = RowReader(row)
                    guard try values.someNumber() >= earliestClaim else { break }
                    let sentAt = try values.date()
                    let (baseURL, model) = (try values.someText(), try values.someText())
                    let status = try values.int()
                    let (total, prompt, completion) = (try values.int(), try values.int(), try values.int())
                    // Refused ones are not counted by providers.
                    guard let sentAt, sentAt >= time, status != 429, baseURL == endpoint.baseURL,
                        model == endpoint.model
                    else { continue }
                    let sum = prompt.flatMap { prompt in
                        completion.map { prompt.addingReportingOverflow($0).partialValue }
                    }
                    spending.append(Spending(time: sentAt, requests: 1, tokens: total ?? sum))
                }
                return spending
            }
        }
    }

    /// How long an endpoint is still to be left alone; the longest hold counts.
    ///
    /// By the time that has passed since the hold began: a clock that is set back makes no wait longer. One that is just over
    /// counts, too, unless the endpoint has answered since: it most likely refuses still.
    public func hold(of endpoint: Job.Endpoint, now: Date) async throws -> EndpointHold? {
        try await guarded {
            try await read { db in
                let time = now.unixMilliseconds
                let rows = try Row.fetchCursor(
                    db,
                    sql: """
                        SELECT holdUntil, finishedAt FROM attempt INDEXED BY attemptHold
                        WHERE holdUntil > ?1 AND endpoint = ?2 AND model = ?3 AND finishedAt IS NOT NULL AND NOT EXISTS (
                            SELECT 1 FROM attempt AS later WHERE later.id > attempt.id AND later.outcome = 'completed'
                                AND later.endpoint = ?2 AND later.model = ?3)
                        """, arguments: [time &- Self.justOver, endpoint.baseURL, endpoint.model])
                var longest: EndpointHold?
                while let row = try rows.next() {
                    var values = RowReader(row)
                    let (end, start) = (try values.someNumber(), try values.someNumber())
                    let wait = end.subtractingReportingOverflow(start).partialValue
                    let remaining = max(min(end.subtractingReportingOverflow(time).partialValue, wait), 0)
                    guard (1...Self.longestHold).contains(wait),
                        longest.map({ .milliseconds(remaining) > $0.remaining }) ?? true
                    else { continue }
                    longest = EndpointHold(remaining: .milliseconds(remaining), wait: .milliseconds(wait))
                }
                return longest
            }
        }
    }

    /// Milliseconds for which a hold that is over tells that everything was refused.
    private static let justOver: Int64 = 120_000

    /// A week in milliseconds: no server's word for a longer wait is believed.
    private static let longestHold: Int64 = 7 * 86_400_000
}
