import Foundation
import Testing

@testable import CaptioningSimulator

struct FaultDrawTests {
    private static let faults: [Fault: Double] = [.rateLimited: 0.2, .reset: 0.1, .partial: 0.05]

    private func draws(seed: UInt64, faults: [Fault: Double] = faults, count: Int = 4000) -> [Fault?] {
        let draw = FaultDraw(faults: faults, seed: seed)
        return (0..<count).map { draw.fault(for: Data("request \($0 / 2)".utf8), occurrence: $0 % 2) }
    }

    @Test func `the same seed, request and occurrence meet the same fault`() {
        #expect(draws(seed: 1) == draws(seed: 1))
        #expect(draws(seed: 1) != draws(seed: 2))
        let draw = FaultDraw(faults: Self.faults, seed: 1)
        let again = (0..<50).map { draw.fault(for: Data("x".utf8), occurrence: $0) }
        #expect(Set(again).count > 1)
    }

    @Test(arguments: [UInt64(0), 1, .max])
    func `faults come about as often as their probabilities say`(seed: UInt64) {
        let draws = draws(seed: seed)
        for fault in Fault.allCases {
            let share = Double(draws.count { $0 == fault }) / Double(draws.count)
            #expect(abs(share - (Self.faults[fault] ?? 0)) < 0.025)
        }
    }

    @Test func `no probability means never and one means always`() {
        #expect(draws(seed: 3, faults: [:], count: 200).allSatisfy { $0 == nil })
        #expect(draws(seed: 3, faults: [.reset: 0], count: 200).allSatisfy { $0 == nil })
        #expect(draws(seed: 3, faults: [.reset: 1], count: 200).allSatisfy { $0 == .reset })
        #expect(draws(seed: 3, faults: [.reset: 0.5, .html: 0.5], count: 200).allSatisfy { $0 != nil })
    }
}

struct RequestWindowTests {
    @Test func `any 60 seconds hold as many requests as the limit`() {
        var window = RequestWindow(limit: 2)
        let times = [0.0, 10, 20, 59.999, 60, 61, 70, 70.1].map { window.accepts(at: .seconds($0)) }
        #expect(times == [true, true, false, false, true, false, true, false])
    }
}
