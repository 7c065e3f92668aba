package import Foundation

/// The pixels of a BMP file, for converters that do not read the format: the same pixels as a TIFF.
///
/// Format: Microsoft's "Bitmap Storage" and the BITMAPINFOHEADER, BITMAPV4HEADER and BITMAPV5HEADER structures. Packed rows
/// (RLE) and files that are cut are not read.
package struct Bitmap {
    private let data: Data
    private let width: Int
    private let height: Int
    private let bits: Int
    private let isTopDown: Bool
    /// Where the rows begin.
    private let offset: Int
    /// Where each channel lies in a pixel of 16 or 32 bits: red, green, blue and perhaps alpha.
    private let masks: [UInt32]
    /// Red, green and blue of each colour that pixels of up to 8 bits number.
    private let palette: [[UInt8]]

    /// Reads the headers; nil when the rows cannot be read.
    package init?(_ data: Data) {
        let bytes = ByteView(data)
        guard bytes.has("BM"), let offset = bytes.little(at: 10, bytes: 4), let size = bytes.little(at: 14, bytes: 4),
            let header = try? ImageHeader(parsing: data), header.format == .bmp
        else { return nil }
        let isOld = size == 12
        let packing = isOld ? 0 : bytes.little(at: 30, bytes: 4) ?? 1
        guard let bits = bytes.little(at: isOld ? 24 : 28, bytes: 2), [0, 3, 6].contains(packing) else { return nil }
        switch (bits, packing) {
        case (1, 0), (4, 0), (8, 0), (24, 0): masks = []
        case (16, 0): masks = [0x7C00, 0x3E0, 0x1F]
        case (32, 0): masks = [0xFF0000, 0xFF00, 0xFF]
        case (16, _), (32, _):
            let count = packing == 6 || size >= 56 ? 4 : 3
            let found = (0..<count).compactMap { bytes.little(at: 54 + 4 * $0, bytes: 4) }
            // An alpha channel of no bits is none.
            let masks = (found.last == 0 ? found.prefix(3) : found[...]).map { UInt32(truncatingIfNeeded: $0) }
            guard found.count == count, masks.allSatisfy({ $0 != 0 }) else { return nil }
            self.masks = masks
        default: return nil
        }
        (width, height, self.bits, self.offset, self.data) = (header.width, header.height, bits, offset, data)
        isTopDown = !isOld && (bytes.little(at: 22, bytes: 4) ?? 0) > Int32.max
        let entry = isOld ? 3 : 4
        palette =
            bits > 8
            ? []
            : (0..<1 << bits).map { place in
                // Fewer colours than the pixels could number are the rule.
                let start = 14 + size + place * entry
                return start + 3 <= offset
                    ? [bytes[start + 2] ?? 0, bytes[start + 1] ?? 0, bytes[start] ?? 0] : [0, 0, 0]
            }
        // No pixel has less than a bit: what follows cannot overflow.
        guard width > 0, height > 0, offset >= 14 + size, header.uprightSize.pixels <= data.count * 8 else {
            return nil
        }
        guard offset + rowBytes * height <= data.count else { return nil }
    }

    /// Rows begin at every fourth byte.
    private var rowBytes: Int { (width * bits + 31) / 32 * 4 }

    /// A TIFF without compression that shows the same.
    package var tiff: Data {
        let channels = palette.isEmpty ? max(masks.count, 3) : 1
        let count = width * height * channels
        var fields: [(tag: Int, type: Int, values: [Int])] = [
            (256, 4, [width]), (257, 4, [height]), (258, 3, Array(repeating: 8, count: channels)), (259, 3, [1]),
            (262, 3, [palette.isEmpty ? 2 : 3]), (273, 4, [0]), (277, 3, [channels]), (278, 4, [height]),
            (279, 4, [count]),
        ]
        if !palette.isEmpty {
            let colours = palette + Array(repeating: [0, 0, 0], count: 256 - palette.count)
            fields.append((320, 3, (0..<3).flatMap { channel in colours.map { Int($0[channel]) * 257 } }))
        }
        // The fourth channel is alpha, and the colours stand for themselves.
        if channels == 4 { fields.append((338, 3, [2])) }
        let start = 8 + 2 + fields.count * 12 + 4
        let more = fields.map { $0.values.count > 1 ? $0.values.count * 2 : 0 }.reduce(0, +)
        fields[5].values = [start + more]
        var directory = Data()
        var values = Data()
        func little(_ value: Int, _ size: Int) -> Data {
            Data((0..<size).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) })
        }
        for field in fields {
            directory += little(field.tag, 2) + little(field.type, 2) + little(field.values.count, 4)
            if field.values.count > 1 {
                directory += little(start + values.count, 4)
                for value in field.values { values += little(value, 2) }
            } else {
                directory += little(field.values[0], 4)
            }
        }
        var tiff = Data("II*\0".utf8) + little(8, 4) + little(fields.count, 2) + directory + little(0, 4) + values
        tiff.reserveCapacity(tiff.count + count)
        for row in 0..<height { tiff += pixels(ofRow: isTopDown ? row : height - 1 - row, channels) }
        return tiff
    }

    /// One row, a byte a channel.
    private func pixels(ofRow row: Int, _ channels: Int) -> [UInt8] {
        let first = data.startIndex + offset + row * rowBytes
        return data[first..<first + rowBytes].withUnsafeBytes { source in
            [UInt8](unsafeUninitializedCapacity: width * channels) { target, count in
                count = width * channels
                for column in 0..<width {
                    switch bits {
                    case 24:
                        for channel in 0..<3 { target[3 * column + channel] = source[3 * column + 2 - channel] }
                    case 16, 32:
                        let pixel =
                            bits == 16
                            ? UInt32(
                                UInt16(littleEndian: source.loadUnaligned(fromByteOffset: 2 * column, as: UInt16.self)))
                            : UInt32(littleEndian: source.loadUnaligned(fromByteOffset: 4 * column, as: UInt32.self))
                        for channel in 0..<channels {
                            target[channels * column + channel] = value(pixel, masks[channel])
                        }
                    default:
                        // The leftmost pixel has the upper bits.
                        let byte = source[column * bits / 8]
                        target[column] = byte >> (8 - bits - column * bits % 8) & UInt8(1 << bits - 1)
                    }
                }
            }
        }
    }

    /// The part of a pixel under a mask, spread over 0 to 255.
    private func value(_ pixel: UInt32, _ mask: UInt32) -> UInt8 {
        let shift = UInt32(mask.trailingZeroBitCount)
        let most = UInt64(mask >> shift)
        return UInt8((UInt64((pixel & mask) >> shift) * 255 + most / 2) / most)
    }
}
