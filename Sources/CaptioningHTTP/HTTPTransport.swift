import AsyncHTTPClient
public import Captioning
import Foundation
import NIOCore
import NIOFoundationCompat
import NIOHTTP1
import NIOHTTPCompression
import NIOPosix
import NIOSSL

/// Sends requests with AsyncHTTPClient: one connection pool as wide as the run's concurrency, TLS verified, no redirects,
/// no retries of its own.
public struct HTTPTransport: Transport {
    /// Bodies up to this size are sent from one buffer, which the client keeps until the reply comes; larger ones are
    /// streamed, so that memory holds no more of their base64 than is being sent.
    static let largestBuffer = 16 << 10
    /// The largest reply that is read; a caption has a few kilobytes.
    static let largestReply = 16 << 20

    private let client: HTTPClient
    private let url: String
    private let key: APIKey?
    /// The keys of all of the job's endpoints: none may tell another's.
    public let secrets: Secrets

    private init(client: HTTPClient, endpoint: Job.Endpoint, key: APIKey?, secrets: Secrets) {
        self.client = client
        self.key = key
        self.secrets = secrets
        url = Self.completionsURL(endpoint.baseURL)
    }

    /// The base URL with `/chat/completions` behind its path and before its query, where Azure has its `api-version`.
    static func completionsURL(_ baseURL: String) -> String {
        let path = baseURL.prefix { $0 != "?" }
        return path + (path.hasSuffix("/") ? "" : "/") + "chat/completions" + baseURL.dropFirst(path.count)
    }

    /// Opens clients for the job's endpoints, runs `body` with a transport for each, and closes them again.
    ///
    /// - `keys`: One for each endpoint, sent as a bearer token; nil sends none.
    /// - `environment`: Where proxy variables and `SSL_CERT_FILE` are looked up.
    ///
    /// Throws `SpecError` when a file of certificates cannot be read, and what `body` throws.
    public static func withTransports<Result: Sendable>(
        for job: Job, keys: [APIKey?], environment: [String: String],
        _ body: ([HTTPTransport]) async throws -> Result
    ) async throws -> Result {
        // All of them first: a client that was made must be shut down.
        let configurations = try job.endpoints.map {
            try configuration(for: $0, rules: job.retry, environment: environment)
        }
        let clients = configurations.map { HTTPClient(eventLoopGroupProvider: .singleton, configuration: $0) }
        let secrets = Secrets(keys.compactMap { $0?.secret })
        let transports = zip(zip(clients, job.endpoints), keys).map { place, key in
            HTTPTransport(client: place.0, endpoint: place.1, key: key, secrets: secrets)
        }
        do {
            let result = try await body(transports)
            for client in clients { try await client.shutdown() }
            return result
        } catch {
            for client in clients { try? await client.shutdown() }
            throw error
        }
    }

    /// Opens a client for the job's only endpoint, runs `body` with a transport on it, and closes it again.
    ///
    /// - `key`: Sent as a bearer token; nil sends none.
    /// - `environment`: Where proxy variables are looked up.
    public static func withTransport<Result: Sendable>(
        for job: Job, key: APIKey?, environment: [String: String], _ body: (HTTPTransport) async throws -> Result
    ) async throws -> Result {
        try await withTransports(for: job, keys: [key], environment: environment) { try await body($0[0]) }
    }

