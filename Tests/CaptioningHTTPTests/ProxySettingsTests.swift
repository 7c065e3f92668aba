import AsyncHTTPClient
import Testing

@testable import CaptioningHTTP

struct ProxySettingsTests {
    typealias Proxy = HTTPClient.Configuration.Proxy

    private static let https = "https://api.example.com/v1"
    private static let http = "http://api.example.com/v1"

    @Test(
        arguments: [
            (https, ["https_proxy": "http://p:1"], .server(host: "p", port: 1)),
            (https, ["HTTPS_PROXY": "http://p:1"], .server(host: "p", port: 1)),
            (https, ["https_proxy": "http://a:1", "HTTPS_PROXY": "http://b:2"], .server(host: "a", port: 1)),
            (https, ["https_proxy": "", "HTTPS_PROXY": "http://b:2"], .server(host: "b", port: 2)),
            (https, ["https_proxy": "p:3128"], .server(host: "p", port: 3128)),
            (https, ["https_proxy": "http://p"], .server(host: "p", port: 80)),
            (https, ["http_proxy": "http://p:1"], nil),
            (http, ["http_proxy": "http://p:1"], .server(host: "p", port: 1)),
            (http, ["HTTP_PROXY": "http://p:1"], nil),
            (http, ["https_proxy": "http://p:1"], nil),
            (http, ["all_proxy": "http://p:1"], .server(host: "p", port: 1)),
            (https, ["ALL_PROXY": "http://p:1"], .server(host: "p", port: 1)),
            (https, ["all_proxy": "http://a:1", "https_proxy": "http://b:2"], .server(host: "b", port: 2)),
            (https, ["all_proxy": "socks5://p"], .socksServer(host: "p", port: 1080)),
            (https, ["all_proxy": "socks5h://p:9"], .socksServer(host: "p", port: 9)),
            (
                https, ["https_proxy": "http://me:a%40b@p:1"],
                .server(host: "p", port: 1, authorization: .basic(username: "me", password: "a@b"))
            ),
            (https, ["https_proxy": "http://"], nil),
            ("HTTPS://API.example.com/v1", ["https_proxy": "http://p:1"], .server(host: "p", port: 1)),
            (https, [:], nil),
        ] as [(String, [String: String], Proxy?)])
    func `the variable of the URL's scheme names the proxy`(
        url: String, environment: [String: String], expected: Proxy?
    ) {
        #expect(ProxySettings(for: url, environment: environment).proxy == expected)
    }

    @Test(
        arguments: [
            ("api.example.com", true), ("example.com", true), (".example.com", true), ("EXAMPLE.com", true),
            ("other.org, example.com", true), ("*", true), ("ample.com", false), ("other.org", false), ("", false),
            ("api.example.com.evil.org", false), (",,", false), ("com", true),
        ])
    func `no_proxy lists hosts and domains`(list: String, isDirect: Bool) {
        for name in ["no_proxy", "NO_PROXY"] {
            let settings = ProxySettings(for: Self.https, environment: ["https_proxy": "http://p:1", name: list])
            #expect((settings.proxy == nil) == isDirect)
        }
    }

    @Test(
        arguments: [
            ("http://localhost:8000/v1", true), ("http://127.0.0.1:8000/v1", true), ("http://127.1.2.3/v1", true),
            ("http://[::1]:8000/v1", true), ("http://vllm.localhost/v1", true), ("http://10.0.0.1/v1", false),
            ("http://localhost.example.com/v1", false), ("http://127.example.com/v1", false),
        ])
    func `the machine itself is reached directly`(url: String, isDirect: Bool) {
        let settings = ProxySettings(for: url, environment: ["http_proxy": "http://p:1"])
        #expect((settings.proxy == nil) == isDirect)
    }
}
