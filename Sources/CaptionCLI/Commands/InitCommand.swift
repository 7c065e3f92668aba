import ArgumentParser
import Captioning
import Foundation
import SystemPackage

/// Writes a commented job spec to start from.
struct InitCommand: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Write a job spec to start from.",
        discussion: """
            Writes FOLDER.yaml beside the folder, or caption.yaml here without one. Never overwrites a file.

            caption init ./photos
            caption init ./photos --output jobs/alt-text.yaml
            """)

    @Argument(help: "The folder with the images.")
    var folder: String?

    @Option(name: .shortAndLong, help: ArgumentHelp("Where to write the spec.", valueName: "file"))
    var output: String?

    func run(_ context: Context) async throws {
        let images = context.path(folder ?? ".")
        guard isDirectory(images) else {
            throw CommandFailure(status: .badUsage, message: "there is no folder at '\(folder ?? ".")'")
        }
        let name = folder == nil ? "caption" : images.lastComponent?.string ?? "caption"
        let target =
            output.map(context.path)
            ?? (folder == nil ? images : images.removingLastComponent()).appending("\(name).yaml")
        guard !FileManager.default.fileExists(atPath: target.string) else {
            throw CommandFailure(
                status: .badUsage,
                message: "'\(target.string)' exists and is left as it is; choose another with --output")
        }
        let text = Self.spec(folder: Self.relative(images, to: target.removingLastComponent()))
        do {
            try Data(text.utf8).write(to: URL(fileURLWithPath: target.string), options: .withoutOverwriting)
        } catch {
            throw CommandFailure(
                status: .storeFailed, message: "cannot write '\(target.string)': \(error.localizedDescription)")
        }
        let shown = Self.relative(target, to: context.workingDirectory)
        try context.print("wrote \(shown)")
        context.note("next: caption plan \(shown)")
    }

    /// The path as it is written in the spec: relative when it lies below the spec's folder.
    private static func relative(_ path: FilePath, to directory: FilePath) -> String {
        var relative = path
        if relative == directory { return "." }
        return relative.removePrefix(directory) ? "./\(relative.string)" : path.string
    }

    /// The spec that is written.
    static func spec(folder: String) -> String {
        let quoted = String(decoding: JSONValue.string(folder).canonicalData, as: UTF8.self)
        return """
            # A captioning job. Check it with 'caption check', see what it would send with 'caption plan'.
            images:
              - folder: \(quoted)           # everything below, relative to this file
                # include: ["*.jpg", "*.png"]
                # exclude: ["**/drafts/**"]
            # system: You write alt text for people who cannot see the image.
            prompts:
              - id: caption
                text: "Describe this image in one sentence, in {{language}}."
                # variables: filename, stem, path, folder, index, and your own:
            variables: {language: English}
            endpoint:
              provider: dashscope            # dashscope, openai, ollama, vllm, lmstudio, openrouter, custom, simulated
              region: singapore              # singapore, virginia, beijing, hongkong
              model: qwen3-vl-plus
              api_key_env: DASHSCOPE_API_KEY # the name of the variable, never the key
            parameters: {temperature: 0.2, max_tokens: 300}
            limits: {requests_per_minute: 600}  # the provider's; how many at once is found by itself

            """
    }
}
