import Foundation

/// Pixels of a picture, and files that hold them, made by hand.
///
/// The top left quarter is white, the top right one red, the bottom left one green, the bottom right one blue: no turn
/// and no mirror leaves it as it is.
struct Picture {
    let width: Int
    let height: Int
    /// The colour of a pixel by column and row: red, green, blue, 0 to 255.
    let color: (Int, Int) -> [UInt8]

    /// The picture of the four quarters.
    init(width: Int, height: Int) {
        self.init(width: width, height: height) { column, row in
            switch (column < width / 2, row < height / 2) {
            case (true, true): [255, 255, 255]
            case (false, true): [220, 0, 0]
            case (true, false): [0, 150, 0]
            case (false, false): [0, 0, 140]
            }
        }
    }

    /// Another picture.
    init(width: Int, height: Int, color: @escaping (Int, Int) -> [UInt8]) {
        self.width = width
        self.height = height
        self.color = color
    }

    /// What a PNG's pixels are.
    enum Pixels: CaseIterable {
        case rgb, rgb16, palette, rgba, grey
    }

    /// A PNG.
    ///
    /// - `pixels`: With `rgba` the white quarter is transparent black in its place.
    func png(_ pixels: Pixels = .rgb) -> Data {
        var rows = Data()
        for row in 0..<height {
            rows.append(0)
            for column in 0..<width {
                let color = color(column, row)
                switch pixels {
                case .rgb: rows += color
                case .rgb16: rows += color.flatMap { [$0, $0] }
                case .palette: rows.append(UInt8((column < width / 2 ? 0 : 1) + (row < height / 2 ? 0 : 2)))
                case .grey: rows.append(Self.grey(color))
                case .rgba: rows += color == [255, 255, 255] ? [0, 0, 0, 0] : color + [255]
                }
            }
        }
        let (depth, type): (UInt8, UInt8) =
            switch pixels {
            case .rgb: (8, 2)
            case .rgb16: (16, 2)
            case .palette: (8, 3)
            case .rgba: (8, 6)
            case .grey: (8, 0)
            }
        var data = Data([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A])
        data += chunk("IHDR", Self.big(width, 4) + Self.big(height, 4) + [depth, type, 0, 0, 0])
        if pixels == .palette { data += chunk("PLTE", Data([255, 255, 255, 220, 0, 0, 0, 150, 0, 0, 0, 140])) }
        return data + chunk("IDAT", Self.zlib(rows)) + chunk("IEND", Data())
    }

    /// How light a colour is, 0 to 255.
    private static func grey(_ color: [UInt8]) -> UInt8 {
        func light(_ value: UInt8) -> Double { pow(Double(value) / 255, 2.2) }
        let sum = 0.2126 * light(color[0]) + 0.7152 * light(color[1]) + 0.0722 * light(color[2])
        return UInt8((pow(sum, 1 / 2.2) * 255).rounded())
    }

    /// A TIFF without compression, of three channels or four (cyan, magenta, yellow, black).
    func tiff(isCMYK: Bool, orientation: Int = 1) -> Data {
        let channels = isCMYK ? 4 : 3
        var pixels = Data()
        for row in 0..<height {
            for column in 0..<width {
                let color = color(column, row)
                pixels += isCMYK ? color.map { 255 - $0 } + [0] : color
            }
        }
        return Self.tiff(pixels, width: width, height: height, channels: channels, orientation: orientation)
    }

    /// A TIFF that no encoder makes much smaller.
    static func noise(width: Int, height: Int) -> Data {
        var generator = SystemRandomNumberGenerator()
        var pixels = Data(capacity: width * height * 3 + 8)
        while pixels.count < width * height * 3 {
            withUnsafeBytes(of: generator.next()) { pixels.append(contentsOf: $0) }
        }
        return tiff(pixels.prefix(width * height * 3), width: width, height: height, channels: 3, orientation: 1)
    }

