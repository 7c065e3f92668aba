import Captioning
import Foundation
import Testing

struct ImageFormatTests {
    @Test(arguments: HeaderSample.all)
    func `a format is known by its first bytes`(sample: HeaderSample) {
        #expect(ImageFormat.sniff(sample.bytes) == sample.header.format)
    }

    @Test(arguments: ["heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1"])
    func `HEIC has several brands`(brand: String) {
        #expect(ImageFormat.sniff(ImageBytes.heif(brand: brand, meta: Data())) == .heic)
    }

    @Test(arguments: ["avif", "avis"])
    func `AVIF has two brands, also among the compatible ones`(brand: String) {
        #expect(ImageFormat.sniff(ImageBytes.heif(brand: brand, meta: Data())) == .avif)
        #expect(ImageFormat.sniff(ImageBytes.heif(brand: "mif1", others: ["miaf", brand], meta: Data())) == .avif)
    }

    static let nothing: [Data] = [
        Data(), Data([0x89]), Data("RIFF\0\0\0\0WAVE".utf8), Data("BM, then text that goes on".utf8),
        Data("<svgs/>".utf8), Data("<html><svg/></html>".utf8), Data("text <svg/>".utf8), Data([0, 0, 1, 0, 0, 0]),
    ]

    @Test(arguments: nothing)
    func `other bytes have no format`(bytes: Data) {
        #expect(ImageFormat.sniff(bytes) == nil)
    }

    @Test func `media types and names are each format's own`() {
        #expect(Set(ImageFormat.allCases.map(\.mediaType)).count == ImageFormat.allCases.count)
        #expect(Set(ImageFormat.allCases.map(\.displayName)).count == ImageFormat.allCases.count)
        #expect(ImageFormat.jpeg.mediaType == "image/jpeg")
        #expect(ImageFormat.heic.mediaType == "image/heic")
    }

    @Test func `extensions are in lower case and without a dot`() {
        #expect(ImageFormat.fileExtensions.allSatisfy { $0 == $0.lowercased() && !$0.contains(".") })
        #expect(ImageFormat.fileExtensions.contains("jfif"))
    }
}