    private static func configuration(
        for endpoint: Job.Endpoint, rules: Job.Retry, environment: [String: String]
    ) throws(SpecError) -> HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration(
            tlsConfiguration: try TransportSecurity.configuration(for: endpoint, environment: environment),
            redirectConfiguration: .disallow,
            timeout: .init(connect: .nanoseconds(Int64(rules.connectTimeout.seconds * 1e9))),
            decompression: .enabled(limit: .size(largestReply)))
        configuration.httpVersion = .http1Only
        configuration.http1_1ConnectionDebugInitializer = ReplyGuard.initializer(timeout: rules.timeout)
        configuration.proxy = ProxySettings(for: endpoint.baseURL, environment: environment).proxy
        // The default of 8 connections per host would throttle everything.
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = endpoint.limits.concurrency.most
        // Shorter than the keep-alive of common servers and gateways (60 s and more), so that we close first.
        configuration.connectionPool.idleTimeout = .seconds(45)
        // A refused connection is a verdict for the retry policy, not something to wait out here.
        configuration.connectionPool.retryConnectionEstablishment = false
        return configuration
    }

    /// Sends one request and collects the whole reply within the job's time-out, which `ReplyGuard` keeps.
    public func send(
        _ body: RequestBody, onUploaded: @escaping @Sendable () -> Void
    ) async throws(TransportError) -> HTTPReply {
        do {
            return try await exchange(body, onUploaded)
        } catch let error as TransportError {
            throw error
        } catch {
            throw Task.isCancelled ? .cancelled : .connectionLost("\(error)")
        }
    }

    private func exchange(_ body: RequestBody, _ onUploaded: @escaping @Sendable () -> Void) async throws -> HTTPReply {
        var request = HTTPClientRequest(url: url)
        request.method = .POST
        request.headers = ["Content-Type": "application/json", "Accept": "application/json", "User-Agent": "caption"]
        if let key { request.headers.add(name: "Authorization", value: "Bearer \(key.secret)") }
        if body.contentLength <= Self.largestBuffer {
            var buffer = ByteBuffer()
            buffer.reserveCapacity(body.contentLength)
            for chunk in body.makeChunks() { buffer.write(chunk) }
            onUploaded()
            request.body = .bytes(buffer)
        } else {
            let upload = Upload(body: body, onUploaded: onUploaded)
            request.body = .stream(upload, length: .known(Int64(body.contentLength)))
        }
        let response: HTTPClientResponse
        do {
            // The client's own deadline would end with the reply's head.
            response = try await client.execute(request, deadline: .distantFuture)
        } catch {
            throw Self.errorBeforeReply(error)
        }
        do {
            let data = try await Self.whole(response.body)
            return HTTPReply(
                status: Int(response.status.code), headers: response.headers.map { ($0.name, $0.value) },
                body: data)
        } catch let error as TransportError {
            throw error
        } catch NIOHTTPDecompression.DecompressionError.limit {
            throw TransportError.replyTooLarge(limit: Self.largestReply)
        } catch is CancellationError {
            throw TransportError.cancelled
        } catch {
            throw (error as? HTTPClientError) == .cancelled ? .cancelled : TransportError.brokenReply("\(error)")
        }
    }

    private static func whole(_ body: HTTPClientResponse.Body) async throws -> Data {
        var collected = ByteBuffer()
        for try await piece in body {
            guard collected.readableBytes + piece.readableBytes <= largestReply else {
                throw TransportError.replyTooLarge(limit: largestReply)
            }
            collected.writeImmutableBuffer(piece)
        }
        return Data(buffer: collected)
    }

    /// What an error says that came before the reply's head.
    ///
    /// Unreachable promises that nothing was sent, so only what happens while connecting is that.
    static func errorBeforeReply(_ error: any Error) -> TransportError {
        switch error {
        case let error as TransportError: return error
        case is CancellationError: return .cancelled
        case NIOHTTPDecompression.DecompressionError.limit: return .replyTooLarge(limit: largestReply)
        case let error as HTTPClientError:
            switch error {
            case .cancelled: return .cancelled
            case .connectTimeout, .tlsHandshakeTimeout, .httpProxyHandshakeTimeout, .socksHandshakeTimeout,
                .getConnectionFromPoolTimeout:
                return .unreachable("time-out while connecting")
            case .proxyAuthenticationRequired, .invalidProxyResponse:
                return .unreachable("the proxy refused: \(error.shortDescription)")
            case .remoteConnectionClosed: return .connectionLost("the server closed it")
            default: return .connectionLost(error.shortDescription)
            }
        case let error as NIOConnectionError:
            let reasons = error.connectionErrors.map { "\($0.error)" }
            let dns = [error.dnsAError, error.dnsAAAAError].compactMap { $0.map { "\($0)" } }
            return .unreachable("\(error.host):\(error.port): " + (reasons + dns).joined(separator: "; "))
        case let error as IOError
        where [ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, EMFILE, ENFILE].contains(error.errnoCode):
            return .unreachable(String(cString: strerror(error.errnoCode)))
        case NIOSSLError.uncleanShutdown: return .connectionLost("the server closed it")
        case is NIOSSLError, is NIOSSLExtraError:
            return .unreachable(TransportSecurity.explanation(of: error))
        case let error as HTTPParserError:
            return .brokenReply("no HTTP: \(error)")
        default:
            return .connectionLost("\(error)")
        }
    }
}

/// The pieces of a body as the client asks for them; lets go of the images after the last.
private struct Upload: AsyncSequence, Sendable {
    typealias Element = ByteBuffer

    let body: RequestBody
    let onUploaded: @Sendable () -> Void

    func makeAsyncIterator() -> Iterator {
        Iterator(chunks: body.makeChunks(), unsent: body.contentLength, onUploaded: onUploaded)
    }

    struct Iterator: AsyncIteratorProtocol {
        var chunks: RequestBody.Chunks
        var unsent: Int
        let onUploaded: @Sendable () -> Void

        mutating func next() async -> ByteBuffer? {
            guard let chunk = chunks.next() else { return nil }
            unsent -= chunk.count
            // With the last piece and not at the end after it: the reply may come first, and then nobody asks again.
            if unsent == 0, chunk.count > 0 { onUploaded() }
            var buffer = ByteBuffer()
            buffer.write(chunk)
            return buffer
        }
    }
}

extension ByteBuffer {
    fileprivate mutating func write(_ chunk: RequestBody.Chunk) {
        writeWithUnsafeMutableBytes(minimumWritableBytes: chunk.count) { target in
            chunk.write(to: target)
            return chunk.count
        }
    }
}
