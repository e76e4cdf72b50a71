import Foundation
import GRDB
import TaskRun

/// Reads why tasks are not running, within one transaction.
struct WhyRows {
    let database: Database

    func facts(_ selection: WaitFacts.Selection, now: Date) throws -> WaitFacts {
        let (ids, isPartial) = try ids(selection)
        let tasks = try database.rows(
            Statements.whyFacts,
            [
                "now": SQLiteTime.text(now), "counted": selection.counted, "ids": ids.json,
                "error_length": selection.errorLength,
            ]
        )
        let held = try database.rows(Statements.whyHeld, ["limit": WaitFacts.Selection.mostHeld])
        return WaitFacts(now: now, tasks: tasks, held: held, counted: selection.counted, isPartial: isPartial)
    }

    private func ids(_ selection: WaitFacts.Selection) throws -> (ids: [Int64], isPartial: Bool) {
        switch selection {
        case .id(let id): return ([id], false)
        case .token(let token): return (try database.rows(Statements.idOfToken, ["token": token]), false)
        case .ids(let ids): return (ids, false)
        case .waiting(let queue, let name, let limit):
            let rows = try database.rows(
                Statements.whyWaiting,
                ["name": name, "queue": queue, "limit": limit + 1]
            )
            return (rows.prefix(limit).filter(\.isWanted).map(\.id), rows.count > limit)
        }
    }
}

/// A row that was looked at.
struct SeenRow {
    let id: Int64
    let isWanted: Bool

    init(_ row: ResultRow) { (id, isWanted) = (row.integer("id"), row.flag("is_wanted")) }
}
