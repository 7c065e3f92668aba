import ArgumentParser
import Captioning

/// The program's exit codes: one table, never reused.
enum ExitStatus: Int32, CaseIterable {
    case done = 0
    case runFailed = 1
    case someFailed = 3
    case badUsage = 64
    case badSpec = 65
    case unavailable = 69
    case storeFailed = 74
    case locked = 75
    case keyRefused = 77
    case budgetReached = 78
    case interrupted = 130

    /// As the argument parser throws it: ends the process without a further message.
    var code: ExitCode { ExitCode(rawValue) }
}

/// An error that has its message and its exit code with it.
struct CommandFailure: Error {
    let status: ExitStatus
    let message: Message
}

extension ExitStatus {
    /// The code for a run that has ended.
    init(_ end: RunEnd, failed: Int) {
        switch end {
        case .finished: self = failed > 0 ? .someFailed : .done
        case .interrupted: self = .interrupted
        case .deadline: self = .budgetReached
        case .stopped(.unauthorized): self = .keyRefused
        case .stopped(.fatal): self = .runFailed
        case .stopped(.unavailable): self = .unavailable
        }
    }
}
