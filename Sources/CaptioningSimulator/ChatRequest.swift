import Captioning
import Foundation

/// A request for a completion, checked as strictly as DashScope checks it.
struct ChatRequest {
    /// An image that the request holds or names.
    struct Image {
        let format: ImageFormat?
        let width: Int
        let height: Int
        /// The address of a remote image; nil for an inline one.
        let url: String?
        /// Limits that stand beside the image in its part; nil means the model's.
        var minPixels: Int?
        var maxPixels: Int?
    }

    let model: String
    let texts: [String]
    let system: [String]
    let images: [Image]
    let maxTokens: Int?
    /// Whether the limit of an image's tokens is lifted.
    let hasHighResolution: Bool

    /// The longest data URL, as the vendor's message gives it.
    static let largestDataURL = 10_485_760

    /// Reads and checks a body.
    init(body: Data) throws(SimulatedError) {
        let json: JSONValue
        do {
            json = try JSONValue(parsing: body)
        } catch {
            throw .unreadable
        }
        guard case .object(let members) = json else { throw .unreadable }
        model = try Self.model(members["model"])
        if members["stream"] == .bool(true) {
            throw .invalidParameter("This simulator does not stream; leave 'stream' out.")
        }
        try Self.checkParameters(members)
        maxTokens = members["max_tokens"]?.int
        hasHighResolution = members["vl_high_resolution_images"] == .bool(true)
        guard case .array(let messages)? = members["messages"], !messages.isEmpty else {
            throw .invalidParameter("[] is too short - 'messages'")
        }
        var texts: [String] = []
        var system: [String] = []
        var images: [Image] = []
        for message in messages {
            switch message["role"]?.string {
            case "system": system += try Self.content(message["content"], images: &images)
            case "user", "assistant": texts += try Self.content(message["content"], images: &images)
            default:
                throw .invalidParameter("'role' must be one of 'system', 'user', 'assistant' - 'messages'")
            }
        }
        guard let last = messages.last, last["role"]?.string == "user" else {
            throw .invalidParameter("The last message must come from the user.")
        }
        guard last["content"]?.string != "" else {
            throw .invalidParameter("'content' of the last message must not be empty - 'messages'")
        }
        let isJSONMode = members["response_format"]?["type"]?.string == "json_object"
        if isJSONMode, members["enable_thinking"] == .bool(true) {
            throw .invalidParameter("Json mode response is not supported when enable_thinking is true")
        }
        if isJSONMode,
            !(texts + system).contains(where: { $0.lowercased().contains("json") })
        {
            throw .invalidParameter(
                "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'.")
        }
        self.texts = texts
        self.system = system
        self.images = images
    }

    private static func model(_ value: JSONValue?) throws(SimulatedError) -> String {
        guard let model = value?.string, !model.isEmpty else {
            throw SimulatedError(400, code: "invalid_request_error", "you must provide a model parameter")
        }
        guard !KnownModels.isStreamingOnly(model) else {
            throw .invalidParameter(
                "This model only support stream mode, please enable the stream parameter to access the model. ")
        }
        // The table also finds `Qwen/Qwen3-VL-Plus`; this vendor knows its own spelling only.
        guard model == "simulated" || KnownModels.model(model)?.id == model else {
            throw SimulatedError(
                404, code: "model_not_found", "The model `\(model)` does not exist or you do not have access to it.")
        }
        return model
    }

    /// The ranges of the vendor's chat reference.
    private static func checkParameters(_ members: [String: JSONValue]) throws(SimulatedError) {
        func check(_ key: String, _ isValid: (Double) -> Bool, _ range: String) throws(SimulatedError) {
            guard let value = members[key], value != .null else { return }
            guard let number = value.number, isValid(number) else {
                throw .invalidParameter("Range of \(key) should be \(range)")
            }
        }
        try check("temperature", { $0 >= 0 && $0 < 2 }, "[0.0, 2.0)")
        try check("top_p", { $0 > 0 && $0 <= 1 }, "(0.0, 1.0]")
        try check("top_k", { $0 >= 0 && $0 == $0.rounded() }, "[0, inf)")
        try check("presence_penalty", { abs($0) <= 2 }, "[-2.0, 2.0]")
        try check("repetition_penalty", { $0 > 0 }, "(0.0, inf)")
        try check("max_tokens", { $0 >= 1 && $0 <= 32768 && $0 == $0.rounded() }, "[1, 32768]")
        try check("n", { $0 >= 1 && $0 <= 4 && $0 == $0.rounded() }, "[1, 4]")
        try check("seed", { $0 >= 0 && $0 <= 2_147_483_647 && $0 == $0.rounded() }, "[0, 2147483647]")
        try check("top_logprobs", { $0 >= 0 && $0 <= 5 && $0 == $0.rounded() }, "[0, 5]")
        for key in ["stream", "enable_thinking", "vl_high_resolution_images", "logprobs"] {
            switch members[key] {
            case nil, .null?, .bool?: continue
            default: throw .invalidParameter("\(key) must be a boolean")
            }
        }
        let format = members["response_format"] ?? .null
        guard format == .null || ["text", "json_object", "json_schema"].contains(format["type"]?.string) else {
            throw .invalidParameter("'response_format.type' must be one of 'text', 'json_object', 'json_schema'")
        }
    }