    private static func tiff(_ pixels: Data, width: Int, height: Int, channels: Int, orientation: Int) -> Data {
        var entries = Data()
        func add(_ tag: Int, _ type: Int, _ value: Int, count: Int = 1) {
            entries += little(tag, 2) + little(type, 2) + little(count, 4) + little(value, 4)
        }
        let pixelStart = 8 + 2 + 10 * 12 + 4 + 8
        add(256, 4, width)
        add(257, 4, height)
        add(258, 3, 8 + 2 + 10 * 12 + 4, count: channels)
        add(259, 3, 1)
        add(262, 3, channels == 4 ? 5 : 2)
        add(273, 4, pixelStart)
        add(274, 3, orientation)
        add(277, 3, channels)
        add(278, 4, height)
        add(279, 4, pixels.count)
        let depths = Data((0..<4).flatMap { _ in little(8, 2) })
        return Data("II*\0".utf8) + little(8, 4) + little(10, 2) + entries + little(0, 4) + depths + pixels
    }

    /// What a BMP's pixels are.
    enum BitmapPixels: CaseIterable {
        case one, four, eight, fiveFiveFive, fiveSixFive, rgb, topDown, old, unusedByte, alpha
    }

    /// A BMP; with `one` the right half is black, and with `alpha` the white quarter is transparent black.
    func bmp(_ pixels: BitmapPixels) -> Data {
        let bits =
            switch pixels {
            case .one: 1
            case .four: 4
            case .eight: 8
            case .fiveFiveFive, .fiveSixFive: 16
            case .rgb, .topDown, .old: 24
            case .unusedByte, .alpha: 32
            }
        let headerBytes = pixels == .old ? 12 : pixels == .alpha ? 108 : 40
        let masks: [Int] = pixels == .fiveSixFive ? [0xF800, 0x7E0, 0x1F] : []
        let colours: [[UInt8]] = [[255, 255, 255], [220, 0, 0], [0, 150, 0], [0, 0, 140]]
        let palette = bits > 8 ? [] : bits == 1 ? [[255, 255, 255], [0, 0, 0]] : colours
        let offset = 14 + headerBytes + masks.count * 4 + palette.count * 4
        var header = Data("BM".utf8) + Data(count: 8) + Self.little(offset, 4) + Self.little(headerBytes, 4)
        if pixels == .old {
            header += Self.little(width, 2) + Self.little(height, 2) + [1, 0] + Self.little(bits, 2)
        } else {
            header += Self.little(width, 4) + Self.little(pixels == .topDown ? -height : height, 4) + [1, 0]
            header += Self.little(bits, 2) + Self.little(masks.isEmpty && pixels != .alpha ? 0 : 3, 4) + Data(count: 12)
            header += Self.little(palette.count, 4) + Data(count: 4)
            for mask in pixels == .alpha ? [0xFF0000, 0xFF00, 0xFF, 0xFF00_0000] : masks {
                header += Self.little(mask, 4)
            }
            header += Data(count: 14 + headerBytes + masks.count * 4 - header.count)
        }
        for colour in palette { header += colour.reversed() + [0] }
        var rows = Data()
        for row in pixels == .topDown ? Array(0..<height) : (0..<height).reversed() {
            var packed = Data()
            var (byte, filled) = (0, 0)
            for column in 0..<width {
                let colour = color(column, row).map(Int.init)
                switch bits {
                case 24: packed += colour.reversed().map { UInt8($0) }
                case 32:
                    let isClear = pixels == .alpha && colour == [255, 255, 255]
                    packed +=
                        isClear ? [0, 0, 0, 0] : colour.reversed().map { UInt8($0) } + [pixels == .alpha ? 255 : 0]
                case 16:
                    let green = pixels == .fiveSixFive ? colour[1] >> 2 : colour[1] >> 3
                    let shift = pixels == .fiveSixFive ? 11 : 10
                    packed += Self.little((colour[0] >> 3) << shift | green << 5 | colour[2] >> 3, 2)
                default:
                    let quarter = colours.firstIndex { $0.map(Int.init) == colour } ?? 0
                    byte = byte << bits | (bits == 1 ? quarter & 1 : quarter)
                    filled += bits
                    if filled == 8 {
                        packed.append(UInt8(byte))
                        (byte, filled) = (0, 0)
                    }
                }
            }
            if filled > 0 { packed.append(UInt8(byte << (8 - filled))) }
            rows += packed + Data(count: (4 - packed.count % 4) % 4)
        }
        return header + rows
    }

