import CaptioningHTTP
import NIOSSL
import Testing

@testable import Captioning

/// TLS stays verified.
struct TransportSecurityTests {
    /// Made for this test only; nothing trusts it.
    private static let certificate = """
        -----BEGIN CERTIFICATE-----
        MIIBmzCCAUGgAwIBAgIULdMMy+UDyJdn3NUHYH0SZwosO8gwCgYIKoZIzj0EAwIw
        FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMzA1MTcxNloYDzIxMjYxMDMw
        MDUxNzE2WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
        PQMBBwNCAASARQVl3LdBnUbsuQSmGgYey7D9wWQ3519ft899chJxfBVeiWYL2OiH
        ucQEnfWAtXJAcJmi2L0T4t7nrz1ddbzLo28wbTAdBgNVHQ4EFgQUTP1W63cy09lS
        GrKor6pONi4n40MwHwYDVR0jBBgwFoAUTP1W63cy09lSGrKor6pONi4n40MwDwYD
        VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
        zj0EAwIDSAAwRQIhAN0OViAdykJwXuxuvWy2mgtjcUUZBPxrUO8ras6T/pNKAiBC
        nFWTqkFouPcGb+CEId93jAoKj3IE/VbJkI+PgFielA==
        -----END CERTIFICATE-----
        """
    private static let key = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgiDokwvXmCAH8Q1tL
        RzZdrsFZYCCXlIAPBvQJXn9pVkehRANCAASARQVl3LdBnUbsuQSmGgYey7D9wWQ3
        519ft899chJxfBVeiWYL2OiHucQEnfWAtXJAcJmi2L0T4t7nrz1ddbzL
        -----END PRIVATE KEY-----
        """

    @Test func `a certificate that nobody vouches for is refused before anything is sent`() async throws {
        let certificate = try NIOSSLCertificate(bytes: Array(Self.certificate.utf8), format: .pem)
        let key = try NIOSSLPrivateKey(bytes: Array(Self.key.utf8), format: .pem)
        let context = try NIOSSLContext(
            configuration: .makeServerConfiguration(
                certificateChain: [.certificate(certificate)], privateKey: .privateKey(key)))
        let options = StubEndpoint.Options(tls: context, answer: { _ in .reply() })
        try await StubEndpoint.run(options) { stub in
            let outcome = try await HTTPFixture.outcome(stub.baseURL, key: "sk-secret-key")
            #expect(outcome.errorName == "unreachable")
            #expect(stub.connections == 1)
            #expect(stub.requests.isEmpty)
        }
    }
}
