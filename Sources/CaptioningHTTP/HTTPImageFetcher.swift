import AsyncHTTPClient
public import Captioning
public import Foundation
import NIOCore
import NIOHTTP1

/// Downloads images with AsyncHTTPClient, and never from where the spec does not allow.
///
/// Every host is resolved first, its addresses are looked at, and the connection goes to the very address that was looked
/// at: a name that resolves to another one a moment later gains nothing. Redirects are followed one by one, each looked at
/// in the same way. No proxy is used.
public struct HTTPImageFetcher: ImageFetcher {
    /// More hops than these are a loop.
    static let mostRedirects = 5
    /// So many of a host's addresses are tried.
    private static let mostAddresses = 3

    private let rules: ImageFetch
    private let now: @Sendable () -> Date
    private let clients = DownloadClients()
    private let resolve: Resolver
    private let isPublic: @Sendable (SocketAddress) -> Bool

    /// Brings the addresses of a host and port.
    typealias Resolver = @Sendable (String, Int) async throws -> [SocketAddress]

    /// Opens a fetcher that keeps to the rules, runs `body` with it, and closes its connections.
    ///
    /// - `now`: What a server's date is compared with that asks to wait.
    public static func withFetcher<Result: Sendable>(
        rules: ImageFetch, now: @escaping @Sendable () -> Date, _ body: (HTTPImageFetcher) async throws -> Result
    ) async throws -> Result {
        try await withFetcher(HTTPImageFetcher(rules: rules, now: now), body)
    }

    /// Runs `body` with a fetcher, and closes its connections.
    static func withFetcher<Result: Sendable>(
        _ fetcher: HTTPImageFetcher, _ body: (HTTPImageFetcher) async throws -> Result
    ) async throws -> Result {
        do {
            let result = try await body(fetcher)
            await fetcher.clients.shutDown()
            return result
        } catch {
            await fetcher.clients.shutDown()
            throw error
        }
    }

    /// A fetcher with its own ways to resolve names and to tell public addresses.
    init(
        rules: ImageFetch, now: @escaping @Sendable () -> Date, resolve: @escaping Resolver = HostAddresses.resolve,
        isPublic: @escaping @Sendable (SocketAddress) -> Bool = \.isPublic
    ) {
        self.rules = rules
        self.now = now
        self.resolve = resolve
        self.isPublic = isPublic
    }

    /// How many clients are open.
    var openClients: Int { get async { await clients.count } }

    /// Downloads one image within the time that the rules give, not counting the wait for room.
    public func fetch(_ url: String, room: @escaping @Sendable (Int) async -> Void) async throws(Failure) -> Data {
        let deadline = DownloadDeadline(rules.timeout)
        do {
            return try await follow(url, deadline, room)
        } catch let failure as Failure {
            throw failure
        } catch {
            guard !Task.isCancelled else {
                throw Failure(
                    .interrupted, label: "interrupted", detail: "the run was stopped before the image was downloaded")
            }
            throw Self.passing("the download broke off (\(Self.reason(error)))")
        }
    }

    private static func reason(_ error: any Error) -> String {
        switch HTTPTransport.errorBeforeReply(error) {
        case .unreachable(let reason), .connectionLost(let reason), .brokenReply(let reason): reason
        case .timedOut, .replyTooLarge, .cancelled: "\(error)"
        }
    }

    private func follow(
        _ first: String, _ deadline: DownloadDeadline, _ room: @escaping @Sendable (Int) async -> Void
    ) async throws -> Data {
        var address = first
        for _ in 0...Self.mostRedirects {
            switch try await ask(try Target(address), deadline, room) {
            case .image(let data): return data
            case .elsewhere(let location):
                guard let base = URL(string: address), let next = URL(string: location, relativeTo: base) else {
                    throw Self.final("the server leads to '\(location)', which is no address")
                }
                address = next.absoluteString
            }
        }
        throw Self.final("the server leads from one address to the next, more than \(Self.mostRedirects) times")
    }

    /// Where one request goes.
    private struct Target {
        let url: String
        /// The host as the client reads it from the URL, without brackets.
        let host: String
        let port: Int

