import Foundation

/// How a file is put together: whether it ends as its format says, and what it carries beside its picture.
///
/// What the picture needs is a list of its own for every format, by the format's own directory; whatever is not on it does
/// not leave this machine. Nothing is decoded. Time is linear in the bytes, whatever they claim.
struct ImageStructure {
    /// What a file carries beside its picture: places, cameras, authors, comments, other pictures.
    enum Surplus: Hashable {
        /// Nothing.
        case none
        /// Something that can be left out: the picture is these pieces, in order.
        case separable([Piece])
        /// Something that only a conversion leaves out, or that this program cannot tell from the picture.
        case inseparable
    }

    /// A part of a file without its surplus.
    enum Piece: Hashable {
        /// Bytes of the file as they are.
        case file(Range<Int>)
        /// Bytes in place of the file's own, such as a length that has changed.
        case bytes([UInt8])
    }

    /// Whether the file ends where its format ends; true as well where the format does not tell.
    let isWhole: Bool
    /// What the file carries beside its picture; means nothing when the file is not whole.
    let surplus: Surplus

    init(isWhole: Bool, surplus: Surplus) {
        self.isWhole = isWhole
        self.surplus = surplus
    }

    /// The structure of a file of that format.
    init(of data: Data, _ format: ImageFormat) {
        let bytes = ByteView(data)
        self =
            switch format {
            case .jpeg: .jpeg(bytes)
            case .png: .png(bytes)
            case .webp: .webp(bytes)
            case .gif: .gif(bytes)
            case .bmp: .bmp(bytes)
            case .heic, .avif: .isoMedia(bytes)
            case .tiff: .tiff(bytes)
            // Nobody sends these who could send something else; what they carry is not looked for.
            case .jpeg2000, .psd, .ico, .qoi, .svg: ImageStructure(isWhole: true, surplus: .inseparable)
            }
    }

    /// The file without its surplus; nil when there is none, or when it cannot be left out.
    func withoutSurplus(_ data: Data) -> Data? {
        guard isWhole, case .separable(let pieces) = surplus else { return nil }
        var result = Data(capacity: data.count)
        for piece in pieces {
            switch piece {
            case .file(let range):
                result += data[data.startIndex + range.lowerBound..<data.startIndex + range.upperBound]
            case .bytes(let bytes): result += bytes
            }
        }
        return result
    }
}

/// The pieces of a picture, as they are found in its file.
struct PictureParts {
    private(set) var pieces: [ImageStructure.Piece] = []
    /// The bytes in all.
    private(set) var count = 0

    /// Takes bytes of the file over, joined to those before where they touch.
    mutating func keep(_ range: Range<Int>) {
        guard !range.isEmpty else { return }
        count += range.count
        if case .file(let last) = pieces.last, last.upperBound == range.lowerBound {
            pieces[pieces.count - 1] = .file(last.lowerBound..<range.upperBound)
        } else {
            pieces.append(.file(range))
        }
    }

    /// Puts bytes in place of the file's own.
    mutating func write(_ bytes: [UInt8]) {
        count += bytes.count
        pieces.append(.bytes(bytes))
    }

    /// What a file of so many bytes carries beside these pieces.
    func surplus(ofFileWith fileBytes: Int) -> ImageStructure.Surplus {
        pieces == [.file(0..<fileBytes)] ? .none : .separable(pieces)
    }
}

/// A number as files store it, least significant byte first.
func littleEndianBytes(_ value: Int, _ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
}
