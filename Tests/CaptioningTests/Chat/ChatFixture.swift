import Foundation
import Testing

@testable import Captioning

/// One reply of a kind of server, kept in a file whose name begins with its status.
struct ChatFixture: CustomTestStringConvertible, Sendable {
    /// Folder and file below `Fixtures`.
    let path: String
    let headers: [(name: String, value: String)]

    init(_ path: String, headers: [(name: String, value: String)] = []) {
        self.path = path
        self.headers = headers
    }

    var testDescription: String { path }

    /// The leading number of the file's name; files named otherwise are bodies for a given status.
    var status: Int { path.split(separator: "/").last.flatMap { Int($0.prefix(3)) } ?? 400 }

    /// The dialect of the folder's server; servers without a preset are custom ones.
    var dialect: Dialect {
        let folder = path.prefix { $0 != "/" }
        return Dialect.dialect(for: Provider(rawValue: String(folder)) ?? .custom, host: "example.com")
    }

    func body() throws -> Data {
        try Data(contentsOf: Self.folder().appending(path: path))
    }

    func reply(status: Int? = nil) throws -> HTTPReply {
        HTTPReply(status: status ?? self.status, headers: headers, body: try body())
    }

    func reading() throws -> Reading {
        try ResponseReader(dialect: dialect).reading(of: reply(), now: Date(timeIntervalSince1970: 1_800_000_000))
    }

    /// Every file in the folders of servers.
    static func all() throws -> [ChatFixture] {
        let folders = [
            "azure", "dashscope", "gateway", "gemini", "litellm", "llamacpp", "lmstudio", "ollama", "openai",
            "openrouter", "sglang", "transformers", "vllm",
        ]
        return try folders.flatMap { name in
            try FileManager.default.contentsOfDirectory(atPath: folder().appending(path: name).path)
                .sorted().map { ChatFixture("\(name)/\($0)") }
        }
    }

    private static func folder() throws -> URL {
        try #require(Bundle.module.resourceURL).appending(path: "Fixtures")
    }
}
