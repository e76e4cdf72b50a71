public import Foundation
import GRDB
import Synchronization
public import TaskRun

extension SQLiteStore {
    /// The most rows with a lock key that one claim looks at.
    static let lockLimit = 500
    /// The most rows behind others that one call of ``mendLines(now:)`` looks at, from each of two places.
    private static let mendLimit = 1000

    /// What a look at the rows with a lock key found.
    struct KeyedRows {
        /// Those that may be claimed.
        var allowed: [Candidate] = []
        /// Those that may not: they were put behind.
        var behind: [Int64] = []
        /// Whether there are no more to be looked at.
        var isComplete = true
        /// Where they were found.
        var heads: Heads?
    }

    /// The rows with a lock key that may be claimed; those that may not are put behind, and not looked at again.
    func keyed(_ request: ClaimRequest, limit: Int, now: String, in database: Database) throws -> KeyedRows {
        guard limit > 0, try database.isAnyKeyedOpen() else { return KeyedRows() }
        let avoided = avoided.withLock { $0.ids }
        let most = Self.lockLimit + avoided.count
        let heads = try heads(request, keyed: true, limit: most, now: now, in: database)
        let isWhole = !lanes.withLock { $0.isPartial(LaneMemory.Key(request, keyed: true)) }
        var rows = KeyedRows(isComplete: isWhole && heads.rows.count < most, heads: heads)
        let except = SQLiteJSON.text(avoided.sorted())
        for row in heads.rows where !avoided.contains(row.id) {
            if try database.first(Statements.isAllowed, ["id": row.id, "now": now, "except": except]) ?? false {
                rows.allowed.append(row)
            } else {
                rows.behind.append(row.id)
            }
        }
        if !rows.behind.isEmpty {
            try database.run(Statements.markBehind, ["ids": SQLiteJSON.text(rows.behind)])
        }
        return rows
    }

    /// Puts lines right that nothing leads on: see ``TaskRun/TaskStore``.
    public func mendLines(now: Date?) async throws(StoreError) -> Int {
        try await transaction("cannot put lock keys right") { database in
            let text = SQLiteTime.text(now ?? Date())
            var count = try database.giveKeysToCrashed(limit: Self.mendLimit)
            guard let span = try database.first(Statements.spanBehind)?.ids else { return count }
            // Where they are very many: the first ones, and some from anywhere, so that each has its turn.
            for start in [span.lowerBound, Int64.random(in: span)] {
                let place: StatementArguments = ["id": start, "limit": Self.mendLimit, "now": text]
                for id in try database.rows(Statements.deserted, place) {
                    do {
                        try database.run(Statements.freeFailedHolder, ["id": id])
                        count += try database.run(Statements.promoteKeyOf, ["id": id, "now": text])
                    } catch let error as DatabaseError where error.refusesRow && database.isInsideTransaction {
                        // That row's trouble alone.
                    }
                }
            }
            return count
        }
    }
}

extension Database {
    /// Gives rows whose runs died their keys, where nobody else holds them; returns how many.
    fileprivate func giveKeysToCrashed(limit: Int) throws -> Int {
        try rows(Statements.crashedWithoutKey, ["limit": limit]).count { id in
            try run(Statements.freeFailedHolder, ["id": id])
            return try run(Statements.holdCrashed, ["id": id]) == 1
        }
    }

    /// Whether any row with a lock key is to be looked at: one step in an index that is empty where nobody uses keys.
    func isAnyKeyedOpen() throws -> Bool { try finds(Statements.anyOpen) }

    /// Whether a row with a lock key is due that is to be looked at, or may be: not all were seen.
    func isAnyKeyedDue(names: [String], queues: QueueFilter?, now: String) throws -> Bool {
        try isAnyKeyedOpen() && !lanes(names: names, queues: queues, keyed: true, now: now, atMost: 1).isNothing
    }

    /// Notes that those of these rows that were chosen hold their keys.
    func holdKeys(of keyed: [Int64], among chosen: Set<Int64>) throws {
        let held = chosen.intersection(keyed)
        guard !held.isEmpty else { return }
        try run(Statements.hold, ["ids": SQLiteJSON.text(held.sorted())])
    }

    /// After a claim ended: if the row does not keep its key, the next one of the key is to be looked at.
    func letGo(_ key: String, _ settlement: Settlement, gaveWay: Bool, now: Date) throws {
        if !gaveWay, settlement.keepsKey { return }
        try run(Statements.free, ["id": settlement.proof.id, "claim_no": settlement.proof.number])
        try promote(key, now: now)
    }

    /// Makes the next one of a key that waits behind one to be looked at.
    func promote(_ key: String, now: Date = Date()) throws {
        do {
            try run(Statements.promote, ["key": key, "now": SQLiteTime.text(now)])
        } catch let error as DatabaseError where error.refusesRow && isInsideTransaction {
            // The next one's own trouble; a later run tries to lead the line on.
        }
    }

    /// Whether a row was not begun in time.
    func isAnyExpired(now: String) throws -> Bool { try finds(Statements.anyExpired, ["now": now]) }

    /// Makes rows FAILED that were not begun in time.
    func expire(
        now: String,
        _ retention: ResultRetention,
        except avoided: Set<Int64> = []
    ) throws -> [ExpiredTask] {
        guard try isAnyExpired(now: now) else { return [] }
        let rows = try rows(
            Statements.expire,
            ["now": now, "limit": ExpiredTask.most, "except": SQLiteJSON.text(avoided.sorted())]
        )
        for key in Set(rows.compactMap(\.lockKey)) { try promote(key) }
        // Within the transaction: the lock was waited for before.
        for row in rows where row.hasToken { try keepFailed(row.id, keep: retention[row.name], now: Date()) }
        return rows.map { ExpiredTask(id: $0.id, name: $0.name) }
    }
}

/// Where the rows stand that wait behind others.
struct Span {
    /// From the least number to the greatest; nil for no rows.
    let ids: ClosedRange<Int64>?

    static func reader(_ columns: Columns) -> (ResultRow) -> Span {
        let (least, most) = (columns["least"], columns["most"])
        return { row in Span(ids: row.isNull(least) ? nil : row.integer(least)...row.integer(most)) }
    }
}

/// A row that was not begun in time.
struct ExpiredRow {
    let id: Int64
    let name: String
    let lockKey: String?
    let hasToken: Bool

    static func reader(_ columns: Columns) -> (ResultRow) -> ExpiredRow {
        let (id, name) = (columns["id"], columns["task_name"])
        let (key, hasToken) = (columns["lock_key"], columns["has_token"])
        return { row in
            let (id, name) = (row.integer(id), row.text(name))
            return ExpiredRow(id: id, name: name, lockKey: row.textIfAny(key), hasToken: row.flag(hasToken))
        }
    }
}
