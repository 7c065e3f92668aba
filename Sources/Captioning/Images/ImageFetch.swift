public import Foundation

/// Who downloads remote images, and from where (`fetch`).
public struct ImageFetch: Hashable, Sendable {
    /// Who downloads.
    public enum Place: String, Hashable, Sendable, CaseIterable {
        /// The provider: requests carry the address.
        case provider
        /// This machine: requests carry the image, prepared like any other.
        case local
    }

    /// Who downloads.
    public var place: Place
    /// Whether addresses of private networks and of this machine may be asked.
    public var allowsPrivateAddresses: Bool
    /// The longest that one download may take.
    public var timeout: Duration

    /// Rules; the defaults are those of a spec that says nothing.
    public init(
        place: Place = .provider, allowsPrivateAddresses: Bool = false, timeout: Duration = .seconds(60)
    ) {
        self.place = place
        self.allowsPrivateAddresses = allowsPrivateAddresses
        self.timeout = timeout
    }
}

/// Downloads images to this machine.
public protocol ImageFetcher: Sendable {
    /// The bytes behind an `http` or `https` address, at most `ImageLimits.mostFileBytes`.
    ///
    /// - `room`: Called once before any of them is taken, with the most that may come; waits until there is memory for so
    ///   many, which counts against no time limit.
    /// - Throws: `Failure`: `transient` when asking again may help, `interrupted` when the task is cancelled, else
    ///   `unreadableImage`.
    func fetch(_ url: String, room: @escaping @Sendable (Int) async -> Void) async throws(Failure) -> Data
}