        init(_ address: String) throws(Failure) {
            // One reading of the URL, the client's own: another one might find another host in it.
            guard let url = URL(string: address), let scheme = url.scheme?.lowercased(),
                scheme == "http" || scheme == "https", url.user == nil, let host = url.host
            else { throw HTTPImageFetcher.final("'\(address)' is no http:// or https:// address") }
            let port = url.port ?? (scheme == "https" ? 443 : 80)
            let bare = host.trimmingCharacters(in: CharacterSet(charactersIn: "[]"))
            let isName = bare.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "%") }
            guard !bare.isEmpty, isName, (1...65_535).contains(port) else {
                throw HTTPImageFetcher.final("'\(address)' names no host and port")
            }
            (self.url, self.host, self.port) = (address, bare, port)
        }
    }

    private enum Reply: Sendable {
        case image(Data)
        case elsewhere(String)
    }

    /// Asks the first of the host's addresses that takes a connection.
    private func ask(
        _ target: Target, _ deadline: DownloadDeadline, _ room: @escaping @Sendable (Int) async -> Void
    ) async throws -> Reply {
        let addresses = try await timed(deadline) { try await resolve(target.host, target.port) }
        guard !addresses.isEmpty else { throw Self.passing("no address is known for \(target.host)") }
        let allowed = rules.allowsPrivateAddresses ? addresses : addresses.filter(isPublic)
        guard !allowed.isEmpty else {
            throw Self.final(
                "\(target.host) is an address of a private network; 'fetch: {by: local, private_addresses: true}' "
                    + "allows it")
        }
        let places = allowed.compactMap(\.ipAddress).prefix(Self.mostAddresses).map {
            DownloadClients.Place(host: target.host, address: $0)
        }
        for place in places.dropLast() {
            do {
                return try await clients.withClient(for: place) { try await exchange(target.url, $0, deadline, room) }
            } catch  where Self.isUnreachable(error) {}
        }
        guard let last = places.last else { throw Self.passing("no address is known for \(target.host)") }
        return try await clients.withClient(for: last) { try await exchange(target.url, $0, deadline, room) }
    }

    /// Whether no connection came about, so that another address may.
    private static func isUnreachable(_ error: any Error) -> Bool {
        if error is Failure || Task.isCancelled { return false }
        if case .unreachable = HTTPTransport.errorBeforeReply(error) { return true }
        return false
    }

    private func exchange(
        _ address: String, _ client: HTTPClient, _ deadline: DownloadDeadline,
        _ room: @escaping @Sendable (Int) async -> Void
    ) async throws -> Reply {
        let response = try await timed(deadline) {
            var request = HTTPClientRequest(url: address)
            request.headers = ["Accept": "image/*,*/*;q=0.5", "User-Agent": "caption"]
            return try await client.execute(request, deadline: .distantFuture)
        }
        let status = Int(response.status.code)
        if [301, 302, 303, 307, 308].contains(status), let location = response.headers.first(name: "location") {
            return .elsewhere(location)
        }
        guard status == 200 else { throw refusal(status, response) }
        let most = Self.mostBytes(of: response)
        guard most <= ImageLimits.mostFileBytes else { throw Self.tooLarge }
        await deadline.paused { await room(most) }
        return try await timed(deadline) {
            var data = Data()
            for try await piece in response.body {
                guard data.count + piece.readableBytes <= most else { throw Self.tooLarge }
                data.append(contentsOf: piece.readableBytesView)
            }
            return .image(data)
        }
    }

    /// The most bytes that a reply's body can have.
    ///
    /// A length holds for the bytes on the wire: packed ones may become more.
    private static func mostBytes(of response: HTTPClientResponse) -> Int {
        guard response.headers.first(name: "content-encoding") == nil,
            let length = response.headers.first(name: "content-length").flatMap(Int.init), length >= 0
        else { return ImageLimits.mostFileBytes }
        return length
    }

    private static let tooLarge = Failure(
        .unreadableImage, label: "image_too_large",
        detail: "The image has more than \(ImageLimits.mostFileBytes >> 20) MiB; make it smaller.")

    /// A part of a download, within what is left of its time.
    private func timed<Value: Sendable>(
        _ deadline: DownloadDeadline, _ work: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        let late = Self.passing("the download took more than \(rules.timeout.text)")
        return try await within(deadline.rest, late: late, work)
    }

    /// What another status than 200 says, and how long the server asks to wait.
    private func refusal(_ status: Int, _ response: HTTPClientResponse) -> Failure {
        let message = "the image's server answered HTTP \(status)"
        guard status == 408 || status == 425 || status == 429 || status >= 500 else { return Self.final(message) }
        var failure = Self.passing(message)
        failure.retryAfter = HTTPReply(status: status, headers: response.headers.map { ($0.name, $0.value) })
            .retryAfter(now: now())
        return failure
    }

    private static func passing(_ message: String) -> Failure {
        Failure(.transient, label: "download_failed", detail: "The image could not be downloaded: \(message).")
    }

    private static func final(_ message: String) -> Failure {
        Failure(.unreadableImage, label: "download_failed", detail: "The image could not be downloaded: \(message).")
    }
}
