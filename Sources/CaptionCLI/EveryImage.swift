import Captioning
import Foundation

/// Works on each image or group of a job once, twice as many at a time as there are processors, and tells of them in the
/// order of the plan.
///
/// - `work`: Runs beside that of other images.
/// - `then`: Called with its result, one after the other.
func forEachImage<Result: Sendable>(
    of job: Job, _ context: Context, _ work: @escaping @Sendable (Item.Key) async -> Result,
    then tell: (Item.Key, Result) throws -> Void
) async throws {
    var found: [Item.Key] = []
    let notes = try Planner(job: job).forEachImage { key in
        if key.kind != .url { found.append(key) }
    }
    for warning in notes.warnings { context.note("warning: \(warning)") }
    let keys = found
    let width = ProcessInfo.processInfo.activeProcessorCount * 2
    try await withThrowingTaskGroup(of: (Int, Result).self) { group in
        var waiting: [Int: Result] = [:]
        var (started, told) = (0, 0)
        while told < keys.count {
            while started < keys.count, started - told < width {
                group.addTask { [started] in (started, await work(keys[started])) }
                started += 1
            }
            guard let (place, result) = try await group.next() else { break }
            waiting[place] = result
            while let result = waiting.removeValue(forKey: told) {
                try tell(keys[told], result)
                told += 1
            }
        }
    }
}
