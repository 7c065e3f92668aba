import Foundation
import NIOCore
import Synchronization
import Testing

@testable import Captioning
@testable import CaptioningHTTP

struct ImageFetcherTests {
    /// Patient: a test here may wait for the processor longer than a download usually may take.
    private let local = ImageFetch(place: .local, allowsPrivateAddresses: true, timeout: .seconds(900))

    private static let time = Date(timeIntervalSince1970: 1_800_000_000)

    /// Downloads one address after the other with one fetcher.
    private func results(_ urls: [String], _ fetcher: HTTPImageFetcher) async throws -> [Result<Data, Failure>] {
        try await HTTPImageFetcher.withFetcher(fetcher) { fetcher in
            var results: [Result<Data, Failure>] = []
            for url in urls {
                do throws(Failure) {
                    results.append(.success(try await fetcher.fetch(url) { _ in }))
                } catch {
                    results.append(.failure(error))
                }
            }
            return results
        }
    }

    private func failure(_ url: String, _ rules: ImageFetch? = nil) async throws -> Failure? {
        let fetcher = HTTPImageFetcher(rules: rules ?? local, now: { Self.time })
        guard case .failure(let failure) = try await results([url], fetcher)[0] else { return nil }
        return failure
    }

    /// A fetcher for which names are as told, 127.0.0.1 is a public address, and everything else is as it is.
    private static func fetcher(_ names: [String: [String]]) -> HTTPImageFetcher {
        HTTPImageFetcher(
            rules: ImageFetch(place: .local), now: { time },
            resolve: { host, port in
                guard let addresses = names[host] else { return try await HostAddresses.resolve(host, port: port) }
                return try addresses.map { try SocketAddress(ipAddress: $0, port: port) }
            }, isPublic: { $0.ipAddress == "127.0.0.1" || $0.isPublic })
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
            let fetcher = HTTPImageFetcher(rules: local, now: { Self.time })
            let root = "http://127.0.0.1:\(server.port)"
            let found = try await results([root + "/b?x=1", root + "/a"], fetcher)
            #expect(found == [.success(image), .success(image)])
        }
    }

    @Test(arguments: [
        (404, Failure.Kind.unreadableImage), (403, .unreadableImage), (429, .transient), (503, .transient),
    ])
    func `a refusal says whether asking again may help`(_ status: Int, _ kind: Failure.Kind) async throws {
        try await withServer { _ in
            .reply(status)
        } _: { server in
            let failure = try await self.failure("http://127.0.0.1:\(server.port)/a")
            #expect(failure?.kind == kind)
            #expect(failure?.label == "download_failed")
            #expect(failure?.detail.contains("HTTP \(status)") == true)
        }
    }

    @Test func `redirects end`() async throws {
        try await withServer { _ in
            .reply(302, headers: ["Location: /again"])
        } _: { server in
            let failure = try await self.failure("http://127.0.0.1:\(server.port)/a")
            #expect(failure?.kind == .unreadableImage)
            #expect(server.requests.count == HTTPImageFetcher.mostRedirects + 1)
        }
    }

    @Test(arguments: ["file:///etc/passwd", "ftp://example.com/a.jpg", "gopher://127.0.0.1/", "http://u:p@127.0.0.1/a"])
    func `a redirect to another kind of address is not followed`(_ location: String) async throws {
        try await withServer { _ in
            .reply(302, headers: ["Location: \(location)"])
        } _: { server in
            let failure = try await self.failure("http://127.0.0.1:\(server.port)/a")
            #expect(failure?.kind == .unreadableImage)
            #expect(server.requests.count == 1)
        }
        let failure = try await self.failure(location)
        #expect(failure?.kind == .unreadableImage)
    }

    @Test(arguments: [
        "127.0.0.1", "localhost", "localhost.", "LOCALHOST", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]",
        "[0:0:0:0:0:0:0:1]", "2130706433", "0x7f.1", "0177.0.0.1", "127.1", "0", "%31%32%37.0.0.1", "127.0.0.1.",
    ])
    func `this machine is not asked unless the spec allows it`(_ host: String) async throws {
        try await withServer { _ in
            .reply()
        } _: { server in
            let failure = try await self.failure("http://\(host):\(server.port)/a", ImageFetch(place: .local))
            #expect(failure != nil)
            #expect(server.requests.isEmpty && server.connections == 0)
        }
    }

    @Test func `a public address that leads to a private one is not followed there`() async throws {
        try await withServer { _ in
            .reply(body: Data("secret".utf8))
        } _: { inner in
            try await withServer { path in
                .reply(302, headers: ["Location: http://\(path.dropFirst()):\(inner.port)/"])
            } _: { server in
                // Only 127.0.0.1 counts as public here, so that every other address of this machine is private.
                let fetcher = Self.fetcher(["pictures.test": ["127.0.0.1"], "inner.test": ["127.0.0.2"]])
                let hosts = ["inner.test", "127.0.0.2", "[::1]", "2130706434", "169.254.169.254"]
                let urls = hosts.map { "http://pictures.test:\(server.port)/\($0)" }
                for result in try await results(urls, fetcher) {
                    guard case .failure(let failure) = result else {
                        Issue.record("it was downloaded")
                        continue
                    }
                    #expect(failure.label == "download_failed")
                }
                #expect(server.requests.count == hosts.count)
                #expect(inner.connections == 0)
            }
        }
    }

    @Test func `a name is asked at the very address that was looked at`() async throws {
        try await withServer { _ in
            .reply(body: Data("a".utf8))
        } _: { server in
            // The system does not know the name at all: another look would find nothing.
            let url = "http://pictures.test:\(server.port)/a"
            let urls = Array(repeating: url, count: 8)
            let found = try await results(urls, Self.fetcher(["pictures.test": ["127.0.0.1"]]))
            #expect(found == urls.map { _ in .success(Data("a".utf8)) })
            #expect(server.requests.allSatisfy { $0.values("host") == ["pictures.test:\(server.port)"] })
            // Its connection is used again.
            #expect(server.connections < urls.count)
        }
    }

    @Test func `of several addresses only the public ones are asked`() async throws {
        try await withServer { _ in
            .reply(body: Data("a".utf8))
        } _: { server in
            let url = "http://pictures.test:\(server.port)/a"
            for addresses in [["127.0.0.2", "127.0.0.1"], ["127.0.0.1", "10.0.0.1"], ["::1", "127.0.0.1"]] {
                let found = try await results([url], Self.fetcher(["pictures.test": addresses]))
                #expect(found == [.success(Data("a".utf8))])
            }
            let none = try await results([url], Self.fetcher(["pictures.test": ["127.0.0.2", "10.0.0.1"]]))
            #expect(
                none.allSatisfy {
                    if case .failure(let failure) = $0 { failure.kind == .unreadableImage } else { false }
                })
        }
    }

    @Test func `an address that takes no connection leaves the next one`() async throws {
        try await withServer { _ in
            .reply(body: Data("a".utf8))
        } _: { server in
            var rules = local
            rules.timeout = .seconds(900)
            let fetcher = HTTPImageFetcher(
                rules: rules, now: { Self.time },
                resolve: { _, port in
                    try ["127.0.0.3", "127.0.0.1"].map { try SocketAddress(ipAddress: $0, port: port) }
                })
            let found = try await results(["http://pictures.test:\(server.port)/a"], fetcher)
            #expect(found == [.success(Data("a".utf8))])
        }
    }

    @Test(arguments: [
        "http://127.0.0.1:99999/", "http://127.0.0.1:0/", "http://", "http:///a", "http://a b/", "http://[::1/",
        "http://:80/",
        "//127.0.0.1/", "http+unix://%2Ftmp%2Fa/", "HTTP://%00/", "data:image/png;base64,AA==",
    ])
    func `what names no host and port is refused`(_ url: String) async throws {
        #expect(try await failure(url) != nil)
        try await withServer { _ in
            .reply(302, headers: ["Location: \(url)"])
        } _: { server in
            let failure = try await self.failure("http://127.0.0.1:\(server.port)/a")
            #expect(failure != nil)
        }
    }

    @Test(arguments: [
        (429, "Retry-After: 7", Duration.seconds(7)), (503, "Retry-After: Fri, 15 Jan 2027 08:00:09 GMT", .seconds(9)),
        (503, "Retry-After: soon", nil), (500, "X-Other: 1", nil), (404, "Retry-After: 7", nil),
    ])
    func `a server's wish to be left alone is passed on`(_ status: Int, _ header: String, _ wait: Duration?)
        async throws
    {
        try await withServer { _ in
            .reply(status, headers: [header])
        } _: { server in
            let failure = try await self.failure("http://127.0.0.1:\(server.port)/a")
            #expect(failure?.retryAfter == wait)
        }
    }

    @Test(
        arguments: [
            ([], 5, 5), (["Transfer-Encoding: chunked"], nil, ImageLimits.mostFileBytes),
            (["Content-Encoding: identity"], 5, ImageLimits.mostFileBytes),
            ([], 100_000_000, nil),
        ] as [([String], Int?, Int?)])
    func `room is asked for before the image is taken, and for no more than may come`(
        _ headers: [String], _ length: Int?, _ most: Int?
    ) async throws {
        let body = length == nil ? "5\r\nabcde\r\n0\r\n\r\n" : "abcde"
        let lines = ["HTTP/1.1 200 OK"] + (length.map { ["Content-Length: \($0)"] } ?? []) + headers
        let reply = Data((lines.joined(separator: "\r\n") + "\r\n\r\n" + body).utf8)
        try await StubEndpoint.run { _ in
            .send(reply)
        } _: { server in
            let asked = Mutex<[Int]>([])
            let result = try await HTTPImageFetcher.withFetcher(rules: local, now: { Self.time }) { fetcher in
                do throws(Failure) {
                    let data = try await fetcher.fetch("http://127.0.0.1:\(server.port)/a") { most in
                        asked.withLock { $0.append(most) }
                    }
                    return Result<Data, Failure>.success(data)
                } catch {
                    return .failure(error)
                }
            }
            #expect(asked.withLock { $0 } == (most.map { [$0] } ?? []))
            if most != nil { #expect(result == .success(Data("abcde".utf8))) }
            if case .failure(let failure) = result { #expect(failure.label == "image_too_large") }
        }
    }

    @Test func `clients that nobody uses are closed`() async throws {
        try await withServer { _ in
            .reply(body: Data("a".utf8))
        } _: { server in
            let names = Dictionary(uniqueKeysWithValues: (0..<24).map { ("host\($0).test", ["127.0.0.1"]) })
            let open = try await HTTPImageFetcher.withFetcher(Self.fetcher(names)) { fetcher in
                for name in names.keys { _ = try await fetcher.fetch("http://\(name):\(server.port)/a") { _ in } }
                return await fetcher.openClients
            }
            #expect(open == DownloadClients.mostClients)
            #expect(server.requests.count == 24)
        }
    }

    @Test func `a download that the run breaks off is not the image's failure`() async throws {
        try await withServer { _ in
            .silence
        } _: { server in
            let download = Task { try await self.failure("http://127.0.0.1:\(server.port)/a") }
            while server.requests.isEmpty { await Task.yield() }
            download.cancel()
            let failure = try await download.value
            #expect(failure?.kind == .interrupted)
        }
    }

    @Test func `a server that is silent, gone or breaks off is tried again later`() async throws {
        try await withServer { path in
            path == "/silent" ? .silence : .sendAndClose(StubEndpoint.reply(200, body: Data("ab".utf8), length: 100))
        } _: { server in
            let root = "http://127.0.0.1:\(server.port)"
            var hasty = local
            hasty.timeout = .milliseconds(200)
            let silent = try await self.failure(root + "/silent", hasty)
            #expect(silent?.kind == .transient)
            let broken = try await self.failure(root + "/broken")
            #expect(broken?.kind == .transient)
        }
        let failure = try await self.failure("http://127.0.0.1:1/a")
        #expect(failure?.kind == .transient)
    }

    @Test(arguments: [
        "0.0.0.0", "10.1.2.3", "100.64.0.1", "127.0.0.1", "169.254.169.254", "172.16.0.1", "172.31.255.255",
        "192.168.1.1",
        "192.0.0.8", "198.18.0.1", "203.0.113.9", "224.0.0.1", "255.255.255.255", "::", "::1", "fe80::1", "fc00::1",
        "fd12::3", "ff02::1", "3fff::1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2001:db8::1", "2001::1", "2002:a00:1::",
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