    private static func content(_ value: JSONValue?, images: inout [Image]) throws(SimulatedError) -> [String] {
        switch value {
        case .string(let text): return [text]
        case .array(let parts) where !parts.isEmpty:
            var texts: [String] = []
            for part in parts {
                switch part["type"]?.string {
                case "text":
                    guard let text = part["text"]?.string else { throw .invalidParameter("A text part has no 'text'.") }
                    texts.append(text)
                case "image_url":
                    guard let url = part["image_url"]?["url"]?.string else {
                        throw .invalidParameter("An image_url part has no 'url'.")
                    }
                    var image = try image(url)
                    image.minPixels = part["min_pixels"]?.int
                    image.maxPixels = part["max_pixels"]?.int
                    images.append(image)
                default:
                    throw .invalidParameter("Unknown content part type.")
                }
            }
            return texts
        default:
            throw .invalidParameter("'content' must be a string or an array of parts.")
        }
    }

    /// Whether base64 comes in whole groups of four, with at most two padding characters and these at the very end.
    private static func isPadded(_ base64: Substring) -> Bool {
        let end = base64.utf8.suffix(4)
        let padding = UInt8(ascii: "=")
        let firstPadding = end.firstIndex(of: padding) ?? end.endIndex
        return base64.utf8.count % 4 == 0 && end[firstPadding...].count <= 2
            && end[firstPadding...].allSatisfy { $0 == padding }
    }

    private static func image(_ url: String) throws(SimulatedError) -> Image {
        if url.hasPrefix("http://") || url.hasPrefix("https://") {
            return Image(format: nil, width: 1024, height: 1024, url: url)
        }
        guard url.hasPrefix("data:"), let marker = url.prefix(100).firstRange(of: ";base64,") else {
            throw .invalidImage("The provided URL does not appear to be valid. Ensure it is correctly formatted.")
        }
        guard url.utf8.count <= largestDataURL else {
            throw .invalidImage("Exceeded limit on max bytes per data-uri item : \(largestDataURL)'.")
        }
        let payload = url[marker.upperBound...]
        // Foundation's decoder refuses line breaks and foreign characters, but not padding that is out of place.
        guard isPadded(payload), let bytes = Data(base64Encoded: String(payload)), !bytes.isEmpty else {
            throw .invalidImage("Failed to decode the image during the data inspection: bad base64.")
        }
        let header: ImageHeader
        do {
            header = try ImageHeader(parsing: bytes)
        } catch {
            throw .invalidImage("The file format is illegal and cannot be opened.")
        }
        let mediaType = url[url.index(url.startIndex, offsetBy: 5)..<marker.lowerBound]
        guard mediaType == header.format.mediaType else {
            throw .invalidImage("The image format does not match the Content-Type '\(mediaType)'.")
        }
        guard let limit = ImageLimits.limits(for: .simulated).violation(of: header, fileBytes: bytes.count) else {
            return Image(format: header.format, width: header.width, height: header.height, url: nil)
        }
        let restricted = "The image length and width do not meet the model restrictions. "
        let sides = "height:\(header.height) or width:\(header.width)"
        switch limit.label {
        case "image_too_small": throw .invalidImage("\(restricted)[\(sides) must be larger than 10]")
        case "image_ratio": throw .invalidImage("\(restricted)[\(sides)]")
        default: break
        }
        throw .invalidImage("The media format is not supported or incorrect for the data inspection.")
    }
}
