import Captioning
import CaptioningSQLite
import CaptioningTesting
import Testing

struct SQLiteContractTests {
    @Test(arguments: JobStoreContract.all)
    func `a store in memory keeps the contract`(_ clause: JobStoreContract) async throws {
        try await clause.verify(JobStoreContract.Subject(store: SQLiteJobStore.inMemory()))
    }

    @Test(arguments: JobStoreContract.all)
    func `a store on disk keeps the contract`(_ clause: JobStoreContract) async throws {
        try await TemporaryFolder.use { folder in
            let path = folder.path("job.sqlite")
            let store = try SQLiteJobStore.open(path: path, name: "job", now: .fixture)
            try await clause.verify(
                JobStoreContract.Subject(store: store) { try SQLiteJobStore.openForReading(path: path) })
        }
    }
}