    /// A GIF of the picture, and then so many frames that are black.
    func gif(blackFrames: Int) -> Data {
        var data = Data("GIF89a".utf8) + Self.little(width, 2) + Self.little(height, 2) + [0x81, 0, 0]
        data += Data([255, 255, 255, 220, 0, 0, 0, 150, 0, 0, 0, 140])
        for frame in 0...blackFrames {
            data += Data([0x21, 0xF9, 4, 0, 10, 0, 0, 0, 0x2C]) + Data(count: 4)
            data += Self.little(width, 2) + Self.little(height, 2) + [0, 2]
            var codes: [UInt8] = []
            // A clear code (4) before every second pixel keeps the codes at three bits, which is no compression at all.
            for row in 0..<height {
                for column in 0..<width {
                    if (row * width + column) % 2 == 0 { codes.append(4) }
                    let quarter = UInt8((column < width / 2 ? 0 : 1) + (row < height / 2 ? 0 : 2))
                    codes.append(frame == 0 ? quarter : 3)
                }
            }
            codes.append(5)
            var bytes: [UInt8] = []
            var (bits, count) = (0, 0)
            for code in codes {
                bits |= Int(code) << count
                count += 3
                while count >= 8 {
                    bytes.append(UInt8(bits & 0xFF))
                    bits >>= 8
                    count -= 8
                }
            }
            if count > 0 { bytes.append(UInt8(bits & 0xFF)) }
            for start in stride(from: 0, to: bytes.count, by: 255) {
                let block = bytes[start..<min(start + 255, bytes.count)]
                data += [UInt8(block.count)] + block
            }
            data.append(0)
        }
        return data + [0x3B]
    }

    private func chunk(_ type: String, _ content: Data) -> Data {
        let body = Data(type.utf8) + content
        return Self.big(content.count, 4) + body + Self.big(Int(Self.crc(body)), 4)
    }

    static func big(_ value: Int, _ size: Int) -> Data {
        Data((0..<size).reversed().map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) })
    }

    static func little(_ value: Int, _ size: Int) -> Data {
        Data(big(value, size).reversed())
    }

    /// Bytes as a zlib stream that stores them as they are (RFC 1950 and 1951).
    private static func zlib(_ bytes: Data) -> Data {
        var result = Data([0x78, 0x01])
        var (low, high) = (1, 0)
        for byte in bytes {
            low = (low + Int(byte)) % 65_521
            high = (high + low) % 65_521
        }
        for start in stride(from: 0, to: bytes.count, by: 65_535) {
            let block = bytes[start..<min(start + 65_535, bytes.count)]
            result += [block.endIndex == bytes.count ? 1 : 0] + little(block.count, 2) + little(~block.count, 2) + block
        }
        return result + big(high << 16 | low, 4)
    }

    private static func crc(_ bytes: Data) -> UInt32 {
        ~bytes.reduce(~0) { sum, byte in
            (0..<8).reduce(sum ^ UInt32(byte)) { value, _ in value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1 }
        }
    }
}

/// A JPEG with an EXIF block that says how it is to be turned.
func withOrientation(_ orientation: Int, _ jpeg: Data) -> Data {
    let block =
        Data("Exif\0\0MM\0*".utf8) + Picture.big(8, 4) + Picture.big(1, 2) + Picture.big(274, 2) + Picture.big(3, 2)
        + Picture.big(1, 4) + Picture.big(orientation, 2) + Data(count: 6)
    return jpeg.prefix(2) + Data([0xFF, 0xE1]) + Picture.big(block.count + 2, 2) + block + jpeg.dropFirst(2)
}
