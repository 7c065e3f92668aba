/// How one kind of server words its troubles: which reply means what, as data.
///
/// The same word can mean opposite things at two vendors (`insufficient_quota` is "slow down" at DashScope and "no
/// money" at OpenAI), so everything that reads error texts is here and nowhere else.
public struct Dialect: Hashable, Sendable {
    /// One line of the table: replies that match it are of this kind.
    ///
    /// A condition that is left empty matches everything; a rule matches when all of its conditions do.
    public struct Rule: Hashable, Sendable {
        /// HTTP statuses; empty for any.
        public var statuses: Set<Int>
        /// Codes and types, compared by letters and digits only and without case; a trailing `*` means "begins with".
        public var codes: [String]
        /// Request parameters that the server names as the fault.
        public var params: [String]
        /// Pieces of the message, any of them, without case.
        public var messageContains: [String]
        /// What the whole message is, or the whole body when it is no JSON; any of them, without case.
        public var messageIs: [String]
        /// What kind of trouble it is.
        public var kind: Failure.Kind
        /// The failure's label; nil takes the provider's own code.
        public var label: String?
        /// What to do next, for a person.
        public var hint: String?
        /// The most attempts in all that make sense; nil leaves it to the spec.
        public var attempts: Int?
        /// Whether the server says that the rate grew too quickly, not that it is too high.
        public var isThrottlingGrowth: Bool

        /// A rule.
        public init(
            _ kind: Failure.Kind, statuses: Set<Int> = [], codes: [String] = [], params: [String] = [],
            messageContains: [String] = [], messageIs: [String] = [], label: String? = nil, hint: String? = nil,
            attempts: Int? = nil, isThrottlingGrowth: Bool = false
        ) {
            self.kind = kind
            self.statuses = statuses
            self.codes = codes
            self.params = params
            self.messageContains = messageContains
            self.messageIs = messageIs
            self.label = label
            self.hint = hint
            self.attempts = attempts
            self.isThrottlingGrowth = isThrottlingGrowth
        }

        /// Whether the rule speaks of this reply.
        ///
        /// `status` is nil when the reply had an error under a status of success. Then a rule with any other condition
        /// matches under whatever status it names.
        func matches(status: Int?, error: Words) -> Bool {
            if let status {
                guard statuses.isEmpty || statuses.contains(status) else { return false }
            } else if codes.isEmpty && params.isEmpty && messageContains.isEmpty && messageIs.isEmpty {
                return false
            }
            return (codes.isEmpty || codes.contains(where: error.hasCode))
                && (params.isEmpty || params.contains { $0 == error.param })
                && (messageContains.isEmpty || messageContains.contains(where: error.says))
                && (messageIs.isEmpty || messageIs.contains(where: error.saysOnly))
        }
    }

    /// An error's words, made comparable once for all rules.
    struct Words {
        let param: String?
        private let codes: [String]
        private let text: String

        init(_ error: ErrorBody) {
            param = error.param
            codes = ([error.code, error.type].compactMap(\.self) + error.otherCodes).map(Self.letters)
            text = (error.message ?? error.snippet ?? "").lowercased()
        }

        func hasCode(_ code: String) -> Bool {
            let letters = Self.letters(code)
            return code.hasSuffix("*") ? codes.contains { $0.hasPrefix(letters) } : codes.contains(letters)
        }

        func says(_ piece: String) -> Bool {
            text.contains(piece.lowercased())
        }

        func saysOnly(_ message: String) -> Bool {
            text == message.lowercased()
        }

        private static func letters(_ code: String) -> String {
            code.lowercased().filter { $0.isASCII && ($0.isLetter || $0.isNumber) }
        }
    }

    /// The kind of server that speaks so.
    public var provider: Provider
    /// The table; the first rule that matches decides, and the status alone when none does.
    public var rules: [Rule]

    /// A dialect with its own table.
    public init(provider: Provider, rules: [Rule]) {
        self.provider = provider
        self.rules = rules
    }

    /// The dialect of a server.
    ///
    /// DashScope is also known by its host, because it is often reached as a custom provider; the simulated provider
    /// speaks like it, and ModelScope passes its words on. Azure answers as OpenAI does.
    public static func dialect(for provider: Provider, host: String) -> Dialect {
        let host = host.lowercased()
        if host.contains("dashscope") || host.contains("maas.aliyuncs.com") {
            return Dialect(provider: .dashscope, rules: dashScopeRules + commonRules)
        }
        if host.hasSuffix(".modelscope.cn") { return Dialect(provider: provider, rules: dashScopeRules + commonRules) }
        if host.hasSuffix(".openai.azure.com") {
            return Dialect(provider: .openai, rules: openAIRules + commonRules)
        }
        return switch provider {
        case .dashscope, .simulated: Dialect(provider: provider, rules: dashScopeRules + commonRules)
        case .openai: Dialect(provider: provider, rules: openAIRules + commonRules)
        case .ollama: Dialect(provider: provider, rules: ollamaRules + commonRules)
        case .vllm: Dialect(provider: provider, rules: vLLMRules + commonRules)
        case .lmstudio: Dialect(provider: provider, rules: lmStudioRules + commonRules)
        case .openrouter: Dialect(provider: provider, rules: openRouterRules + openAIRules + commonRules)
        case .custom:
            // Could be any of them, and the tables do not contradict each other.
            Dialect(
                provider: provider,
                rules: openRouterRules + openAIRules + ollamaRules + vLLMRules + lmStudioRules + commonRules)
        }
    }

    /// What an error reply means.
    ///
    /// Under a status of success the error's own numeric code takes its place. `retryAfter` is what the reply's headers
    /// ask for; it is kept where waiting can help.
    public func failure(status: Int, error: ErrorBody, retryAfter: Duration? = nil) -> Failure {
        let said = 200...299 ~= status ? error.status : status
        let words = Words(error)
        let rule =
            rules.first { $0.matches(status: said, error: words) } ?? Self.generalRule(status: said, error: error)
        return Failure(
            rule.kind,
            label: rule.label ?? FailureLabel.label(of: error) ?? FailureLabel.label(ofStatus: said),
            detail: Self.detail(status: status, error: error, hint: rule.hint),
            retryAfter: [.rateLimited, .transient, .unavailable].contains(rule.kind) ? retryAfter : nil,
            attemptLimit: rule.attempts, isThrottlingGrowth: rule.isThrottlingGrowth)
    }

    private static func detail(status: Int, error: ErrorBody, hint: String?) -> String {
        let said =
            error.message.map(ReplyText.cleaned)
            ?? error.snippet.map { "HTTP \(status): \($0)" }
            ?? error.code.map { "HTTP \(status) with code \($0) and no message." }
            ?? "HTTP \(status) without a message."
        let text = ReplyText.clipped(ReplyText.redacted(ReplyText.clipped(said, bytes: 4_000)), bytes: 1_500)
        return hint.map { "\(text) (\($0))" } ?? text
    }
}
