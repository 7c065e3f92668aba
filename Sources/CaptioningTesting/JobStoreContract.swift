public import Captioning

/// One thing that every `JobStore` must do, as a check that any store can be put through.
///
/// A test runs all of them: `@Test(arguments: JobStoreContract.all)`, each with a fresh store.
public struct JobStoreContract: Sendable, CustomStringConvertible {
    /// A fresh store.
    public struct Subject: Sendable {
        /// The store.
        public var store: any JobStore
        /// Opens the same store once more, as another process would; nil when nobody else can see it.
        public var openAgain: (@Sendable () throws -> any JobStore)?

        /// A fresh store.
        public init(store: any JobStore, openAgain: (@Sendable () throws -> any JobStore)? = nil) {
            self.store = store
            self.openAgain = openAgain
        }
    }

    /// The store did not do what it must.
    public struct Violation: Error, CustomStringConvertible {
        /// What was found and what should have been.
        public let description: String
    }

    /// What a store must do, as a sentence.
    public let description: String
    private let check: @Sendable (LedgerScene) async throws -> Void

    init(_ description: String, _ check: @escaping @Sendable (LedgerScene) async throws -> Void) {
        self.description = description
        self.check = check
    }

    /// Puts a fresh store through the check; afterwards its ledger must keep its own rules.
    ///
    /// - Throws: `Violation`, or what the store threw.
    public func verify(_ subject: Subject) async throws {
        try await check(LedgerScene(subject: subject))
        try expect(try await subject.store.verify(), is: [], "what verifying finds")
    }

    /// Everything that a store must do.
    public static let all = plans + names + claims + runs + records + answers + changes + readings
}
