import CaptioningTesting
import Synchronization
import Testing

@testable import Captioning

struct ImageMemoryTests {
    private let clock = FakeClock()

    /// What happened, in its order.
    private final class Log: Sendable {
        private let lines = Mutex<[String]>([])

        var all: [String] { lines.withLock { $0 } }

        func add(_ line: String) { lines.withLock { $0.append(line) } }
    }

    /// The most bytes that were seen.
    private final class Peak: Sendable {
        private let most = Mutex(0)

        var bytes: Int { most.withLock { $0 } }

        func note(_ bytes: Int) { most.withLock { $0 = max($0, bytes) } }
    }

    /// Runs tasks one step at a time; fails when they wait for each other.
    private func stepping(_ body: @escaping @Sendable () async throws -> Void) throws {
        try SteppingExecutor().run(clock: clock, limit: .seconds(1000), body)
    }

    /// Returns when every other task waits: the clock moves only then.
    private func settle() async throws {
        try await clock.sleep(until: clock.now.advanced(by: .seconds(1)), tolerance: nil)
    }

    @Test func `what fits goes in at once, and what does not waits for its turn`() throws {
        let (memory, log) = (ImageMemory(limit: 100), Log())
        try stepping {
            let first = await memory.enter(60)
            try await withThrowingTaskGroup(of: Void.self) { group in
                // The third would fit, and does not overtake.
                for (name, bytes) in [("second", 50), ("third", 10)] {
                    group.addTask {
                        let lease = await memory.enter(bytes)
                        log.add(name)
                        try await settle()
                        lease.release()
                    }
                    try await settle()
                }
                #expect(log.all == [] && memory.used == 60)
                first.release()
                try await group.waitForAll()
            }
        }
        #expect(log.all == ["second", "third"] && memory.used == 0)
    }

    @Test func `a lease gives back what it holds once, whoever forgets it`() async {
        let memory = ImageMemory(limit: 100)
        do {
            let lease = await memory.enter(70)
            lease.set(30)
            #expect(memory.used == 30)
            lease.adjust(by: 20)
            #expect(memory.used == 50)
            lease.release()
            lease.release()
            #expect(memory.used == 0)
            await lease.reenter(40)
            #expect(memory.used == 40)
        }
        #expect(memory.used == 0)
    }

    @Test func `what does not fit alone runs alone`() throws {
        let (memory, log) = (ImageMemory(limit: 100), Log())
        try stepping {
            let sending = await memory.enter(20)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for name in ["a", "b"] {
                    group.addTask {
                        let lease = await memory.enter(10)
                        log.add("\(name) read")
                        try await settle()
                        await lease.grow(by: 800)
                        log.add("\(name) decodes beside \(memory.used - 810)")
                        try await settle()
                        lease.set(5)
                        try await settle()
                        lease.release()
                    }
                }
                try await settle()
                try await settle()
                // Nobody new comes in before them, however small.
                group.addTask {
                    _ = await memory.enter(1)
                    log.add("late")
                }
                try await settle()
                #expect(log.all == ["a read", "b read"])
                sending.release()
                try await group.waitForAll()
            }
        }
        // Beside the first lies the other's file, and beside the second nothing.
        #expect(log.all == ["a read", "b read", "a decodes beside 10", "b decodes beside 0", "late"])
        #expect(memory.used == 0)
    }

    @Test func `decoding that fits runs side by side`() async {
        let memory = ImageMemory(limit: 100)
        let leases = [await memory.enter(10), await memory.enter(10)]
        for lease in leases { await lease.grow(by: 40) }
        #expect(memory.used == 100)
    }

    @Test(arguments: 0..<20)
    func `nobody waits for ever`(_ seed: Int) throws {
        let (memory, peak) = (ImageMemory(limit: 100), Peak())
        try stepping {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<100 {
                    group.addTask {
                        var generator = SplitMix64(seed: UInt64(seed * 1000 + number))
                        let lease = await memory.enter(Int.random(in: 0...120, using: &generator))
                        if Bool.random(using: &generator) { try await settle() }
                        for _ in 0..<Int.random(in: 0...2, using: &generator) {
                            let more = Int.random(in: 0...300, using: &generator)
                            await lease.grow(by: more)
                            peak.note(memory.used)
                            try await settle()
                            lease.adjust(by: -more)
                        }
                        if Bool.random(using: &generator) {
                            await lease.reenter(Int.random(in: 0...90, using: &generator))
                        }
                        lease.release()
                    }
                }
                try await group.waitForAll()
            }
        }
        #expect(memory.used == 0)
        // The budget, one that is larger by itself, and one that does not fit.
        #expect(peak.bytes <= 100 + 120 + 300)
    }

    @Test func `a claim beyond any number is let in alone`() async {
        let memory = ImageMemory(limit: 100)
        let lease = await memory.enter(10)
        await lease.grow(by: 1_000_000_000_000_000)
        lease.release()
        #expect(memory.used == 0)
    }
}

struct ConversionMemoryTests {
    private func megabytes(
        _ format: ImageFormat, _ width: Int = 8000, _ height: Int = 6000, size: PixelSize? = nil,
        output: ConversionOrder.Output = .jpeg, _ change: (inout ImageHeader) -> Void = { _ in }
    ) -> Int {
        var header = ImageHeader(format: format, width: width, height: height)
        change(&header)
        return ConversionOrder(header: header, size: size, output: output).memoryBytes / 1_000_000
    }

    /// Measured at 48 megapixels (WebP also at 98, HEIC and AVIF at 12), less the file and 30 MB for the library itself.
    @Test func `at least what was measured is reserved, and not much more`() {
        func expect(_ reserved: Int, _ measured: Int, _ line: Comment) {
            #expect(reserved >= measured && reserved <= measured * 2 + 25, line)
        }
        let small = PixelSize(width: 1856, height: 1376)
        expect(megabytes(.webp, 11440, 8580), 744, "WebP of 98 megapixels")
        expect(megabytes(.webp, size: small), 361, "WebP")
        expect(megabytes(.png), 30, "PNG")
        expect(megabytes(.png) { $0.isInterlaced = true }, 145, "PNG in passes")
        expect(megabytes(.jpeg, size: small), 9, "JPEG")
        expect(megabytes(.jpeg, size: small) { $0.isProgressive = true }, 146, "JPEG in passes")
        expect(megabytes(.heic, 4000, 3000), 90, "HEIC")
        expect(megabytes(.avif, 4000, 3000), 76, "AVIF")
        expect(megabytes(.gif, 4000, 3000), 52, "GIF")
    }

    @Test func `no claim overflows it`() {
        #expect(megabytes(.webp, .max, .max) == 1_000_000_000)
    }
}
