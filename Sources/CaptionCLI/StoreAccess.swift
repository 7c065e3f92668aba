import Captioning
import CaptioningSQLite
import SystemPackage

/// Opens a job's store for reading, and closes it again so that no working files stay behind.
///
/// - Throws: `StoreError`, `.missing` when there is no store yet; whatever `body` throws.
func withStore<Result>(of job: Job, _ body: (SQLiteJobStore) async throws -> Result) async throws -> Result {
    let store = try SQLiteJobStore.openForReading(path: job.store.string)
    let result: Result
    do {
        result = try await body(store)
    } catch {
        try? store.close()
        throw error
    }
    try store.close()
    return result
}
