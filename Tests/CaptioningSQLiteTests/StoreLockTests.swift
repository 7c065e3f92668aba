import Captioning
import CaptioningSQLite
import CaptioningTesting
import Foundation
import Testing

struct StoreLockTests {
    private let ownPID = ProcessInfo.processInfo.processIdentifier

    @Test func `a second lock fails at once and names the runner`() async throws {
        try await TemporaryFolder.use { folder in
            let path = folder.path("job.sqlite")
            let lock = try StoreLock(storePath: path)
            #expect(throws: StoreError.locked(path: path, pid: ownPID)) { try StoreLock(storePath: path) }
            #expect(StoreLock.runner(ofStore: path) == ownPID)
            withExtendedLifetime(lock) {}
        }
    }

    @Test func `asking who runs takes no lock and makes no file`() async throws {
        try await TemporaryFolder.use { folder in
            let path = folder.path("job.sqlite")
            #expect(StoreLock.runner(ofStore: path) == nil)
            let names = try folder.names()
            #expect(names.isEmpty)
        }
    }

    @Test func `a lock that ends takes its file along and makes way`() async throws {
        try await TemporaryFolder.use { folder in
            let path = folder.path("job.sqlite")
            do {
                let lock = try StoreLock(storePath: path)
                #expect(try folder.names() == ["job.sqlite.lock"])
                withExtendedLifetime(lock) {}
            }
            #expect(try folder.names().isEmpty)
            #expect(StoreLock.runner(ofStore: path) == nil)
            let next = try StoreLock(storePath: path)
            withExtendedLifetime(next) {}
        }
    }

    @Test func `the lock file of a dead process is no obstacle`() async throws {
        try await TemporaryFolder.use { folder in
            let path = folder.path("job.sqlite")
            try folder.write(Array("99999999\n\n".utf8), to: "job.sqlite.lock")
            #expect(StoreLock.runner(ofStore: path) == nil)
            let lock = try StoreLock(storePath: path)
            #expect(StoreLock.runner(ofStore: path) == ownPID)
            withExtendedLifetime(lock) {}
        }
    }

    @Test func `two stores have two locks`() async throws {
        try await TemporaryFolder.use { folder in
            let first = try StoreLock(storePath: folder.path("a.sqlite"))
            let second = try StoreLock(storePath: folder.path("b.sqlite"))
            withExtendedLifetime((first, second)) {}
        }
    }

    @Test func `a lock beside a store that cannot be is an error that names the store`() async throws {
        try await TemporaryFolder.use { folder in
            let path = folder.path("missing/job.sqlite")
            #expect {
                try StoreLock(storePath: path)
            } throws: { error in
                if case .failed(path, _)? = error as? StoreError { true } else { false }
            }
        }
    }
}
