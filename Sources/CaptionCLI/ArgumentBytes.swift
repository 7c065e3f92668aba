import Captioning
import Glibc

/// Carries arguments that are not UTF-8 through Swift's strings, because file names are bytes and the argument parser
/// takes text.
///
/// A byte that is not part of UTF-8 travels as a character of its own at the end of the last private plane, and so do the
/// bytes of such a character when somebody really writes one: every argument comes back byte for byte.
enum ArgumentBytes {
    private static let base: UInt32 = 0x10FE00

    /// The arguments of this process, without its name.
    static func ofProcess() -> [String] {
        (1..<max(Int(CommandLine.argc), 1)).compactMap { index in
            CommandLine.unsafeArgv[index].map { text(UnsafeRawBufferPointer(start: $0, count: strlen($0))) }
        }
    }

    /// Bytes as text.
    static func text(_ bytes: some Sequence<UInt8>) -> String {
        let bytes = Array(bytes)
        if let plain = String(validating: bytes, as: UTF8.self), !mayCarry(plain) { return plain }
        var result = String.UnicodeScalarView()
        var index = 0
        while index < bytes.count {
            var parser = Unicode.UTF8.ForwardParser()
            var rest = bytes[index...].makeIterator()
            var end = index + 1
            if case .valid(let encoded) = parser.parseScalar(from: &rest) {
                let scalar = UTF8.decode(encoded)
                if byte(of: scalar) == nil {
                    result.append(scalar)
                    index += encoded.count
                    continue
                }
                end = index + encoded.count
            }
            result.append(contentsOf: bytes[index..<end].compactMap { Unicode.Scalar(base + UInt32($0)) })
            index = end
        }
        return String(result)
    }

    /// The bytes that became the text.
    static func bytes(_ text: String) -> [UInt8] {
        guard mayCarry(text) else { return Array(text.utf8) }
        return text.unicodeScalars.flatMap { scalar in
            byte(of: scalar).map { [$0] } ?? Array(UTF8.encode(scalar) ?? .init())
        }
    }

    /// The text for a person, with carried bytes as `\xFF`.
    static func shown(_ text: String) -> String {
        guard mayCarry(text) else { return text }
        return text.unicodeScalars.reduce(into: "") { result, scalar in
            if let byte = byte(of: scalar) {
                result += "\\x" + String(byte, radix: 16, uppercase: true)
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
    }

    /// The byte that a character carries; nil for one that stands for itself.
    private static func byte(of scalar: Unicode.Scalar) -> UInt8? {
        (base + 0x80...base + 0xFF).contains(scalar.value) ? UInt8(scalar.value - base) : nil
    }

    /// Characters of the last plane begin with this byte in UTF-8.
    private static func mayCarry(_ text: String) -> Bool { text.utf8.contains(0xF4) }
}
