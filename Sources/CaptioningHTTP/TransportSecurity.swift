import Captioning
import Foundation
import NIOSSL
import SystemPackage

/// Whom a connection trusts, and what to do when it does not.
enum TransportSecurity {
    /// The configuration for an endpoint: the system's authorities, or those of `SSL_CERT_FILE`, and beside them the ones
    /// that `ca_file` names.
    ///
    /// Certificates and host names are always verified.
    ///
    /// Throws `SpecError` for a file that holds no certificates.
    static func configuration(
        for endpoint: Job.Endpoint, environment: [String: String]
    ) throws(SpecError) -> TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        guard endpoint.baseURL.lowercased().hasPrefix("https:") else { return configuration }
        if let path = environment["SSL_CERT_FILE"], !path.isEmpty {
            configuration.trustRoots = .certificates(try certificates(path, named: "SSL_CERT_FILE"))
        }
        if let path = endpoint.caFile {
            configuration.additionalTrustRoots = [
                .certificates(try certificates(path.string, named: "endpoint.ca_file"))
            ]
        }
        return configuration
    }

    private static func certificates(_ path: String, named name: String) throws(SpecError) -> [NIOSSLCertificate] {
        if let certificates = try? NIOSSLCertificate.fromPEMFile(path), !certificates.isEmpty { return certificates }
        throw SpecError([
            .init(
                keyPath: name, message: "'\(path)' cannot be read as certificates in PEM",
                hint: "such a file has lines -----BEGIN CERTIFICATE-----")
        ])
    }

    /// What an error of TLS means, and what to do next.
    static func explanation(of error: any Error) -> String {
        if (error as? NIOSSLExtraError) == .failedToValidateHostname {
            return """
                TLS: the server's certificate is for another host; write the host into base_url as the certificate \
                names it
                """
        }
        // The library has no other word for these than BoringSSL's own constants.
        let text = "\(error)"
        if text.contains("CERTIFICATE_VERIFY_FAILED") {
            return """
                TLS: the server's certificate is not trusted; it has expired (or this machine's clock is wrong), or its \
                authority is not known here: name a private authority's certificate in endpoint.ca_file
                """
        }
        if text.contains("WRONG_VERSION_NUMBER") || text.contains("HTTP_REQUEST") {
            return "TLS: the server speaks no TLS at this port; if it is meant to, write http:// in base_url"
        }
        return "TLS: \(text)"
    }
}
