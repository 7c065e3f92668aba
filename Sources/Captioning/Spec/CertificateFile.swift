import Foundation
import SystemPackage

/// Looks at a file of certificates before anything is sent.
enum CertificateFile {
    /// All of the world's public authorities take a quarter of a megabyte.
    private static let mostBytes = 16 << 20

    /// Why the file cannot vouch for anybody; nil when it looks as if it could.
    static func problem(at path: FilePath) -> String? {
        var status = stat()
        guard stat(path.string, &status) == 0 else { return "cannot be read: \(String(cString: strerror(errno)))" }
        guard status.st_mode & S_IFMT == S_IFREG, status.st_size <= mostBytes else {
            return "is no file of certificates"
        }
        guard let data = FileManager.default.contents(atPath: path.string) else { return "cannot be read" }
        return data.range(of: Data("-----BEGIN CERTIFICATE-----".utf8)) == nil ? "holds no certificate in PEM" : nil
    }
}
