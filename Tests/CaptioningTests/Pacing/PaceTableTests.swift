import Foundation
import Testing

@testable import Captioning

/// The pace against every shape of limit, known or not, under quick and slow answers, with a fixed number at once or not; and
/// against limits that change.
///
/// What counts is the part of the ideal that is used (what an oracle would get that knows the limit) and the share of requests
/// that is refused, on average over the seeds and for the worst of them.
struct PaceTableTests {
    /// How many seeds: `make simulate` takes twenty.
    private static let seeds: Range<UInt64> =
        1..<(ProcessInfo.processInfo.environment["CAPTION_PACE_SEEDS"].flatMap { UInt64($0) } ?? 3) + 1

    @Test(arguments: PaceScene.known)
    func `a known limit is used up without one refusal`(scene: PaceScene) {
        let traffic = scene.run(seeds: Self.seeds)
        #expect(traffic.minUsed >= (scene.isBySecond ? 0.94 : 0.98), "\(traffic)")
        #expect(traffic.maxRefused <= (scene.isBySecond ? 0.01 : 0), "\(traffic)")
    }

    @Test(arguments: PaceScene.unknown)
    func `an unknown limit is found within a minute, and hardly run into after that`(scene: PaceScene) {
        let traffic = scene.run(seeds: Self.seeds)
        #expect(traffic.meanUsed >= 0.93, "\(traffic)")
        #expect(traffic.minUsed >= 0.87, "\(traffic)")
        #expect(traffic.meanRefused <= 0.03, "\(traffic)")
        #expect(traffic.maxRefused <= 0.06, "\(traffic)")
        #expect(traffic.refusedEarly <= 300, "\(traffic)")
    }

    @Test(arguments: PaceScene.calendar)
    func `a limit that counts from full minute to full minute is no storm`(scene: PaceScene) {
        let traffic = scene.run(seeds: Self.seeds)
        #expect(traffic.meanUsed >= 0.9, "\(traffic)")
        #expect(traffic.minUsed >= 0.87, "\(traffic)")
        #expect(traffic.maxRefused <= 0.05, "\(traffic)")
        #expect(traffic.refusedEarly <= 300, "\(traffic)")
    }

    @Test(arguments: PaceScene.chance)
    func `refusals by chance slow little down`(scene: PaceScene) {
        let traffic = scene.run(seeds: Self.seeds)
        #expect(traffic.meanUsed >= scene.usedMean, "\(traffic)")
        #expect(traffic.minUsed >= scene.usedWorst, "\(traffic)")
    }

    @Test(arguments: PaceScene.changes)
    func `a limit that changes is found again`(scene: PaceScene) {
        let traffic = scene.run(seeds: Self.seeds)
        #expect(traffic.meanUsed >= scene.usedMean, "\(traffic)")
        #expect(traffic.minUsed >= scene.usedWorst, "\(traffic)")
        #expect(traffic.maxRefused <= 0.05 || scene.isChance, "\(traffic)")
    }

    @Test(arguments: PaceScene.constant)
    func `answers that take equally long change nothing`(scene: PaceScene) {
        let traffic = scene.run(seeds: 1..<2)
        #expect(traffic.minUsed >= 0.88, "\(traffic)")
        #expect(traffic.maxRefused <= 0.03, "\(traffic)")
        #expect(traffic.refusedEarly <= 300, "\(traffic)")
    }

    @Test(arguments: PaceScene.closed)
    func `while everything is refused, only single requests try`(scene: PaceScene) {
        let traffic = scene.run(seeds: Self.seeds)
        #expect(traffic.maxSent <= 60, "\(traffic)")
        #expect(traffic.refusedEarly <= 40, "\(traffic)")
    }
}

