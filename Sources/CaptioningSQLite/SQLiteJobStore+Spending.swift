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
}
