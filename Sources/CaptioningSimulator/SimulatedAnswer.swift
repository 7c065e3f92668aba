import Captioning
import Foundation

/// A caption made from what the request shows, with tokens counted by the vendor's formula.
struct SimulatedAnswer {
    let caption: String
    let finishReason: String
    let model: String
    let promptTokens: Int
    let imageTokens: Int
    let completionTokens: Int

    init(to request: ChatRequest) {
        let images = request.images.map { image in
            if let url = image.url { return "a remote image at \(url)" }
            return "a \(image.width)×\(image.height) \(image.format?.displayName ?? "") image"
        }
        let subject = images.isEmpty ? "no image" : images.joined(separator: " and ")
        let question = request.texts.joined(separator: " ")
        let shown = question.count > 80 ? question.prefix(79) + "…" : question
        let whole = "[simulated] This is \(subject). Asked: \(shown)"
        // Four bytes make about one token of English.
        let most = request.maxTokens.map { $0 * 4 } ?? Int.max
        if whole.utf8.count > most {
            // Between characters: an index inside one is rounded down.
            caption = String(whole[..<whole.utf8.index(whole.startIndex, offsetBy: most)])
            finishReason = "length"
        } else {
            caption = whole
            finishReason = "stop"
        }
        model = request.model
        let known = KnownModels.model(request.model)
        let patch = known?.patch ?? 32
        let maxPixels = known?.defaultMaxPixels ?? 2560 * 32 * 32
        let perImage = request.images.map { image in
            request.hasHighResolution
                ? ImageTokens.qwenHighResolution(width: image.width, height: image.height, patch: patch)
                : ImageTokens.qwen(
                    width: image.width, height: image.height, patch: patch, minPixels: image.minPixels,
                    maxPixels: image.maxPixels ?? maxPixels)
        }
        func tokens(_ texts: [String]) -> Int { texts.reduce(0) { $0 + ($1.utf8.count + 3) / 4 } }
        imageTokens = perImage.reduce(0, +)
        promptTokens = ImageTokens.qwenPrompt(
            images: perImage, text: tokens(request.texts), system: request.system.isEmpty ? nil : tokens(request.system)
        )
        completionTokens = max((caption.utf8.count + 3) / 4, 1)
    }

    private init(
        _ other: SimulatedAnswer, caption: String, finishReason: String, model: String? = nil
    ) {
        self.caption = caption
        self.finishReason = finishReason
        self.model = model ?? other.model
        promptTokens = other.promptTokens
        imageTokens = other.imageTokens
        completionTokens = max((caption.utf8.count + 3) / 4, 1)
    }

    /// The same answer, cut in half by the server's clock.
    var half: SimulatedAnswer {
        SimulatedAnswer(self, caption: String(caption.prefix(caption.count / 2)), finishReason: "stop")
    }

    /// The same answer with a mark behind its caption and its model.
    func marked(_ mark: String) -> SimulatedAnswer {
        SimulatedAnswer(self, caption: caption + " " + mark, finishReason: finishReason, model: model + mark)
    }

    /// The same answer, moderated away.
    var filtered: SimulatedAnswer {
        SimulatedAnswer(self, caption: "", finishReason: "content_filter")
    }

    /// The reply's body.
    func body(id: String, created: Int) -> Data {
        JSONValue.object([
            "id": .string(id), "object": .string("chat.completion"), "created": .int(created), "model": .string(model),
            "system_fingerprint": .null,
            "choices": .array([
                .object([
                    "index": .int(0), "finish_reason": .string(finishReason), "logprobs": .null,
                    "message": .object(["role": .string("assistant"), "content": .string(caption)]),
                ])
            ]),
            "usage": .object([
                "prompt_tokens": .int(promptTokens), "completion_tokens": .int(completionTokens),
                "total_tokens": .int(promptTokens + completionTokens),
                "prompt_tokens_details": .object([
                    "image_tokens": .int(imageTokens), "text_tokens": .int(promptTokens - imageTokens),
                    "cached_tokens": .null,
                ]),
            ]),
        ]).canonicalData
    }
}
