import Captioning
import GRDB

/// An item as the store holds it, as far as plans care.
struct StoredItem {
    let id: Int64
    let position: Int?
    let state: ItemState
    let requestID: Int64
    let answeredRequestID: Int64?
    let keptRequestID: Int64?
    let asks: Int64?
    let answeredAsks: Int64?
    let variables: String?
}

/// Finds the items of a plan in the store.
///
/// A plan mostly names the stored items in their stored order; so they are read ahead in that order, and only what comes
/// otherwise is searched by its key.
struct StoredItems {
    /// Items in the store, set aside or not.
    let count: Int

    private static let batchSize = 500
    private static let columns =
        "id, position, state, requestId, answeredRequestId, keptRequestId, kind, image, prompt, "
        + "asks, answeredAsks, variables"

    private let byOrder: Statement
    private let byKey: Statement
    private var ahead: ArraySlice<(key: Item.Key, item: StoredItem)> = []
    private var nextPosition = 0
    private var isAtEnd = false

    init(_ db: Database) throws {
        count = try Tally.items(db)
        byOrder = try db.makeStatement(
            sql: "SELECT \(Self.columns) FROM item WHERE position >= ? ORDER BY position LIMIT \(Self.batchSize)")
        byKey = try db.makeStatement(
            sql: "SELECT \(Self.columns) FROM item WHERE kind = ? AND image = ? AND prompt = ?")
    }

    /// The stored item of a key; nil when there is none.
    mutating func find(_ key: Item.Key) throws -> StoredItem? {
        guard count > 0 else { return nil }
        if ahead.isEmpty { try readAhead() }
        if let first = ahead.first, first.key == key {
            ahead.removeFirst()
            return first.item
        }
        guard
            let row = try Row.fetchOne(byKey, arguments: [key.kind.rawValue, key.image.stored, key.promptID])
        else { return nil }
        let item = try StoredItem.read(row).item
        // Those in between are gone from the plan, or come later: go on behind this one.
        if let position = item.position, position >= ahead.first?.item.position ?? nextPosition {
            ahead = ahead.drop { $0.item.position ?? 0 <= position }
            if ahead.isEmpty { nextPosition = max(nextPosition, position &+ 1) }
        }
        return item
    }

    private mutating func readAhead() throws {
        guard !isAtEnd else { return }
        ahead = try Row.fetchAll(byOrder, arguments: [nextPosition]).map { row in
            try StoredItem.read(row)
        }[...]
        isAtEnd = ahead.count < Self.batchSize
        if let last = ahead.last?.item.position { nextPosition = last &+ 1 }
    }
}

extension StoredItem {
    /// A row of `StoredItems.columns`, with its key.
    fileprivate static func read(_ row: Row) throws -> (key: Item.Key, item: StoredItem) {
        var values = RowReader(row)
        let (id, position) = (try values.someNumber(), try values.int())
        let state = try ItemState(stored: try values.someText())
        let requestID = try values.someNumber()
        let (answered, kept) = (try values.number(), try values.number())
        let kind = try Item.Kind(stored: try values.someText())
        let key = Item.Key(kind: kind, image: try values.imageName(), promptID: try values.someText())
        let item = StoredItem(
            id: id, position: position, state: state, requestID: requestID, answeredRequestID: answered,
            keptRequestID: kept, asks: try values.number(), answeredAsks: try values.number(),
            variables: try values.text())
        return (key, item)
    }
}
