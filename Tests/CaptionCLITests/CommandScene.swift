import ArgumentParser
import Captioning
import CaptioningTesting
import Foundation
import SystemPackage

@testable import CaptionCLI

/// A folder of its own, captured output, and commands run in process.
final class CommandScene: Sendable {
    let folder: URL
    let output = Locked(Data())
    let errorOutput = Locked("")

    init() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("caption-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(at: folder)
    }

    /// What one command did.
    struct Result {
        let status: Int32
        let output: String
        let errorOutput: String
    }

    /// Runs a command line in process.
    func run(_ arguments: String..., environment: [String: String] = [:]) async -> Result {
        output.with { $0 = Data() }
        errorOutput.with { $0 = "" }
        let context = Context(
            environment: environment, workingDirectory: FilePath(folder.path),
            output: { [output] data in output.with { $0 += data } },
            errorOutput: { [errorOutput] text in errorOutput.with { $0 += text } },
            terminal: .none, now: { Date() }, handlesSignals: false)
        var status: Int32 = 0
        do {
            guard let command = try CaptionCommand.parseAsRoot(arguments) as? any ContextCommand else {
                throw CleanExit.helpRequest()
            }
            try await command.runReporting(context)
        } catch {
            status = CaptionCommand.exitCode(for: error).rawValue
            let message = CaptionCommand.fullMessage(for: error)
            errorOutput.with { $0 += message }
        }
        return Result(
            status: status, output: output.with { String(decoding: $0, as: UTF8.self) },
            errorOutput: errorOutput.with { $0 })
    }

    /// The built program.
    static var program: URL {
        URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().appendingPathComponent("caption")
    }

    /// Starts a program, the built one by default, in the scene's folder; what it prints is dropped.
    ///
    /// The changes are to the scene's own environment; nil takes a variable away.
    func start(
        _ arguments: [String], program: URL = CommandScene.program, environment changes: [String: String?] = [:]
    ) throws -> Process {
        let process = Process()
        process.executableURL = program
        process.arguments = arguments
        process.currentDirectoryURL = folder
        process.environment = environment.merging(changes.compactMapValues(\.self)) { $1 }
            .filter { changes[$0.key] != .some(nil) }
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        return process
    }

    private var environment: [String: String] {
        ["TEST_KEY": "sk-simulated", "HOME": folder.path, "SWIFT_BACKTRACE": "enable=no"]
    }

    /// Runs a shell line in the scene's folder, with the built program as `caption`; what it printed, both kinds together.
    func shell(_ line: String) async throws -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/bash")
        process.arguments = ["-c", "caption() { '\(Self.program.path)' \"$@\"; }; \(line)"]
        process.currentDirectoryURL = folder
        process.environment = environment
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        return await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                let output = pipe.fileHandleForReading.readDataToEndOfFile()
                process.waitUntilExit()
                continuation.resume(
                    returning: (process.terminationStatus, String(decoding: output, as: UTF8.self)))
            }
        }
    }

    /// Writes a file below the scene's folder.
    func write(_ text: String, to name: String) throws {
        try write(Data(text.utf8), to: name)
    }

    /// Writes a file below the scene's folder.
    func write(_ data: Data, to name: String) throws {
        let url = folder.appendingPathComponent(name)
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try data.write(to: url)
    }

    /// Makes so many different images in `photos`.
    func makePhotos(_ count: Int) throws {
        for index in 0..<count {
            try write(JobScene.bitmap(width: 20 + index, height: 20), to: "photos/\(index + 100).bmp")
        }
    }

    /// Makes a spec that asks the given server.
    func makeSpec(_ name: String = "job.yaml", baseURL: String, prompts: [String] = ["alt"], extra: String = "") throws
    {
        try write(
            """
            images: [{folder: ./photos}]
            prompts: [\(prompts.map { "{id: \($0), text: \"Say \($0).\"}" }.joined(separator: ", "))]
            endpoint: {provider: custom, base_url: "\(baseURL)", model: qwen3-vl-plus, api_key_env: TEST_KEY}
            retry: {attempts: 3, base: 1ms, cap: 2ms, timeout: 120s, connect_timeout: 60s}
            \(extra)
            """, to: name)
    }

    /// Everything in the scene's folder whose bytes hold the text.
    func filesContaining(_ text: String) throws -> [String] {
        let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
        return (files?.allObjects as? [URL] ?? []).filter { url in
            (try? Data(contentsOf: url))?.range(of: Data(text.utf8)) != nil
        }.map(\.lastPathComponent)
    }

    func exists(_ name: String) -> Bool {
        FileManager.default.fileExists(atPath: folder.appendingPathComponent(name).path)
    }
}
