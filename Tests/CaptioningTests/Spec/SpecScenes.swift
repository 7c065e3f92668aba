import Foundation
import SystemPackage
import Testing

@testable import Captioning

/// The repository's top folder.
let repository = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

/// What is wrong with a spec; empty when nothing is.
func problems(_ yaml: String) -> [SpecError.Problem] {
    do {
        _ = try JobSpec(yaml: yaml, file: "job.yaml")
        return []
    } catch {
        return error.problems
    }
}

/// What is wrong with a spec that has images, line 1, and these further lines.
func problemsBeside(_ lines: String) -> [SpecError.Problem] {
    problems("images: [files: a.jpg]\n" + lines)
}

/// A spec that has images and these further lines.
func specBeside(_ lines: String) throws -> JobSpec {
    try JobSpec(yaml: "images: [files: a.jpg]\n" + lines, file: "job.yaml")
}

/// A job of a spec that has images and these further lines.
func jobBeside(
    _ lines: String, root: FilePath = "/photos", overrides: SpecOverrides = SpecOverrides()
) throws -> Job {
    try Job(
        resolving: specBeside(lines), file: "job.yaml", name: "holiday", root: root, storeDirectory: root,
        overrides: overrides)
}

/// What keeps a spec that has images and these further lines from being resolved; empty when nothing does.
func resolvingProblems(
    _ lines: String, overrides: SpecOverrides = SpecOverrides()
) throws -> [SpecError.Problem] {
    let spec = try specBeside(lines)
    do {
        _ = try Job(
            resolving: spec, file: "job.yaml", name: "holiday", root: "/photos", storeDirectory: "/photos",
            overrides: overrides)
        return []
    } catch {
        return error.problems
    }
}
