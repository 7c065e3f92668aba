/// One request for one item, as the store knows it.
public enum Attempt {
    /// The store's number of an attempt.
    public struct ID: Hashable, Sendable, Codable {
        /// The row number, from 1.
        public let rawValue: Int64

        /// Wraps a row number.
        public init(_ rawValue: Int64) {
            self.rawValue = rawValue
        }
    }
}
