import Foundation

/// Measures parts of the engine, each against a reference in the same run.
@main
struct Benchmarks {
    static func main() {
        let reference = nanosecondsPerCopy()
        let admission = AdmissionBenchmark.nanosecondsPerAdmission()
        print("reference: copying 200 KB            \(rounded(reference)) ns")
        print("admission, 1,000 waiting             \(rounded(admission)) ns = \(ratio(admission, reference)) of it")
    }

    /// What preparing one image of 200 KB cannot cost less than.
    private static func nanosecondsPerCopy() -> Double {
        let source = [UInt8](repeating: 7, count: 200_000)
        var target = [UInt8](repeating: 0, count: 200_000)
        let rounds = 20_000
        let start = clock()
        for round in 0..<rounds {
            target.withUnsafeMutableBytes { into in source.withUnsafeBytes { into.copyMemory(from: $0) } }
            target[round % target.count] = UInt8(truncatingIfNeeded: round)
        }
        return Double(clock() - start) / Double(CLOCKS_PER_SEC) * 1e9 / Double(rounds)
    }

    private static func rounded(_ nanoseconds: Double) -> Int { Int(nanoseconds.rounded()) }

    private static func ratio(_ value: Double, _ reference: Double) -> Double {
        (value / reference * 100).rounded() / 100
    }
}
