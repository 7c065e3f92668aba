import Captioning
import Synchronization

/// Writes rows as CSV to nowhere.
final class ExportSink: Sendable {
    private let writer = Mutex(CSVWriter { _ in })

    /// Writes one row.
    func write(_ row: ExportRow) throws {
        try writer.withLock { try $0.write(row) }
    }
}
