public import Foundation

public struct RateLimitHeaders: Hashable, Sendable {
    public struct Quota: Hashable, Sendable {
        public var limit: Int?; public var remaining: Int?; public var reset: Duration?
    }
    public var requests: Quota?
    public var tokens: Quota?
}
extension HTTPReply { public func rateLimits(now: Date) -> RateLimitHeaders? { nil } }
