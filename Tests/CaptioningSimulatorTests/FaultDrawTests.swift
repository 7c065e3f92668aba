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

    @Test func `poison stays with a request, however often it comes`() {
        let draw = FaultDraw(faults: [:], seed: 1, poison: [.serverError: 0.25, .hang: 0.25])
        let requests = (0..<2000).map { Data("request \($0)".utf8) }
        let draws = requests.map { request in (0..<5).map { draw.fault(for: request, occurrence: $0) } }
        #expect(draws.allSatisfy { Set($0).count == 1 })
        for fault in [Fault.serverError, .hang] {
            #expect(abs(Double(draws.count { $0[0] == fault }) / 2000 - 0.25) < 0.05)
        }
    }

    @Test func `poison comes before other faults and leaves their draws as they are`() {
        let plain = FaultDraw(faults: Self.faults, seed: 1)
        let poisoned = FaultDraw(faults: Self.faults, seed: 1, poison: [.hang: 0.1])
        for number in 0..<500 {
            let request = Data("request \(number)".utf8)
            let fault = poisoned.fault(for: request, occurrence: 1)
            #expect(fault == .hang || fault == plain.fault(for: request, occurrence: 1))
        }
    }
}

struct LatencyTests {
    private func latencies(seed: UInt64) -> [Duration] {
        let draw = Draw(seed: seed)
        return (0..<2000).map {
            draw.latency(
                from: .milliseconds(200), to: .seconds(2), for: Data("request \($0 / 2)".utf8), occurrence: $0 % 2)
        }
    }

    @Test func `latencies are spread evenly, differ by occurrence and repeat with the seed`() {
        let latencies = latencies(seed: 1)
        #expect(latencies == self.latencies(seed: 1))
        #expect(latencies != self.latencies(seed: 2))
        #expect(latencies[0] != latencies[1])
        #expect(latencies.allSatisfy { $0 >= .milliseconds(200) && $0 <= .seconds(2) })
        for quarter in 0..<4 {
            let from = Duration.milliseconds(200 + quarter * 450)
            let count = latencies.count { $0 >= from && $0 < from + .milliseconds(450) }
            #expect((400...600).contains(count))
        }
    }

    @Test func `without a span every latency is the same`() {
        let draw = Draw(seed: 1)
        #expect(draw.latency(from: .seconds(1), to: .seconds(1), for: Data(), occurrence: 0) == .seconds(1))
        #expect(draw.latency(from: .zero, to: .zero, for: Data(), occurrence: 3) == .zero)
    }
}
