public import Captioning
public import Foundation
import GRDB

extension SQLiteJobStore {
    /// A request may have waited so long between its claim and its turn, in seconds.
    private static let longestWait = 3600.0

    /// What was sent to an endpoint since a time.
    ///
    /// Attempts are looked through from the last one backwards, so that a long history costs nothing.
    public func spending(at endpoint: Job.Endpoint, since time: Date) async throws -> [Spending] {
        try await guarded {
            try await read { db in
                var spending: [Spending] = []
                let rows = try Row.fetchCursor(
                    db,
                    sql: """
                        SELECT startedAt, finishedAt, latencyMs, endpoint, model, wasSent, httpStatus,
                            coalesce(totalTokens, promptTokens + completionTokens) AS tokens
                        FROM attempt ORDER BY id DESC
                        """)
                let earliestClaim = time.addingTimeInterval(-Self.longestWait).unixMilliseconds
                while let row = try rows.next() {
                    let startedAt: Int64 = row["startedAt"]
                    guard startedAt >= earliestClaim else { break }
                    let (baseURL, model): (String, String) = (row["endpoint"], row["model"])
                    let (wasSent, status): (Bool?, Int?) = (row["wasSent"], row["httpStatus"])
                    // Refused ones are not counted by providers. What was in flight at a crash may have been sent, and
                    // to another endpoint than the claim said.
                    let isHere = wasSent == nil || (baseURL == endpoint.baseURL && model == endpoint.model)
                    guard isHere, wasSent != false, status != 429 else { continue }
                    let (finishedAt, latency): (Int64?, Int64?) = (row["finishedAt"], row["latencyMs"])
                    let sentAt = Date(unixMilliseconds: (finishedAt ?? startedAt) - (latency ?? 0))
                    guard sentAt >= time else { continue }
                    spending.append(Spending(time: sentAt, requests: 1, tokens: row["tokens"]))
                }
                return spending
            }
        }
    }
}
