import AsyncHTTPClient
public import Captioning
public import Foundation
import NIOCore
import NIOHTTP1
import NIOHTTPCompression
import NIOPosix

/// Downloads images with AsyncHTTPClient, and never from where the spec does not allow.
///
/// Every host is resolved first, its address is looked at, and the connection goes to that very address: a name that
/// resolves to another one a moment later gains nothing. Redirects are followed one by one, each looked at in the same way.
public struct HTTPImageFetcher: ImageFetcher {
    /// More hops than these are a loop.
    static let mostRedirects = 5

    private let rules: ImageFetch

    /// A fetcher that keeps to the rules.
    public init(rules: ImageFetch) {
        self.rules = rules
    }

    /// Downloads one image within the time that the rules give.
    public func fetch(_ url: String) async throws(Failure) -> Data {
        do {
            let late = Self.passing("the download took more than \(rules.timeout.text)")
            return try await within(rules.timeout, late: late) { try await follow(url) }
        } catch let failure as Failure {
            throw failure
        } catch {
            let reason =
                switch HTTPTransport.errorBeforeReply(error) {
                case .unreachable(let reason), .connectionLost(let reason), .brokenReply(let reason): reason
                case .timedOut, .replyTooLarge, .cancelled: "\(error)"
                }
            throw Self.passing("the download broke off (\(reason))")
        }
    }

    private func follow(_ first: String) async throws -> Data {
        var address = first
        for _ in 0...Self.mostRedirects {
            switch try await ask(address) {
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

    private enum Reply {
        case image(Data)
        case elsewhere(String)
    }

    private func ask(_ address: String) async throws -> Reply {
        guard let target = URLComponents(string: address), let scheme = target.scheme?.lowercased(),
            scheme == "http" || scheme == "https", let host = target.host, !host.isEmpty, target.user == nil
        else { throw Self.final("'\(address)' is no http:// or https:// address") }
        let bare = host.trimmingCharacters(in: CharacterSet(charactersIn: "[]"))
        let place = try await resolve(bare, port: target.port ?? (scheme == "https" ? 443 : 80))
        guard rules.allowsPrivateAddresses || place.isPublic else {
            throw Self.final(
                "\(bare) is an address of a private network; 'fetch: {by: local, private_addresses: true}' allows it")
        }
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow, timeout: .init(connect: .seconds(10)),
            decompression: .enabled(limit: .size(ImageLimits.mostFileBytes)))
        configuration.httpVersion = .http1Only
        configuration.http1_1ConnectionDebugInitializer = ReplyGuard.initializer(timeout: nil)
        // A refused connection is no reason to wait: the item is tried again later.
        configuration.connectionPool.retryConnectionEstablishment = false
        if let ip = place.ipAddress { configuration.dnsOverride = [bare: ip] }
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        do {
            let reply = try await exchange(address, client)
            try await client.shutdown()
            return reply
        } catch {
            try? await client.shutdown()
            throw error
        }
    }

    private func exchange(_ address: String, _ client: HTTPClient) async throws -> Reply {
        var request = HTTPClientRequest(url: address)
        request.headers = ["Accept": "image/*,*/*;q=0.5", "User-Agent": "caption"]
        let response = try await client.execute(request, deadline: .distantFuture)
        let status = Int(response.status.code)
        if [301, 302, 303, 307, 308].contains(status), let location = response.headers.first(name: "location") {
            return .elsewhere(location)
        }
        guard status == 200 else {
            let message = "the image's server answered HTTP \(status)"
            throw status == 408 || status == 425 || status == 429 || status >= 500
                ? Self.passing(message) : Self.final(message)
        }
        var data = Data()
        for try await piece in response.body {
            guard data.count + piece.readableBytes <= ImageLimits.mostFileBytes else {
                throw Failure(
                    .unreadableImage, label: "image_too_large",
                    detail: "The image has more than \(ImageLimits.mostFileBytes >> 20) MiB; make it smaller.")
            }
            data.append(contentsOf: piece.readableBytesView)
        }
        return .image(data)
    }

    private func resolve(_ host: String, port: Int) async throws -> SocketAddress {
        do {
            // It blocks, so not on the threads that everything else runs on.
            return try await NIOThreadPool.singleton.runIfActive {
                try SocketAddress.makeAddressResolvingHost(host, port: port)
            }
        } catch is SocketAddressError {
            throw Self.passing("no address is known for \(host)")
        }
    }

    private static func passing(_ message: String) -> Failure {
        Failure(.transient, label: "download_failed", detail: "The image could not be downloaded: \(message).")
    }

    private static func final(_ message: String) -> Failure {
        Failure(.unreadableImage, label: "download_failed", detail: "The image could not be downloaded: \(message).")
    }
}
