import ArgumentParser
import Captioning
import Foundation
import Glibc
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
        let name = folder == nil ? nil : images.lastComponent.map { FilePath(root: nil, [$0]).bytes }
        let target =
            output.map(context.path)
            ?? (folder == nil ? images : images.removingLastComponent())
            .pushing(FilePath(bytes: (name ?? Array("caption".utf8)) + Array(".yaml".utf8)))
        guard !Self.isTaken(target) else {
            throw CommandFailure(
                status: .badUsage,
                message: "'\(target.string)' exists and is left as it is; choose another with --output")
        }
        guard let written = Self.relative(images, to: target.removingLastComponent()).validText else {
            throw CommandFailure(
                status: .badUsage,
                message: """
                    the name of '\(images.string)' is not UTF-8, and a spec is. Rename it, or do without a spec:
                    \(JobOptions.command("plan", folder ?? "."))
                    """)
        }
        do throws(FileFailure) {
            try Self.write(Self.spec(folder: written), to: target)
        } catch {
            throw CommandFailure(
                status: .storeFailed, message: "cannot write '\(target.string)': \(error.reason)")
        }
        let shown = ArgumentBytes.text(Self.relative(target, to: context.workingDirectory).bytes)
        try context.print("wrote \(shown)")
        context.note("next: \(JobOptions.command("plan", shown))")
    }

    /// Whether anything has the name, also a link that leads nowhere.
    private static func isTaken(_ path: FilePath) -> Bool {
        var status = stat()
        return path.withPlatformString { lstat($0, &status) } == 0
    }

    /// Writes a file that is not there yet.
    private static func write(_ text: String, to target: FilePath) throws(FileFailure) {
        let descriptor = target.withPlatformString {
            open($0, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o666)
        }
        guard descriptor >= 0 else { throw .ofSystem }
        defer { close(descriptor) }
        do throws(FileFailure) {
            try CaptionCLI.write(text.utf8, to: descriptor)
        } catch {
            _ = target.withPlatformString { unlink($0) }
            throw error
        }
    }

    /// The path relative to a directory above it, else as it is.
    private static func relative(_ path: FilePath, to directory: FilePath) -> FilePath {
        var relative = path
        if relative == directory { return "." }
        return relative.removePrefix(directory) ? FilePath(bytes: Array("./".utf8) + relative.bytes) : path
    }

    /// The spec that is written.
    static func spec(folder: String) -> String {
        // JSON's escapes are YAML's, too, and YAML takes no control characters as they are.
        let quoted = TerminalText.fit(String(decoding: JSONValue.string(folder).canonicalData, as: UTF8.self))
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

extension FilePath {
    /// The path as text; nil when it is not UTF-8.
    var validText: String? { String(validating: bytes, as: UTF8.self) }
}
