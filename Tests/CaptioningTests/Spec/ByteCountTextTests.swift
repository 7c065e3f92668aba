import Testing

@testable import Captioning

struct ByteCountTextTests {
    @Test(arguments: [
        ("256MB", 256_000_000), ("1.5 gb", 1_500_000_000), ("512MiB", 536_870_912), ("2KiB", 2048), ("77", 77),
        ("0.0004KB", 0),
    ])
    func `a number of bytes is read`(_ text: String, _ bytes: Int) {
        #expect(ByteCountText.bytes(text) == bytes)
    }

    @Test(arguments: [
        "", "MB", "-1MB", "1TB", "1e9", "1,5GB", "inf", "nan", "0x10", "1.2.3MB", "1000000GB", "99999999999999999999",
    ])
    func `anything else is not`(_ text: String) {
        #expect(ByteCountText.bytes(text) == nil)
    }

    @Test(arguments: [
        (256_000_000, "256MB"), (1_500_000_000, "1.5GB"), (536_870_912, "536870.912KB"), (16_384_000, "16.384MB"),
        (1_000_000_000_000, "1000GB"), (999, "999"), (2000, "2KB"),
    ])
    func `it is written as it is read`(_ bytes: Int, _ text: String) {
        #expect(ByteCountText.text(bytes) == text)
        #expect(ByteCountText.bytes(text) == bytes)
    }
}
