import Foundation
import NIOCore
import Testing

@testable import Captioning
@testable import CaptioningHTTP

struct ImageFetcherTests {
    private let local = ImageFetch(place: .local, allowsPrivateAddresses: true)

    private func failure(_ url: String, _ rules: ImageFetch? = nil) async -> Failure? {
        do throws(Failure) {
            _ = try await HTTPImageFetcher(rules: rules ?? local).fetch(url)
            return nil
        } catch {
            return error
        }
    }

    /// A server under whose `/v1` the paths lie, and what is behind them.
    private func withServer(
        _ answer: @escaping @Sendable (String) -> StubEndpoint.Answer,
        _ body: @Sendable (StubEndpoint) async throws -> Void
    ) async throws {
        let options = StubEndpoint.Options { request in
            answer(String(request.line.split(separator: " ").dropFirst().first ?? ""))
        }
        try await StubEndpoint.run(options) { try await body($0) }
    }

    @Test func `an image is downloaded, also behind redirects`() async throws {
        let image = Data((0..<100_000).map { UInt8(truncatingIfNeeded: $0) })
        try await withServer { path in
            switch path {
            case "/a": .reply(302, headers: ["Location: /b?x=1"])
            case "/b?x=1": .reply(body: image)
            default: .reply(404)
            }
        } _: { server in
            let fetcher = HTTPImageFetcher(rules: local)
            let root = "http://127.0.0.1:\(server.port)"
            let direct = try await fetcher.fetch(root + "/b?x=1")
            let redirected = try await fetcher.fetch(root + "/a")
            #expect(direct == image && redirected == image)
        }
    }

    @Test(arguments: [
        (404, Failure.Kind.unreadableImage), (403, .unreadableImage), (429, .transient), (503, .transient),
    ])
    func `a refusal says whether asking again may help`(_ status: Int, _ kind: Failure.Kind) async throws {
        try await withServer { _ in
            .reply(status)
        } _: { server in
            let failure = await failure("http://127.0.0.1:\(server.port)/a")
            #expect(failure?.kind == kind)
            #expect(failure?.label == "download_failed")
            #expect(failure?.detail.contains("HTTP \(status)") == true)
        }
    }

    @Test func `redirects end`() async throws {
        try await withServer { _ in
            .reply(302, headers: ["Location: /again"])
        } _: { server in
            let failure = await failure("http://127.0.0.1:\(server.port)/a")
            #expect(failure?.kind == .unreadableImage)
            #expect(server.requests.count == HTTPImageFetcher.mostRedirects + 1)
        }
    }

    @Test(arguments: ["file:///etc/passwd", "ftp://example.com/a.jpg", "gopher://127.0.0.1/", "http://u:p@127.0.0.1/a"])
    func `a redirect to another kind of address is not followed`(_ location: String) async throws {
        try await withServer { _ in
            .reply(302, headers: ["Location: \(location)"])
        } _: { server in
            #expect(await failure("http://127.0.0.1:\(server.port)/a")?.kind == .unreadableImage)
            #expect(server.requests.count == 1)
        }
        #expect(await failure(location)?.kind == .unreadableImage)
    }

    @Test(arguments: ["127.0.0.1", "localhost", "[::1]", "2130706433", "0x7f.1"])
    func `this machine is not asked unless the spec allows it`(_ host: String) async throws {
        try await withServer { _ in
            .reply()
        } _: { server in
            let failure = await failure("http://\(host):\(server.port)/a", ImageFetch(place: .local))
            #expect(failure != nil)
            #expect(server.requests.isEmpty && server.connections == 0)
        }
    }

    @Test func `a server that is silent, gone or breaks off is tried again later`() async throws {
        try await withServer { path in
            path == "/silent" ? .silence : .sendAndClose(StubEndpoint.reply(200, body: Data("ab".utf8), length: 100))
        } _: { server in
            let root = "http://127.0.0.1:\(server.port)"
            var hasty = local
            hasty.timeout = .milliseconds(200)
            #expect(await failure(root + "/silent", hasty)?.kind == .transient)
            #expect(await failure(root + "/broken")?.kind == .transient)
        }
        #expect(await failure("http://127.0.0.1:1/a")?.kind == .transient)
    }

    @Test(arguments: [
        "0.0.0.0", "10.1.2.3", "100.64.0.1", "127.0.0.1", "169.254.169.254", "172.16.0.1", "172.31.255.255",
        "192.168.1.1",
        "192.0.0.8", "198.18.0.1", "203.0.113.9", "224.0.0.1", "255.255.255.255", "::", "::1", "fe80::1", "fc00::1",
        "fd12::3", "ff02::1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2001:db8::1", "2001::1", "2002:a00:1::",
    ])
    func `an address of no public network is known`(_ address: String) throws {
        #expect(try !SocketAddress(ipAddress: address, port: 80).isPublic)
    }

    @Test(arguments: [
        "1.1.1.1", "8.8.8.8", "100.63.0.1", "172.15.0.1", "172.32.0.1", "192.167.1.1", "223.255.255.1",
        "2606:4700::1111",
        "::ffff:8.8.8.8", "2002:808:808::",
    ])
    func `an address of the public internet is known`(_ address: String) throws {
        #expect(try SocketAddress(ipAddress: address, port: 80).isPublic)
    }
}
