import Crypto
public import Foundation

/// Makes the body of a `chat/completions` request.
///
/// Pure: no clock, no network, no key.
///
/// The shape is the vendor's (alibabacloud.com/help/en/model-studio/qwen-vl-compatible-with-openai): one user message
/// with a text part and image parts, parameters top-level, never `stream`.
public struct RequestBuilder: Sendable {
    /// An image of a request.
    public enum Image: Sendable {
        /// Bytes that travel in the request, as a data URL.
        case inline(ImagePayload)
        /// An address from which the provider downloads.
        case remote(url: String)
    }

    private let model: String
    private let parameters: [String: JSONValue]
    private let versions: [String: RequestVersion]

    /// A builder of a job's requests to one model; nil asks the model of the job's first endpoint.
    public init(job: Job, model: String? = nil) {
        self.model = model ?? job.endpoint.model
        parameters = job.parameters.filter { $0.key != "stream" }
        versions = Dictionary(RequestVersion.versions(of: job).map { ($0.promptID, $0) }) { first, _ in first }
    }

    /// The body for one item.
    ///
    /// - `text`: The prompt, rendered.
    /// - `system`: The system message, rendered; nil sends none.
    /// - `images`: In the order in which the model sees them.
    public func body(text: String, system: String?, images: [Image]) -> RequestBody {
        var segments: [RequestBody.Segment] = []
        var json = "{\"model\":\(quoted(model)),\"messages\":["
        if let system { json += "{\"role\":\"system\",\"content\":\(quoted(system))}," }
        json += "{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\(quoted(text))}"
        for image in images {
            json += ",{\"type\":\"image_url\",\"image_url\":{\"url\":"
            switch image {
            case .remote(let url):
                json += quoted(url)
            case .inline(let payload):
                json += "\"data:\(payload.mediaType);base64,"
                segments.append(.text(Data(json.utf8)))
                segments.append(.base64(payload.buffer))
                json = "\""
            }
            json += "}}"
        }
        json += "]}]"
        for (key, value) in parameters.sorted(by: { $0.key < $1.key }) {
            json += ",\(quoted(key)):" + String(decoding: value.canonicalData, as: UTF8.self)
        }
        json += "}"
        segments.append(.text(Data(json.utf8)))
        return RequestBody(segments: segments)
    }

    /// What makes two requests the same: the request's version, the rendered texts and the images' bytes.
    ///
    /// - `digests`: SHA-256 of each image's file, in the order in which the model sees them.
    /// - Returns: SHA-256, 32 bytes; nil for a prompt that the job does not have.
    public func fingerprint(promptID: String, text: String, system: String?, digests: [[UInt8]]) -> Data? {
        guard let version = versions[promptID] else { return nil }
        var hash = SHA256()
        hash.update(data: version.digest)
        for part in [text, system ?? ""] { hash.update(text: part) }
        for digest in digests { hash.update(data: digest) }
        return Data(hash.finalize())
    }

    private func quoted(_ text: String) -> String {
        String(decoding: JSONValue.string(text).canonicalData, as: UTF8.self)
    }
}
