import AsyncHTTPClient
import Foundation

/// The proxy that the usual environment variables name for a URL.
///
/// `HTTPS_PROXY` and `HTTP_PROXY` by the URL's scheme, `ALL_PROXY` for both, in lower or upper case (`HTTP_PROXY` only in
/// lower case, as curl does, because servers set the other from a request's header); `NO_PROXY` lists hosts and domains
/// that are reached directly. The machine itself is always reached directly.
struct ProxySettings {
    let proxy: HTTPClient.Configuration.Proxy?

    init(for url: String, environment: [String: String]) {
        proxy = Self.proxy(for: url, environment)
    }

    private static func proxy(for url: String, _ environment: [String: String]) -> HTTPClient.Configuration.Proxy? {
        guard let target = URLComponents(string: url), let host = target.host?.lowercased(), !isLoopback(host) else {
            return nil
        }
        let noProxy = environment["no_proxy"] ?? environment["NO_PROXY"] ?? ""
        let isDirect = noProxy.split(separator: ",").contains { entry in
            let domain = entry.trimmingCharacters(in: .whitespaces).lowercased().drop { $0 == "." }
            return domain == "*" || domain == host || (!domain.isEmpty && host.hasSuffix("." + domain))
        }
        guard !isDirect else { return nil }
        let names =
            target.scheme?.lowercased() == "https"
            ? ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] : ["http_proxy", "all_proxy", "ALL_PROXY"]
        guard let text = names.lazy.compactMap({ environment[$0] }).first(where: { !$0.isEmpty }),
            let address = URLComponents(string: text.contains("://") ? text : "http://" + text),
            let proxyHost = address.host, !proxyHost.isEmpty
        else { return nil }
        if address.scheme?.hasPrefix("socks") == true {
            return .socksServer(host: proxyHost, port: address.port ?? 1080)
        }
        let authorization = address.user.map {
            HTTPClient.Authorization.basic(username: $0, password: address.password ?? "")
        }
        return .server(host: proxyHost, port: address.port ?? 80, authorization: authorization)
    }

    private static func isLoopback(_ host: String) -> Bool {
        let isFourNumbers =
            host.split(separator: ".").count == 4 && host.split(separator: ".").allSatisfy { UInt8($0) != nil }
        return host == "localhost" || host.hasSuffix(".localhost") || host == "::1" || host == "[::1]"
            || (isFourNumbers && host.hasPrefix("127."))
    }
}
