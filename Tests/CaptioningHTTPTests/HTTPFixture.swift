import CaptioningHTTP
import Foundation
import Synchronization
import SystemPackage

@testable import Captioning

/// Jobs, bodies and calls that the tests of the transport share.
enum HTTPFixture {
    static func job(_ baseURL: String, concurrency: Int = 4, timeout: Duration = .seconds(120)) -> Job {
        Job(
            name: "test", root: "/", images: [], prompts: [],
            endpoint: Job.Endpoint(provider: .custom, baseURL: baseURL, model: "m", apiKeyVariable: nil),
            limits: Job.Limits(concurrency: .init(fixed: concurrency)),
            retry: Job.Retry(timeout: timeout, connectTimeout: .seconds(60)), store: "/dev/null")
    }

    /// Text, an image, text; the expected bytes are put together independently of the body's own pieces.
    static func body(imageBytes: Int = 30) -> (body: RequestBody, image: ImageBuffer, expected: Data) {
        let bytes = Data((0..<imageBytes).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) })
        let image = ImageBuffer(bytes)
        let (prefix, suffix) = (Data("{\"url\":\"".utf8), Data("\"}".utf8))
        let body = RequestBody(segments: [.text(prefix), .base64(image), .text(suffix)])
        return (body, image, prefix + bytes.base64EncodedData() + suffix)
    }

    /// Runs a transport against a URL and brings the reply or the error of one request.
    static func outcome(
        _ baseURL: String, key: String? = nil, timeout: Duration = .seconds(120), imageBytes: Int = 30,
        environment: [String: String] = [:]
    ) async throws -> Result<HTTPReply, TransportError> {
        try await HTTPTransport.withTransport(
            for: job(baseURL, timeout: timeout), key: key.flatMap { APIKey($0) }, environment: environment
        ) { transport in
            await outcome(transport, imageBytes: imageBytes)
        }
    }

    static func outcome(
        _ transport: HTTPTransport, imageBytes: Int = 30
    ) async -> Result<HTTPReply, TransportError> {
        do throws(TransportError) {
            return .success(try await transport.send(body(imageBytes: imageBytes).body) {})
        } catch {
            return .failure(error)
        }
    }
}

extension Result where Failure == TransportError {
    /// The case of the error without its text; nil for a success.
    var errorName: String? {
        guard case .failure(let error) = self else { return nil }
        return switch error {
        case .unreachable: "unreachable"
        case .connectionLost: "connectionLost"
        case .brokenReply: "brokenReply"
        case .timedOut: "timedOut"
        case .replyTooLarge: "replyTooLarge"
        case .cancelled: "cancelled"
        }
    }
}
