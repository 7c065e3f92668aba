import Foundation
import Testing

/// Simulated answers must never pass for those of the provider that a job means.
struct SimulatedStoreTests {
    @Test(arguments: [
        ("photos", "photos"), ("job.yaml", "job"), ("named.yaml", "results"),
    ])
    func `the simulated provider in place of another fills a store of its own, for every command`(
        job: String, store: String
    ) async throws {
        let scene = try CommandScene()
        try scene.makePhotos(2)
        try scene.write("images: [{folder: photos}]", to: "job.yaml")
        try scene.write("images: [{folder: photos}]\nstore: results.sqlite", to: "named.yaml")
        #expect(await scene.run("run", job, "--provider", "simulated").status == 0)
        #expect(scene.exists("\(store).simulated.sqlite"))
        #expect(!scene.exists("\(store).sqlite"))
        let image = job == "photos" ? "100.bmp" : "photos/100.bmp"
        for arguments in [["status", job], ["export", job], ["retry", job], ["show", job, image]] {
            let flag = try await scene.shell("caption \(arguments.joined(separator: " ")) --provider simulated")
            #expect(flag.status == 0, "\(flag.output)")
            let variable = try await scene.shell(
                "CAPTION_PROVIDER=simulated caption \(arguments.joined(separator: " "))")
            #expect(variable.output == flag.output.replacing(" --provider simulated", with: ""))
            let without = try await scene.shell("caption \(arguments.joined(separator: " "))")
            #expect(without.status == 74)
            #expect(without.output.contains("'--provider simulated' shows them"))
        }
        let plan = await scene.run("plan", job)
        #expect(plan.output.contains("a run would send 2 requests"))
        #expect(await scene.run("plan", job, "--provider", "simulated").output.contains("a run would send nothing"))
    }

    @Test func `a store that is named, and a spec's own simulated provider, are obeyed`() async throws {
        let scene = try CommandScene()
        try scene.makePhotos(1)
        try scene.write("images: [{folder: photos}]\nendpoint: {provider: simulated}", to: "demo.yaml")
        #expect(await scene.run("run", "demo.yaml").status == 0)
        #expect(await scene.run("status", "demo.yaml", "--provider", "simulated").status == 0)
        #expect(scene.exists("demo.sqlite"))
        #expect(await scene.run("run", "photos", "--provider", "simulated", "--store", "here.sqlite").status == 0)
        #expect(scene.exists("here.sqlite"))
        let variable = ["CAPTION_STORE": "there.sqlite"]
        #expect(await scene.run("run", "photos", "--provider", "simulated", environment: variable).status == 0)
        #expect(scene.exists("there.sqlite"))
        #expect(!scene.exists("photos.simulated.sqlite"))
    }
}
