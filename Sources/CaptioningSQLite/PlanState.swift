import Captioning
import Foundation
import GRDB
import SystemPackage

/// What the last plan was made of, so that an unchanged one need not be made again.
enum PlanState {
    /// Whether the stored plan is what the planner would find: the spec asks the same, and no folder has changed.
    static func isCurrent(_ planner: Planner, _ db: Database) throws -> Bool {
        guard try DigestSQL.areColumnsWhole(db) else { return false }
        guard let digest = try Data.fetchOne(db, sql: "SELECT digest FROM plan"), digest == planner.digest else {
            return false
        }
        let folders = try Row.fetchCursor(db, sql: "SELECT path, device, inode, changedAt FROM planFolder")
        while let row = try folders.next() {
            var values = RowReader(row)
            let folder = FolderState(
                path: FilePath(bytes: try values.data() ?? Data()),
                device: UInt64(bitPattern: try values.someNumber()),
                inode: UInt64(bitPattern: try values.someNumber()), changedAt: try values.someNumber())
            guard folder.isCurrent else { return false }
        }
        return true
    }

    /// Forgets the last plan.
    static func clear(_ db: Database) throws {
        try db.execute(sql: "DELETE FROM plan")
        try db.execute(sql: "DELETE FROM planFolder")
    }

    /// Remembers a folder that is being walked; two sources may walk the same.
    static func note(_ folder: FolderState, _ db: Database) throws {
        try db.cachedStatement(
            sql: "INSERT OR REPLACE INTO planFolder (path, device, inode, changedAt) VALUES (?, ?, ?, ?)"
        ).execute(arguments: [
            Data(folder.path.bytes), Int64(bitPattern: folder.device), Int64(bitPattern: folder.inode),
            folder.changedAt,
        ])
    }

    /// Remembers the plan whose folders were noted.
    static func keep(_ planner: Planner, _ db: Database) throws {
        try db.execute(sql: "INSERT INTO plan (id, digest) VALUES (1, ?)", arguments: [planner.digest])
    }
}
