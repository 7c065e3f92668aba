import Captioning
import Foundation
import GRDB

/// A stored row does not hold what the program wrote.
struct DamagedRow: Error {
    /// What is wrong with it.
    let reason: String

    /// A word that the schema does not know, where one of a few stands.
    init(unknown word: String, in column: String) {
        reason = "\(column) holds the unknown word '\(word)'"
    }

    init(_ reason: String) {
        self.reason = reason
    }
}

extension Item.Kind {
    /// The kind that a stored word means.
    init(stored word: String) throws(DamagedRow) {
        guard let kind = Item.Kind(rawValue: word) else { throw DamagedRow(unknown: word, in: "item.kind") }
        self = kind
    }
}

/// An item's state, as it is stored.
enum ItemState: String {
    case pending, claimed, done, failed

    init(stored word: String) throws(DamagedRow) {
        guard let state = ItemState(rawValue: word) else { throw DamagedRow(unknown: word, in: "item.state") }
        self = state
    }

    /// As exports show it.
    var exported: ExportRow.Status {
        switch self {
        case .pending, .claimed: .pending
        case .done: .done
        case .failed: .failed
        }
    }
}

extension ImageName {
    /// As it is stored: text, or the exact bytes when they are not UTF-8.
    var stored: DatabaseValue {
        text?.databaseValue ?? Data(bytes).databaseValue
    }
}
