import Foundation

/// A piece of a file in memory, which moves as it is read.
struct FileWindow {
    let file: OpenFile

    private let pieceBytes: Int
    private var start = 0
    private var piece = Data()

    /// - `pieceBytes`: How much is read at once: many kibibytes to go through a file, few to look something up.
    init(_ file: OpenFile, pieceBytes: Int) {
        self.file = file
        self.pieceBytes = pieceBytes
    }

    /// The bytes from an offset on, fewer at the file's end.
    ///
    /// - Throws: `ArchiveProblem`.
    mutating func bytes(at offset: Int, count: Int) throws(ArchiveProblem) -> ByteView {
        guard offset >= 0, count >= 0, offset <= file.count else { return ByteView(Data()) }
        let end = offset + min(count, file.count - offset)
        if offset < start || end > start + piece.count {
            var fresh = Data(count: min(max(pieceBytes, end - offset), file.count - offset))
            var filled = 0
            var problem: ArchiveProblem?
            fresh.withUnsafeMutableBytes { space in
                do throws(ArchiveProblem) {
                    filled = try file.read(into: space, at: offset)
                } catch {
                    problem = error
                }
            }
            if let problem { throw problem }
            piece = fresh.prefix(filled)
            start = offset
        }
        let first = piece.startIndex + offset - start
        return ByteView(piece[first..<min(first + end - offset, piece.endIndex)])
    }
}
