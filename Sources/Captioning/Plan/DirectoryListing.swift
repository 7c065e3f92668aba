import Glibc

/// The visible entries of one directory, sorted as their whole paths sort: a directory as if its name ended in `/`.
///
/// All names lie in one block, so that a million of them take little more memory than their letters.
struct DirectoryListing: Sequence {
    /// One entry.
    struct Entry {
        let name: [UInt8]
        let isDirectory: Bool
    }

    private struct Place {
        let start: UInt32
        /// The name's length, and for a directory its slash.
        let length: UInt16
    }

    private var bytes: [UInt8] = []
    private var places: [Place] = []

    /// Adds an entry; `sort()` when all are there.
    mutating func append(_ name: UnsafeRawBufferPointer, isDirectory: Bool) {
        places.append(Place(start: UInt32(bytes.count), length: UInt16(name.count + (isDirectory ? 1 : 0))))
        bytes.append(contentsOf: name)
        if isDirectory { bytes.append(slash) }
    }

    /// Brings the entries into their order.
    mutating func sort() {
        bytes.withUnsafeBytes { bytes in
            func name(_ place: Place) -> UnsafeRawBufferPointer {
                UnsafeRawBufferPointer(rebasing: bytes[Int(place.start)..<Int(place.start) + Int(place.length)])
            }
            places.sort { left, right in
                let (left, right) = (name(left), name(right))
                guard let first = left.baseAddress, let second = right.baseAddress else { return false }
                let order = memcmp(first, second, Swift.min(left.count, right.count))
                return order == 0 ? left.count < right.count : order < 0
            }
        }
    }

    func makeIterator() -> some IteratorProtocol<Entry> {
        places.lazy.map { place in
            let end = Int(place.start) + Int(place.length)
            let isDirectory = bytes[end - 1] == slash
            return Entry(name: Array(bytes[Int(place.start)..<(isDirectory ? end - 1 : end)]), isDirectory: isDirectory)
        }.makeIterator()
    }
}

private let slash = UInt8(ascii: "/")
