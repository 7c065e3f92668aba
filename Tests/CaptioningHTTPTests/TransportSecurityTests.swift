import CaptioningTesting
import Foundation
import NIOCore
import NIOPosix
import NIOSSL
import SystemPackage
import Testing

@testable import Captioning
@testable import CaptioningHTTP

/// TLS stays verified, and says what to do when it fails.
struct TransportSecurityTests {
    /// What becomes of a request to a server with a certificate, and whether the server saw any of it.
    private func outcome(
        of certificate: String, trusting authorities: String? = TestCertificates.authority, host: String = "localhost",
        environment: [String: String] = [:]
    ) async throws -> Result<HTTPReply, TransportError> {
        let context = try NIOSSLContext(
            configuration: .makeServerConfiguration(
                certificateChain: [
                    .certificate(try NIOSSLCertificate(bytes: Array(certificate.utf8), format: .pem))
                ],
                privateKey: .privateKey(
                    try NIOSSLPrivateKey(bytes: Array(TestCertificates.key.utf8), format: .pem))))
        let options = StubEndpoint.Options(tls: context, answer: { _ in .reply() })
        return try await TemporaryFolder.use { folder in
            try folder.write((authorities ?? "").utf8, to: "ca.pem")
            return try await StubEndpoint.run(options) { stub in
                var job = HTTPFixture.job(stub.baseURL.replacing("127.0.0.1", with: host))
                job.endpoint.caFile = authorities == nil ? nil : folder.path.appending("ca.pem")
                let outcome = try await HTTPTransport.withTransport(
                    for: job, key: APIKey("sk-secret-key"), environment: environment
                ) { await HTTPFixture.outcome($0) }
                if case .failure = outcome { #expect(stub.requests.isEmpty) }
                return outcome
            }
        }
    }

    @Test(arguments: ["localhost", "127.0.0.1"])
    func `a private authority vouches for its server`(host: String) async throws {
        #expect(try await outcome(of: TestCertificates.server, host: host).get().status == 200)
    }

    static let refusals: [(certificate: String, authorities: String?, advice: String)] = [
        (TestCertificates.server, nil, "endpoint.ca_file"),
        (TestCertificates.expired, TestCertificates.authority, "has expired"),
        (TestCertificates.early, TestCertificates.authority, "clock is wrong"),
        (TestCertificates.elsewhere, TestCertificates.authority, "is for another host"),
        (TestCertificates.server, TestCertificates.server, "endpoint.ca_file"),
    ]

    @Test(arguments: refusals)
    func `a certificate that proves nothing is refused before anything is sent, with what to do`(
        row: (certificate: String, authorities: String?, advice: String)
    ) async throws {
        guard
            case .failure(.unreachable(let reason)) = try await outcome(of: row.certificate, trusting: row.authorities)
        else {
            Issue.record("not refused")
            return
        }
        #expect(reason.contains(row.advice), "\(reason)")
    }

    @Test func `SSL_CERT_FILE names the authorities in place of the system's`() async throws {
        try await TemporaryFolder.use { folder in
            try folder.write(TestCertificates.authority.utf8, to: "authorities.pem")
            let trusted = try await outcome(
                of: TestCertificates.server, trusting: nil,
                environment: ["SSL_CERT_FILE": folder.path("authorities.pem")])
            #expect(try trusted.get().status == 200)
        }
    }

    @Test func `a server without TLS is told apart`() async throws {
        let server = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(PlainServer())
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let outcome = try await HTTPFixture.outcome("https://127.0.0.1:\(server.localAddress?.port ?? 0)/v1")
        try await server.close()
        guard case .failure(.unreachable(let reason)) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(reason.contains("speaks no TLS"), "\(reason)")
    }

    @Test(arguments: ["", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
    func `a file that holds no certificates is a problem of the spec`(text: String) async throws {
        await #expect(throws: SpecError.self) {
            _ = try await outcome(of: TestCertificates.server, trusting: text)
        }
        await #expect(throws: SpecError.self) {
            _ = try await outcome(
                of: TestCertificates.server, trusting: nil, environment: ["SSL_CERT_FILE": "/nowhere.pem"])
        }
    }
}

/// Answers whatever comes as a server of HTTP does to what it does not understand.
private final class PlainServer: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        context.writeAndFlush(
            wrapOutboundOut(ByteBuffer(string: "HTTP/1.1 400 Bad Request\r\n\r\n")), promise: nil)
    }
}
