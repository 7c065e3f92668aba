import Captioning
import Foundation
import Glibc
import SystemPackage

/// Everything a command touches outside its arguments; tests make their own.
struct Context: Sendable {
    /// The process environment.
    var environment: [String: String]
    /// What relative paths start from.
    var workingDirectory: FilePath
    /// Writes data: standard output.
    var output: @Sendable (Data) -> Void
    /// Writes progress and messages: standard error.
    var errorOutput: @Sendable (String) -> Void
    /// How progress may be drawn.
    var terminal: Terminal
    /// The time that is stored.
    var now: @Sendable () -> Date
    /// Whether the process's signals may be taken over.
    var handlesSignals: Bool

    /// The real thing.
    static func live() -> Context {
        // A reader that has gone is no error: writes then fail with EPIPE instead of killing the process.
        signal(SIGPIPE, SIG_IGN)
        let environment = ProcessInfo.processInfo.environment
        return Context(
            environment: environment,
            workingDirectory: FilePath(FileManager.default.currentDirectoryPath),
            output: { data in
                guard write(data, to: STDOUT_FILENO) else { exit(ExitStatus.done.rawValue) }
            },
            errorOutput: { text in _ = write(Data(text.utf8), to: STDERR_FILENO) },
            terminal: Terminal(environment: environment),
            now: { Date() },
            handlesSignals: true)
    }

    /// Prints a line of data.
    func print(_ text: String) {
        output(Data((text + "\n").utf8))
    }

    /// Prints a line for the person at the terminal.
    func note(_ text: String) {
        errorOutput(text + "\n")
    }

    /// Prints a value as JSON, indented, keys sorted.
    func print(json value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .iso8601
        output(try encoder.encode(value) + Data("\n".utf8))
    }

    /// A path as the shell means it.
    func path(_ text: String) -> FilePath {
        workingDirectory.pushing(FilePath(text)).lexicallyNormalized()
    }
}

/// Writes everything; false when nobody reads any more.
private func write(_ data: Data, to descriptor: Int32) -> Bool {
    var rest = data[...]
    while !rest.isEmpty {
        let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { return false }
        rest = rest.dropFirst(count)
    }
    return true
}
