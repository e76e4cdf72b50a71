import Foundation
import GRDB
import TaskRun

/// The tasks that did not start before their `expires_at`.
struct Expiry {
    let database: Database

    func isAnyExpired(now: String) throws -> Bool { try database.finds(Statements.anyExpired, ["now": now]) }

    /// The expired rows, except those that claims pass over.
    func late(except avoided: Set<Int64>, now: String) throws -> [Int64] {
        try database.rows(Statements.late, arguments(except: avoided, now: now))
    }

    func expire(
        _ retention: ResultRetention,
        except avoided: Set<Int64>,
        noting history: History,
        now: String
    ) throws -> [ExpiredTask] {
        guard try isAnyExpired(now: now) else { return [] }
        let rows = try database.rows(Statements.expire, arguments(except: avoided, now: now))
        for key in Set(rows.compactMap(\.lockKey)) { try LockLines(database: database).promote(key) }
        for row in rows { try history.noteFailed(row.id, name: row.name, .expired, now: Date()) }
        for row in rows where row.hasToken {
            // The clock again: the transaction may have waited for its lock.
            try Results(database: database).keep(Statements.keepFailed, row.id, for: retention[row.name], now: Date())
        }
        return rows.map { ExpiredTask(id: $0.id, name: $0.name) }
    }

    private func arguments(except avoided: Set<Int64>, now: String) -> StatementArguments {
        ["now": now, "limit": ExpiredTask.most, "except": avoided.sorted().json]
    }
}

/// A row that expired.
struct ExpiredRow {
    let id: Int64
    let name: String
    let lockKey: String?
    let hasToken: Bool

    init(_ row: ResultRow) {
        (id, name) = (row.integer("id"), row.text("task_name"))
        (lockKey, hasToken) = (row.textIfAny("lock_key"), row.flag("has_token"))
    }
}
