import Foundation

/// Measures parts of the engine, each against a reference in the same run.
@main
struct Benchmarks {
    static func main() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("caption-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }

        let request = try RequestBenchmark(folder: folder)
        let copying = request.copying()
        print(row("memcpy of 2 MB (the reference)", copying, "MB/s", 1))
        let encoding = try request.encodingByCoreutils()
        print(row("coreutils base64", encoding, "MB/s", encoding / copying))
        let building = try request.building()
        print(row("file to request body, with SHA-256", building, "MB/s", building / copying))

        let copy = 200_000 / copying * 1e3
        let admission = AdmissionBenchmark.nanosecondsPerAdmission()
        print(row("copying 200 KB (the reference)", copy, "ns", 1))
        print(row("admission, 1,000 waiting", admission, "ns", admission / copy))

        for figure in try await LedgerBenchmark.figures(folder: folder) {
            print(row(figure.name, figure.perSecond, "items/s", 1e9 / figure.perSecond / copy, "copies an item"))
        }
    }

    private static func row(
        _ name: String, _ value: Double, _ unit: String, _ ratio: Double, _ what: String = "of it"
    ) -> String {
        let number = value.formatted(.number.precision(.fractionLength(0)))
        let share = ratio.formatted(.number.precision(.significantDigits(1...2)))
        return name.padding(toLength: 40, withPad: " ", startingAt: 0)
            + String(repeating: " ", count: max(0, 10 - number.count))
            + "\(number) \(unit)".padding(
                toLength: 8 + number.count, withPad: " ", startingAt: 0) + (ratio == 1 ? "" : " = \(share) \(what)")
    }
}