/// A provider and a client in virtual time, and what the ideal client would get.
struct PaceScene: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let shapes: [(from: Double, shape: LimitedServer.Shape)]
    /// Requests per second.
    let ideal: Double
    var latency = 0.3...1.5
    /// Requests at once that the user fixed.
    var fixed: Int?
    /// The limit per minute that the user states.
    var stated: Int?
    var stranger: (perSecond: Double, times: ClosedRange<Double>)?
    /// Seconds that count, from and to.
    var measured = 60..<240
    var delay = 0.0...0.02
    var usedMean = 0.93
    var usedWorst = 0.9

    /// Whether the limit looks back so shortly that requests that overtake each other matter.
    var isBySecond: Bool { if case .sliding(_, let seconds) = shapes[0].shape { seconds <= 1 } else { false } }
    var isChance: Bool { if case .chance = shapes[shapes.count - 1].shape { true } else { false } }

    /// What came of it.
    struct Traffic: CustomStringConvertible {
        var used: [Double] = []
        var refused: [Double] = []
        var maxSent = 0
        /// The most that were refused in the first 25 s.
        var refusedEarly = 0

        var minUsed: Double { used.min() ?? 0 }
        var maxRefused: Double { refused.max() ?? 1 }
        var meanUsed: Double { used.reduce(0, +) / Double(used.count) }
        var meanRefused: Double { refused.reduce(0, +) / Double(refused.count) }
        var description: String {
            "used \(meanUsed), \(minUsed) at worst; refused \(meanRefused), \(maxRefused) at worst; "
                + "sent \(maxSent), refused in 25 s \(refusedEarly)"
        }
    }

    func run(seeds: Range<UInt64>) -> Traffic {
        var traffic = Traffic()
        for seed in seeds {
            var limits = Job.Limits(requestsPerMinute: stated)
            if let fixed { limits.concurrency = Job.Concurrency(least: fixed, most: fixed) }
            var model = PaceModel(limits: limits)
            model.delay = delay
            var server = LimitedServer(shapes, latency: latency, seed: seed)
            server.stranger = stranger
            model.run(until: Double(measured.upperBound), server: &server)
            let accepted = model.sum(measured.lowerBound, measured.upperBound) { $0.accepted }
            let refused = model.sum(measured.lowerBound, measured.upperBound) { $0.refused }
            traffic.used.append(Double(accepted) / max(ideal * Double(measured.count), 1))
            traffic.refused.append(Double(refused) / Double(max(accepted + refused, 1)))
            traffic.maxSent = max(traffic.maxSent, accepted + refused)
            traffic.refusedEarly = max(traffic.refusedEarly, model.sum(0, 25) { $0.refused })
        }
        return traffic
    }
}

extension PaceScene {
    private typealias Limit = (name: String, shape: LimitedServer.Shape, perSecond: Double)

    private static let rates: [Limit] = [
        ("600 in 60 s", .sliding(600, seconds: 60), 10), ("120 in 60 s", .sliding(120, seconds: 60), 2),
        ("200 in 10 s", .sliding(200, seconds: 10), 20), ("200 in 5 s", .sliding(200, seconds: 5), 40),
        ("100 in 5 s", .sliding(100, seconds: 5), 20), ("20 in 1 s", .sliding(20, seconds: 1), 20),
        ("60 and 10/s", .bucket(60, perSecond: 10), 10), ("600 and 10/s", .bucket(600, perSecond: 10), 10),
        ("10 and 10/s", .bucket(10, perSecond: 10), 10),
    ]
    private static let minutes: [Limit] = [("600 a minute of the clock", .calendar(600), 10)]

    /// The network's delay and a moment until the answer is in.
    private static let overhead = 0.011

    static let known = crossed(rates + minutes, isStated: true)
    static let unknown =
        crossed(rates)
        + crossed([
            ("16 at work", .work(16), 16), ("16 at work by 503", .work(16, status: 503), 16),
            ("4 at work", .work(4), 4),
        ])
    /// Measured over whole minutes of the clock.
    static let calendar = crossed(minutes).map { scene in
        var scene = scene
        scene.measured = 100..<220
        return scene
    }

    /// Shares that are refused by chance; few requests at once, because many are slow to simulate.
    static let chance = [(0.001, 0.95, 0.95), (0.01, 0.95, 0.85), (0.05, 0.75, 0.6)].flatMap { share, mean, worst in
        [(nil, 1.0...3.0), (64, 1.0...3.0), (24, 0.2...0.4)].map { (fixed: Int?, latency: ClosedRange<Double>) in
            let atOnce = Double(fixed ?? 256)
            return PaceScene(
                testDescription: "chance \(share), \(fixed ?? 0) at once, \(latency) s", shapes: [(0, .chance(share))],
                ideal: (1 - share) * atOnce / (latency.middle + overhead), latency: latency, fixed: fixed,
                measured: fixed == nil ? 100..<180 : 60..<180, usedMean: mean, usedWorst: worst)
        }
    }

