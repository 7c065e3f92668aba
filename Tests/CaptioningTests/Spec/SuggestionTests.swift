import Testing

@testable import Captioning

struct SuggestionTests {
    static let keys = ["name", "images", "system", "prompts", "base_url", "api_key_env", "files", "urls"]

    @Test(arguments: [
        ("image", "images"), ("imagse", "images"), ("promtps", "prompts"), ("baseURL", "base_url"),
        ("base-url", "base_url"), ("API_KEY_ENV", "api_key_env"), ("apikeyenv", "api_key_env"), ("file", "files"),
        ("nam", "name"), ("nmae", "name"), ("prompst", "prompts"), ("sistems", "system"),
    ])
    func `the nearest word is suggested`(word: String, expected: String) {
        #expect(suggestion(for: word, among: Self.keys) == expected)
    }

    @Test(arguments: ["", "x", "colour", "nm", "prmt", "imag_es_list"])
    func `nothing is suggested for what is far from all words`(word: String) {
        #expect(suggestion(for: word, among: Self.keys) == nil)
    }

    @Test func `of two near words the nearer wins, then the first`() {
        #expect(suggestion(for: "file_name", among: ["file_names_x", "filename"]) == "filename")
        #expect(suggestion(for: "cat", among: ["bat", "hat"]) == "bat")
    }
}
