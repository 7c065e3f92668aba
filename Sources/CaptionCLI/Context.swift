import CLinux
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
    ///
    /// Throws `OutputFailure`.
    var output: @Sendable (Data) throws -> Void
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
        // So is a file that may not grow any more.
        signal(SIGXFSZ, SIG_IGN)
        // The environment holds the key: neither a core file nor another process of the same user shall read it.
        _ = linux_hide_memory()
        let environment = ProcessInfo.processInfo.environment
        // What goes to a terminal is read by a person and not by a program.
        let filter = isatty(STDOUT_FILENO) == 1 ? Locked(TerminalFilter()) : nil
        return Context(
            environment: environment,
            workingDirectory: currentDirectory(),
            output: { data in
                let shown = filter.map { filter in filter.with { $0.passing(data) } } ?? data
                guard write(shown, to: STDOUT_FILENO) else { throw OutputFailure(number: errno) }
            },
            errorOutput: { text in _ = write(Data(text.utf8), to: STDERR_FILENO) },
            terminal: Terminal(environment: environment),
            now: { Date() },
            handlesSignals: true)
    }

    /// Prints a line for a person to standard output.
    ///
    /// - Throws: `OutputFailure`.
    func print(_ message: Message) throws {
        try output(Data((message.text + "\n").utf8))
    }

    /// Prints a line for the person at the terminal.
    func note(_ message: Message) {
        errorOutput(message.text + "\n")
    }

    /// Prints a value as JSON, indented, keys sorted.
    func print(json value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .iso8601
        try output(try encoder.encode(value) + Data("\n".utf8))
    }

    /// Prints a value as one line of JSON, keys sorted.
    func printLine(json value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        try output(try encoder.encode(value) + Data("\n".utf8))
    }

    /// A path as the shell means it.
    func path(_ text: String) -> FilePath {
        workingDirectory.pushing(FilePath(bytes: ArgumentBytes.bytes(text))).lexicallyNormalized()
    }
}

/// Standard output took no more.
struct OutputFailure: Error {
    /// The number of the error, as errno has it.
    let number: Int32

    /// Whether whoever read it has gone, as `head` does: no error.
    var isReaderGone: Bool { number == EPIPE }

    var message: Message { "cannot write to standard output: \(String(cString: strerror(number)))" }
}

/// The directory that the process stands in, byte for byte.
private func currentDirectory() -> FilePath {
    guard let name = getcwd(nil, 0) else { return FilePath(".") }
    defer { free(name) }
    return FilePath(platformString: name)
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
