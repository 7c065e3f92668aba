import Captioning
import GRDB

/// Checks rows against their digests as they are read, and their number against the tally.
struct ExportCheck {
    private var damaged: [String] = []
    private var damagedCount = 0
    private var planned = 0
    private var others = 0
    /// The place of the plan that comes next.
    private(set) var nextPosition = 0
    /// Planned results, and others, by the store's own counts; nil when those are gone.
    private let tally: (planned: Int, others: Int)?
    private var unreadable = 0
    private var misplaced = 0

    /// So many damaged rows are named.
    private static let maxNamed = 5

    /// Reads the store's own counts.
    init(_ db: Database) throws {
        let row = try Row.fetchOne(db, sql: "SELECT pending, claimed, done, failed, setAside FROM tally")
        guard let row else {
            tally = nil
            return
        }
        var counts = RowReader(row)
        var planned = 0
        for _ in 0..<4 { planned &+= try counts.int() ?? 0 }
        tally = (planned, try counts.int() ?? 0)
    }

    /// What a row shows; nil when it is damaged.
    mutating func row(_ row: Row, isPlanned: Bool) -> ExportRow? {
        if isPlanned { planned += 1 } else { others += 1 }
        do throws(DamagedRow) {
            var values = RowReader(row, at: ExportRow.Place.position)
            let position = try values.int()
            if isPlanned {
                // A plan has no gaps and no place twice.
                if position != nextPosition { misplaced += 1 }
                nextPosition = (position ?? nextPosition) &+ 1
            }
            return try ExportRow(checked: row)
        } catch {
            damagedCount += 1
            if damaged.count < Self.maxNamed {
                var values = RowReader(row, at: ExportRow.Place.image)
                let name = (try? values.imageName())?.display ?? "an image"
                damaged.append("the row of '\(name)' is damaged and left out: \(error.reason)")
            }
            return nil
        }
    }

    /// Results that the plan has, by the store's own count; 0 when that is gone.
    var expected: Int { tally?.planned ?? 0 }

    /// Counts a place of the plan whose row cannot be read.
    mutating func skip(_ position: Int) {
        unreadable += 1
        nextPosition = position &+ 1
    }

    mutating func compareWithTally(isAll: Bool) {
        guard let tally else { return damaged.append("the store's own counts are missing") }
        if planned != tally.planned {
            damaged.append("the store counts \(tally.planned) results, and \(planned) were found")
        }
        if isAll, others != tally.others {
            damaged.append(
                "the store counts \(tally.others) results that the spec no longer names, and \(others) were found")
        }
    }

    var problems: [String] {
        var problems = damaged
        if damagedCount > Self.maxNamed { problems.append("\(damagedCount) rows are damaged in all") }
        if unreadable > 0 { problems.append("\(unreadable) rows cannot be read") }
        if misplaced > 0 { problems.append("the order of the plan is damaged in \(misplaced) places") }
        return problems
    }
}
