import AsyncHTTPClient
import Captioning
import NIOCore
import NIOHTTPCompression

/// The HTTP clients of downloads: one for each host at one address, kept while they are of use.
///
/// AsyncHTTPClient resolves a name anew with every connection, and takes an address in its place only for a whole client.
/// So a client belongs to one host and one address, and a connection that leads elsewhere all the same is closed before
/// a request goes out on it.
actor DownloadClients {
    /// A host and the address that was looked at.
    struct Place: Hashable {
        /// The host as the URL has it, without brackets.
        let host: String
        /// The address in numbers.
        let address: String
    }

    /// A connection leads to another address than the one that was looked at.
    struct OtherAddress: Error {}

    private struct Entry {
        let client: HTTPClient
        var users = 0
        var lastUse = 0
    }

    /// Clients that nobody uses are closed above this number, the longest unused first.
    static let mostClients = 16
    /// Connections to one host at once; further downloads from it wait.
    private static let mostConnections = 32

    private var entries: [Place: Entry] = [:]
    private var uses = 0

    /// How many clients are open.
    var count: Int { entries.count }

    /// Does something with the client of a place.
    func withClient<Result: Sendable>(
        for place: Place, _ body: @Sendable (HTTPClient) async throws -> Result
    ) async throws -> Result {
        uses += 1
        var entry = entries[place] ?? Entry(client: Self.client(for: place))
        entry.users += 1
        entry.lastUse = uses
        entries[place] = entry
        do {
            let result = try await body(entry.client)
            await leave(place)
            return result
        } catch {
            await leave(place)
            throw error
        }
    }

    /// Closes all of them.
    func shutDown() async {
        let clients = entries.values.map(\.client)
        entries = [:]
        for client in clients { try? await client.shutdown() }
    }

    private func leave(_ place: Place) async {
        entries[place]?.users -= 1
        while entries.count > Self.mostClients,
            let oldest = entries.filter({ $0.value.users == 0 }).min(by: { $0.value.lastUse < $1.value.lastUse })
        {
            entries[oldest.key] = nil
            try? await oldest.value.client.shutdown()
        }
    }

    private static func client(for place: Place) -> HTTPClient {
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow, timeout: .init(connect: .seconds(10)),
            decompression: .enabled(limit: .size(ImageLimits.mostFileBytes)))
        configuration.httpVersion = .http1Only
        configuration.dnsOverride = [place.host: place.address]
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = mostConnections
        configuration.connectionPool.idleTimeout = .seconds(15)
        // A refused connection is no reason to wait: the item is tried again later.
        configuration.connectionPool.retryConnectionEstablishment = false
        let guardReplies = ReplyGuard.initializer(timeout: nil)
        configuration.http1_1ConnectionDebugInitializer = { channel in
            guard let remote = channel.remoteAddress?.ipAddress,
                let expected = try? SocketAddress(ipAddress: place.address, port: 0).ipAddress, remote == expected
            else {
                channel.close(promise: nil)
                return channel.eventLoop.makeFailedFuture(OtherAddress())
            }
            return guardReplies(channel)
        }
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }
}
