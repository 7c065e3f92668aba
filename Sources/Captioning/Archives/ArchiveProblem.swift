import Glibc

/// Why an archive, or something in it, cannot be read.
struct ArchiveProblem: Error, Hashable {
    /// What is wrong, and what to do.
    var message: String
    /// What the system said; nil when it said nothing.
    var errno: Int32?
    /// A short stable word for counting.
    var label = "archive_damaged"

    init(_ message: String, label: String = "archive_damaged") {
        self.message = message
        self.label = label
    }

    /// What the system said.
    init(errno number: Int32) {
        message = String(cString: strerror(number))
        errno = number
    }
}