    /// The limit of a sliding minute remembers what was sent in the minute before it changed: where that was too much or too
    /// little, a part of the ideal cannot be had in the next one.
    static let changes = [
        change(
            "halves", (0, .sliding(600, seconds: 60)), (120, .sliding(300, seconds: 60)), to: 5, from: 190, mean: 0.84,
            worst: 0.82),
        change(
            "doubles", (0, .sliding(600, seconds: 60)), (120, .sliding(1200, seconds: 60)), to: 20, from: 190,
            mean: 0.85,
            worst: 0.83),
        change("stranger comes", (0, .sliding(600, seconds: 60)), to: 5, from: 130, until: 190, stranger: 70...190),
        change("stranger leaves", (0, .sliding(600, seconds: 60)), to: 10, from: 250, until: 320, stranger: 70...190),
        change("16 to 32 at work", (0, .work(16)), (100, .work(32)), to: 32 / (0.9 + overhead), from: 160),
        change("32 to 16 at work", (0, .work(32)), (100, .work(16)), to: 16 / (0.9 + overhead), from: 160),
        change(
            "passing refusals", (0, .nothing), (60, .everything), (62, .nothing), to: 64 / (1 + overhead), from: 82,
            until: 110, latency: 0.6...1.4, fixed: 64),
        change(
            "chance begins", (0, .sliding(600, seconds: 60)), (100, .chance(0.05)), to: 0.95 * 64 / (0.9 + overhead),
            from: 190, until: 300, fixed: 64, mean: 0.75, worst: 0.5),
    ]

    static let constant = [0.3, 2.0].flatMap { latency in
        let limits: [Limit] =
            [120, 600, 3000].map { ("\($0) in 60 s", .sliding($0, seconds: 60), Double($0) / 60) }
            + [2.0, 10, 40].map { ("\($0)/s", .bucket($0, perSecond: $0), $0) }
            + [8, 64].map { ("\($0) at work", .work($0), Double($0) / (latency + overhead)) }
        return limits.map { name, shape, rate in
            PaceScene(
                testDescription: "\(name), \(latency) s", shapes: [(0, shape)], ideal: rate, latency: latency...latency,
                measured: 62..<300, delay: 0...0)
        }
    }

    static let closed =
        [nil, 64].map { (fixed: Int?) in
            PaceScene(
                testDescription: "everything, \(fixed ?? 0) at once", shapes: [(0, .everything)], ideal: 0,
                fixed: fixed,
                measured: 0..<90)
        } + [
            PaceScene(
                testDescription: "quota ends", shapes: [(0, .sliding(600, seconds: 60)), (30, .everything)], ideal: 0,
                measured: 31..<120)
        ]

    private static func crossed(_ limits: [Limit], isStated: Bool = false) -> [PaceScene] {
        [nil, 64].flatMap { (fixed: Int?) in
            [0.2...0.4, 1.0...3.0].flatMap { latency in
                limits.map { name, shape, perSecond in
                    var rate = perSecond
                    // A client with so many at once does no more.
                    let atOnce = Double(fixed ?? 256) / (latency.middle + overhead)
                    if case .work = shape { rate /= latency.middle + overhead } else { rate = min(rate, atOnce * 0.99) }
                    return PaceScene(
                        testDescription: "\(name), \(fixed ?? 0) at once, \(latency) s", shapes: [(0, shape)],
                        ideal: rate, latency: latency, fixed: fixed, stated: isStated ? Int(perSecond * 60) : nil)
                }
            }
        }
    }

    private static func change(
        _ name: String, _ shapes: (from: Double, shape: LimitedServer.Shape)..., to ideal: Double, from: Int,
        until: Int = 300, latency: ClosedRange<Double> = 0.3...1.5, fixed: Int? = nil,
        stranger: ClosedRange<Double>? = nil,
        mean: Double = 0.93, worst: Double = 0.9
    ) -> PaceScene {
        PaceScene(
            testDescription: name, shapes: shapes, ideal: ideal, latency: latency, fixed: fixed,
            stranger: stranger.map { (5, $0) }, measured: from..<until, usedMean: mean, usedWorst: worst)
    }
}

extension ClosedRange<Double> {
    fileprivate var middle: Double { (lowerBound + upperBound) / 2 }
}
