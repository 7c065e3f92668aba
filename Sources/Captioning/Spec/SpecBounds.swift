import Foundation

/// How large a job spec and its parts may be.
///
/// They are far above what people write, and low enough that a spec from somebody else can neither take all memory nor
/// keep the program busy for minutes. What is over them is reported like any other problem.
package enum SpecBounds {
    /// Bytes of the file; lists of images that are longer belong into a manifest or a file of URLs.
    package static let fileBytes = 4 << 20
    /// Bytes that the document may grow to when its aliases are filled in.
    static let expandedBytes = 8 << 20
    /// Entries of `images`.
    static let sources = 20_000
    /// Prompts: each image is asked all of them.
    static let prompts = 1_000
    /// Entries of `variables`, and of `parameters`.
    static let entries = 1_000
    /// Bytes of one text.
    static let textBytes = 256 << 10
    /// Bytes of a name that becomes a file's or stands in every result.
    static let nameBytes = 200
    /// Mappings and lists within each other, in a parameter.
    static let depth = 32
    /// Problems that are reported one by one.
    static let problems = 100
    /// Mustache sections of one text, which may all stand within each other.
    static let sections = 100
    /// Braces of a text times its bytes: finding each tag takes as long as the text is.
    static let tagWork = 8 << 20
    /// The same for all texts together.
    static let allTagWork = 64 << 20
    /// Bytes of a text with its variables filled in.
    static let renderedBytes = 1 << 20
}

/// How far a YAML document grows when its aliases are filled in.
enum YAMLAliases {
    /// The most bytes that a document can come to.
    ///
    /// An anchor that is named `n` times stands `1 + n` times in the whole, and all of that again wherever an anchor around
    /// it is named: at most the product over all anchors. Every `&name` counts as an anchor and every `*name` of such a
    /// name as an alias, also where they are only text, so that nothing is missed.
    static func expandedBytes(of yaml: String) -> Double {
        let bytes = Array(yaml.utf8)
        var anchors: [ArraySlice<UInt8>: Int] = [:]
        var aliases: [ArraySlice<UInt8>: Int] = [:]
        var index = 0
        while index < bytes.count {
            let sign = bytes[index]
            index += 1
            guard sign == UInt8(ascii: "&") || sign == UInt8(ascii: "*") else { continue }
            let start = index
            while index < bytes.count, isNameByte(bytes[index]) { index += 1 }
            guard index > start else { continue }
            if sign == UInt8(ascii: "&") {
                anchors[bytes[start..<index], default: 0] += 1
            } else {
                aliases[bytes[start..<index], default: 0] += 1
            }
        }
        // A name may be given again; then the aliases are shared among its anchors, at worst evenly.
        let growth = anchors.reduce(0.0) { sum, anchor in
            let count = Double(anchor.value)
            return sum + count * log(1 + Double(aliases[anchor.key] ?? 0) / count)
        }
        return Double(bytes.count) * exp(min(growth, 100))
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}
