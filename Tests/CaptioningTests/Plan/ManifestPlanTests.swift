import CaptioningSQLite
import CaptioningTesting
import Foundation
import Synchronization
import SystemPackage
import Testing

@testable import Captioning

private final class Rows: Sendable {
    let list = Mutex<[ExportRow]>([])
}

/// Jobs whose images a manifest names.
struct ManifestPlanTests {
    private func job(_ folder: TemporaryFolder, prompt: String = "Describe {{title}}.") -> Job {
        var job = Job.fixture(root: folder.path, promptIDs: ["alt"])
        job.images = [.manifest(path: "lists/shop.csv", image: "photo")]
        job.prompts[0].text = prompt
        return job
    }

    private func items(_ job: Job) throws -> (items: [PlannedItem], notes: Planner.Notes) {
        var items: [PlannedItem] = []
        let notes = try Planner(job: job).forEach { items.append($0) }
        return (items, notes)
    }

    @Test func `images are named from the manifest's folder, and bring their columns along`() async throws {
        try await TemporaryFolder.use { folder in
            let url = "https://example.com/b.jpg"
            try folder.write(
                "photo,title,price\na.jpg,Chair,3\n\(url),Table,\na.jpg,again,\n,none,".utf8, to: "lists/shop.csv")
            let (items, notes) = try items(job(folder))
            #expect(items.map(\.key.image.display) == ["lists/a.jpg", url])
            #expect(items.map(\.key.kind) == [.file, .url])
            #expect(items.map(\.position) == [0, 1])
            #expect(items.map(\.variables) == [["title": "Chair", "price": "3"], ["title": "Table"]])
            #expect(notes.columns == ["title", "price"])
            #expect(
                notes.warnings == [
                    "lists/shop.csv, line 4: 'a.jpg' is in the plan already, by an earlier line or source; it is left out",
                    "lists/shop.csv, line 5: no image; it is left out",
                ])
        }
    }

    @Test func `only what the prompt names makes another question`() async throws {
        try await TemporaryFolder.use { folder in
            func asks(_ row: String, _ prompt: String = "Describe {{title}}.") throws -> Int64? {
                try folder.write("photo,title,price\n\(row)".utf8, to: "lists/shop.csv")
                return try items(job(folder, prompt: prompt)).items.first?.asks
            }
            let first = try asks("a.jpg,Chair,3")
            #expect(first != nil)
            #expect(try asks("a.jpg,Chair,4") == first)
            #expect(try asks("a.jpg,Stool,3") != first)
            #expect(try asks("a.jpg,Chair,3", "Describe it.") == nil)
        }
    }

    @Test(arguments: [
        ("picture,title\na.jpg,b", "images[0].manifest", "no column 'photo'"),
        ("photo,titel\na.jpg,b", "prompts", "sets the variable 'title'"),
        ("", "images[0].manifest", "it is empty"),
    ])
    func `a manifest that does not fit the spec is told of`(
        _ text: String, _ path: String, _ message: String
    ) async throws {
        try await TemporaryFolder.use { folder in
            try folder.write(text.utf8, to: "lists/shop.csv")
            let error = #expect(throws: SpecError.self) { try items(job(folder)) }
            #expect(error?.problems.first?.keyPath == path)
            #expect(error?.problems.first?.message.contains(message) == true, "\(error?.problems ?? [])")
        }
    }

    @Test func `a URL needs a provider that downloads`() async throws {
        try await TemporaryFolder.use { folder in
            try folder.write("photo,title\nhttps://example.com/b.jpg,b".utf8, to: "lists/shop.csv")
            var job = job(folder)
            job.endpoint.provider = .ollama
            let error = #expect(throws: SpecError.self) { try items(job) }
            #expect(error?.problems.first?.message.contains("line 2") == true)
        }
    }

    @Test func `a text file lists URLs, one a line`() async throws {
        try await TemporaryFolder.use { folder in
            let text =
                "# pictures\nhttps://example.com/a.jpg\r\n\n  http://example.com/b c.jpg\nhttps://example.com/d.jpg"
            try folder.write(text.utf8, to: "urls.txt")
            var job = Job.fixture(root: folder.path)
            job.images = [.urlFile(path: "urls.txt")]
            let (items, notes) = try items(job)
            #expect(items.map(\.key.image.display) == ["https://example.com/a.jpg", "https://example.com/d.jpg"])
            #expect(items.allSatisfy { $0.key.kind == .url && $0.variables == nil })
            #expect(notes.warnings.map { $0.hasPrefix("urls.txt, line 4: ") } == [true])
            job.images = [.urlFile(path: "none.txt")]
            let error = #expect(throws: SpecError.self) { try self.items(job) }
            #expect(error?.problems.first?.keyPath == "images[0].urls")
        }
    }

    @Test func `an answer is stale when its column has changed, and may be kept or asked again`() async throws {
        try await TemporaryFolder.use { folder in
            let store = try SQLiteJobStore.inMemory()
            func plan(_ title: String, _ price: Int, stale: StaleChoice? = nil) async throws -> (stale: Int, done: Int)
            {
                try folder.write("photo,title,price\na.jpg,\(title),\(price)".utf8, to: "lists/shop.csv")
                let planner = Planner(job: job(folder))
                let summary = try await store.compare(planner)
                let taken = try await store.add(planner, stale: stale)
                #expect(stale != nil || taken.stale == summary.items.stale)
                return (summary.items.stale, summary.items.done)
            }
            func answer() async throws {
                let result = try await store.claim(upTo: 9, within: .all, for: job(folder).endpoint, now: .fixture)
                guard case .claimed(let claims) = result else { return #expect(Bool(false), "\(result)") }
                for claim in claims { try await store.record(.fixture(), of: claim, then: .done) }
            }
            #expect(try await plan("Chair", 3) == (0, 0))
            try await answer()
            #expect(try await plan("Chair", 4) == (0, 1))
            #expect(try await plan("Stool", 4) == (1, 0))
            #expect(try await plan("Stool", 4, stale: .keep) == (1, 0))
            #expect(try await plan("Stool", 4) == (0, 1))
            #expect(try await plan("Table", 4, stale: .redo) == (1, 0))
            try await answer()
            #expect(try await plan("Table", 5) == (0, 1))
            #expect(try await store.verify() == [])
            #expect(try await store.manifestColumns() == ["title", "price"])
            let rows = Rows()
            _ = try await store.forEachRow(isAll: false) { row in rows.list.withLock { $0.append(row) } }
            #expect(rows.list.withLock { $0.map(\.variables) } == [["title": "Table", "price": "5"]])
        }
    }

    @Test func `a claim brings the columns, and the prompt is made of them`() async throws {
        try await TemporaryFolder.use { folder in
            try folder.write("photo,title,price\na.jpg,\"Chair & \"\"more\"\"\",3".utf8, to: "lists/shop.csv")
            let store = try SQLiteJobStore.inMemory()
            let job = job(folder)
            try await store.add(Planner(job: job), stale: nil)
            let result = try await store.claim(upTo: 9, within: .all, for: job.endpoint, now: .fixture)
            guard case .claimed(let claims) = result, let item = claims.first?.item else {
                return #expect(Bool(false), "\(result)")
            }
            #expect(item.variables == ["title": "Chair & \"more\"", "price": "3"])
            let template = try PromptTemplate(
                "{{title}} for {{price}}, {{missing}}", variables: [:], allowsColumns: true)
            #expect(
                try template.render(image: item.key.image, index: 1, columns: item.variables)
                    == "Chair & \"more\" for 3, ")
        }
    }
}
