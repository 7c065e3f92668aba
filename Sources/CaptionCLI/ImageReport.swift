import Captioning
import Foundation
import SystemPackage

/// What `caption check --images` says: a line for every image that is changed or fails, and the sums.
struct ImageReport {
    /// The sums, as JSON has them.
    struct Sums: Encodable {
        var images = 0
        var asTheyAre = 0
        var prepared = 0
        var failed = 0
        var bytesBefore = 0
        var bytesAfter = 0
    }

    /// One image, as JSON has it.
    struct Line: Encodable {
        var image: String
        var original: SentImage.Facts?
        var sent: SentImage.Facts?
        var steps: [SentImage.Step]?
        var errorCode: String?
        var errorMessage: String?
    }

    private(set) var sums = Sums()

    /// Counts one image in.
    mutating func add(_ name: String, _ result: Result<SentImage, Failure>) -> Line {
        sums.images += 1
        switch result {
        case .success(let image):
            sums.bytesBefore += image.original.bytes
            sums.bytesAfter += image.sent.bytes
            let isUntouched =
                image.steps.isEmpty || image.steps == [.stripped] && image.sent.format == image.original.format
            if isUntouched { sums.asTheyAre += 1 } else { sums.prepared += 1 }
            return Line(
                image: name, original: image.original, sent: image.sent, steps: image.steps)
        case .failure(let failure):
            sums.failed += 1
            return Line(image: name, errorCode: failure.label, errorMessage: failure.detail)
        }
    }

    /// The sums in words.
    var text: String {
        var parts = ["\(sums.asTheyAre) go out as they are", "\(sums.prepared) are prepared"]
        if sums.failed > 0 { parts.append("\(sums.failed) fail") }
        let before = Self.bytes(sums.bytesBefore)
        let after = Self.bytes(sums.bytesAfter)
        return "\(sums.images) images: \(parts.joined(separator: ", ")); \(before) become \(after)"
    }

    fileprivate static func bytes(_ count: Int) -> String {
        count < 1_000_000
            ? "\((Double(count) / 1e3).formatted(.number.precision(.fractionLength(0...1)))) KB"
            : "\((Double(count) / 1e6).formatted(.number.precision(.fractionLength(0...1)))) MB"
    }
}

extension ImageReport.Line {
    /// The line for a person; nil for an image that goes out as it is, but for its metadata.
    var text: String? {
        if let errorCode { return "\(image): \(errorCode): \(errorMessage ?? "")" }
        guard let original, let sent, let steps, !steps.isEmpty,
            steps != [.stripped] || sent.format != original.format
        else { return nil }
        func described(_ facts: SentImage.Facts) -> String {
            "\(facts.size.text) \(facts.format.displayName) \(ImageReport.bytes(facts.bytes))"
        }
        let done = steps.map(\.rawValue).joined(separator: ", ")
        return "\(image): \(described(original)) -> \(described(sent)) (\(done))"
    }
}
