import Foundation
import Testing

@testable import Captioning

struct ErrorBodyTests {
    @Test func `an inner DashScope code replaces the outer one`() throws {
        let error = ErrorBody(parsing: try ChatFixture("dashscope/400-download-failed.json").body())
        #expect(error.code == "InvalidParameter")
        #expect(error.otherCodes == ["invalid_parameter_error"])
        #expect(error.type == "invalid_request_error")
        #expect(error.requestID == "5d0e9c1a")
        #expect(error.param == nil)
    }

    @Test(arguments: [
        (#"{"error":{"message":"m","code":400}}"#, "400", "m"),
        (#"{"error":{"message":"m","code":"429"}}"#, "429", "m"),
        (#"{"error":{"message":"m","code":null}}"#, nil, "m"), (#"{"error":{"code":"c"}}"#, "c", nil),
        (#"{"error":"m"}"#, nil, "m"), (#"{"error":"m","code":"c"}"#, "c", "m"),
        (#"{"error":"Not Found","message":"more","status":404}"#, nil, "more"),
        (#"{"object":"error","message":"m","code":40}"#, "40", "m"), (#"{"code":"c","message":"m"}"#, "c", "m"),
        (#"{"detail":"m"}"#, nil, "m"),
        (#"{"detail":[{"loc":["body","n"],"msg":"m"},{"msg":"x"}]}"#, nil, "body.n: m; x"),
        (#"[{"error":{"code":7,"message":"m"}}]"#, "7", "m"),
        (#"{"choices":[{"error":{"code":5,"message":"m"}}]}"#, "5", "m"),
        (#"{"error":["m"]}"#, nil, "m"), (#""m""#, nil, "m"), (#"{"error":{"message":["a","b"]}}"#, nil, "a; b"),
        ("{}", nil, nil), ("[]", nil, nil), ("null", nil, nil), ("", nil, nil), ("oops", nil, nil),
    ])
    func `every shape gives its code and message`(body: String, code: String?, message: String?) {
        let error = ErrorBody(parsing: Data(body.utf8))
        #expect(error.code == code)
        #expect(error.message == message)
    }

    @Test(arguments: [
        ("gateway/502.html", "502 Bad Gateway"), ("gateway/413.html", "413 Request Entity Too Large"),
        ("gateway/504-no-title.html", "upstream & gateway timed out"),
        ("transformers/500-plain.txt", "Internal Server Error"),
        ("gateway/empty.txt", nil),
    ])
    func `a body that is no JSON gives a readable line`(path: String, snippet: String?) throws {
        #expect(ErrorBody(parsing: try ChatFixture(path).body()).snippet == snippet)
    }

    @Test(arguments: [
        #"{"choices":[{"message":{"content":"x"}}],"error":null}"#, #"{"choices":[],"error":{}}"#,
        #"{"choices":[],"error":""}"#, #"{"choices":[{"error":null}],"code":"InvalidX"}"#, #"{"code":200,"data":{}}"#,
        "7",
    ])
    func `an empty error beside an answer is none`(body: String) throws {
        #expect(ErrorBody(insideSuccess: try JSONValue(parsing: Data(body.utf8))) == nil)
    }

    @Test func `long messages are shortened in the failure`() {
        let body = Data(#"{"error":{"message":"\#(String(repeating: "é", count: 100_000))","code":"c"}}"#.utf8)
        let failure = Dialect.dialect(for: .openai, host: "").failure(status: 413, error: ErrorBody(parsing: body))
        #expect(failure.detail.utf8.count < 2_048)
        #expect(failure.detail.contains("…"))
    }
}
