import NIOCore

extension SocketAddress {
    /// Whether it is an address of the public internet, by IANA's registries of special-purpose addresses
    /// (iana.org/assignments/iana-ipv4-special-registry and -ipv6-).
    var isPublic: Bool {
        withSockAddr { start, _ in
            let bytes = UnsafeRawPointer(start)
            // Behind the family stand the port and the address (RFC 3493 puts a flow label between).
            return switch self.protocol {
            case .inet: Self.isPublic(v4: (4..<8).map { bytes.load(fromByteOffset: $0, as: UInt8.self) })
            case .inet6: Self.isPublic(v6: (8..<24).map { bytes.load(fromByteOffset: $0, as: UInt8.self) })
            default: false
            }
        }
    }

    private static func isPublic(v4 bytes: [UInt8]) -> Bool {
        switch (bytes[0], bytes[1], bytes[2]) {
        // This network, private ones, this machine, multicast and what lies above.
        case (0, _, _), (10, _, _), (127, _, _), (224..., _, _), (172, 16...31, _), (192, 168, _): false
        // Shared by carriers, link-local (where clouds keep their secrets), assignments, tests.
        case (100, 64...127, _), (169, 254, _), (192, 0, 0), (192, 0, 2), (198, 18...19, _), (198, 51, 100),
            (203, 0, 113):
            false
        default: true
        }
    }

    private static func isPublic(v6 bytes: [UInt8]) -> Bool {
        // An IPv4 address in IPv6 clothes: mapped (::ffff:a.b.c.d), translated (64:ff9b::a.b.c.d).
        let isMapped = bytes[0..<10].allSatisfy { $0 == 0 } && bytes[10] == 0xFF && bytes[11] == 0xFF
        let isTranslated = bytes[0..<4] == [0x00, 0x64, 0xFF, 0x9B] && bytes[4..<12].allSatisfy { $0 == 0 }
        if isMapped || isTranslated { return isPublic(v4: Array(bytes[12...])) }
        // Only 2000::/3 is given out; of it not Teredo, benchmarks, ORCHID, documentation and 6to4 in front of IPv4.
        guard bytes[0] & 0xE0 == 0x20 else { return false }
        if bytes[0] == 0x20, bytes[1] == 0x02 { return isPublic(v4: Array(bytes[2..<6])) }
        if bytes[0] == 0x20, bytes[1] == 0x01, bytes[2] < 0x02 { return false }
        if bytes[0] == 0x3F, bytes[1] == 0xFF, bytes[2] < 0x10 { return false }
        return !(bytes[0] == 0x20 && bytes[1] == 0x01 && bytes[2] == 0x0D && bytes[3] == 0xB8)
    }
}
