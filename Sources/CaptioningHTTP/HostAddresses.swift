import Glibc
import NIOCore
import NIOPosix

/// The addresses of a host, as the system resolves it.
///
/// By hand, because SwiftNIO's own function brings only the first of them, and of several one may be private.
enum HostAddresses {
    /// All of them, the preferred ones first; empty when none is known.
    ///
    /// - `host`: A name, or an address in any spelling that the system takes (`2130706433`, `0x7f.1`, `0177.0.0.1`, `::1`).
    static func resolve(_ host: String, port: Int) async throws -> [SocketAddress] {
        // It blocks, so not on the threads that everything else runs on.
        try await NIOThreadPool.singleton.runIfActive { lookedUp(host, port: port) }
    }

    private static func lookedUp(_ host: String, port: Int) -> [SocketAddress] {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_ADDRCONFIG
        var first: UnsafeMutablePointer<addrinfo>?
        // Without AI_ADDRCONFIG too: it leaves loopback addresses out where there is no network.
        var status = getaddrinfo(host, String(port), &hints, &first)
        if status != 0 {
            hints.ai_flags = 0
            status = getaddrinfo(host, String(port), &hints, &first)
        }
        guard status == 0 else { return [] }
        defer { freeaddrinfo(first) }
        return sequence(first: first) { $0?.pointee.ai_next }.prefix { $0 != nil }.compactMap { entry in
            guard let info = entry?.pointee, let address = info.ai_addr else { return nil }
            return switch info.ai_family {
            case AF_INET:
                address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { SocketAddress($0.pointee, host: "") }
            case AF_INET6:
                address.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { SocketAddress($0.pointee, host: "") }
            default: nil
            }
        }
    }
}
