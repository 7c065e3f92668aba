import Glibc
public import SystemPackage

extension FilePath {
    /// A path of exact bytes, which need not be UTF-8; cut at the first NUL.
    public init(bytes: some Sequence<UInt8>) {
        let terminated = bytes.map { CChar(bitPattern: $0) } + [0]
        self = terminated.withUnsafeBufferPointer { buffer in
            buffer.baseAddress.map { FilePath(platformString: $0) } ?? FilePath("")
        }
    }

    /// The exact bytes.
    public var bytes: [UInt8] {
        withPlatformString { pointer in
            var bytes: [UInt8] = []
            var cursor = pointer
            while cursor.pointee != 0 {
                bytes.append(UInt8(bitPattern: cursor.pointee))
                cursor += 1
            }
            return bytes
        }
    }
}

extension FilePath {
    /// The path without links; nil when nothing stands there.
    package var resolved: FilePath? {
        guard let real = withPlatformString({ realpath($0, nil) }) else { return nil }
        defer { free(real) }
        return FilePath(platformString: real)
    }
}

extension FilePath.Component {
    /// One component of exact bytes; the bytes of a directory entry always make one.
    init(bytes: [UInt8]) {
        self = FilePath(bytes: bytes).lastComponent ?? FilePath.Component("_")
    }
}
