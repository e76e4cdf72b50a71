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
        let statement = try database.cachedStatement(sql: Statements.isAllowed)
        let except = SQLiteJSON.text(avoided.sorted())
        for row in heads.rows where !avoided.contains(row.id) {
            if try Bool.fetchOne(statement, arguments: ["id": row.id, "now": now, "except": except]) ?? false {
                rows.allowed.append(row)
            } else {
                rows.behind.append(row.id)
            }
        }
        if !rows.behind.isEmpty {
            let arguments: StatementArguments = ["ids": SQLiteJSON.text(rows.behind)]
            try database.cachedStatement(sql: Statements.markBehind).execute(arguments: arguments)
        }
        return rows
    }

    /// Puts lines right that nothing leads on: see ``TaskRun/TaskStore``.
    public func mendLines(now: Date?) async throws(StoreError) -> Int {
        try await transaction("cannot put lock keys right") { database in
            let text = SQLiteTime.text(now ?? Date())
            var count = try database.giveKeysToCrashed(limit: Self.mendLimit)
            guard let span = try Row.fetchOne(database, sql: Statements.spanBehind),
                let least: Int64 = span[0], let most: Int64 = span[1]
            else { return count }
            // Where they are very many: the first ones, and some from anywhere, so that each has its turn.
            for start in [least, Int64.random(in: least...most)] {
                let deserted = try Int64.fetchAll(
                    database,
                    sql: Statements.deserted,
                    arguments: ["id": start, "limit": Self.mendLimit, "now": text]
                )
                for id in deserted {
                    do {
                        try database.execute(sql: Statements.freeFailedHolder, arguments: ["id": id])
                        try database.execute(
                            sql: Statements.promoteKeyOf,
                            arguments: ["id": id, "now": text]
                        )
                        count += database.changesCount
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
        try Int64.fetchAll(self, sql: Statements.crashedWithoutKey, arguments: ["limit": limit])
            .count { id in
                try execute(sql: Statements.freeFailedHolder, arguments: ["id": id])
                try execute(sql: Statements.holdCrashed, arguments: ["id": id])
                return changesCount == 1
            }
    }

    /// Whether any row with a lock key is to be looked at: one step in an index that is empty where nobody uses keys.
    func isAnyKeyedOpen() throws -> Bool {
        try Row.fetchOne(cachedStatement(sql: Statements.anyOpen)) != nil
    }

    /// Whether a row with a lock key is due that is to be looked at, or may be: not all were seen.
    func isAnyKeyedDue(names: [String], queues: QueueFilter?, now: String) throws -> Bool {
        try isAnyKeyedOpen() && !lanes(names: names, queues: queues, keyed: true, now: now, atMost: 1).isNothing
    }

    /// Notes that those of these rows that were chosen hold their keys.
    func holdKeys(of keyed: [Int64], among chosen: Set<Int64>) throws {
        let held = chosen.intersection(keyed)
        guard !held.isEmpty else { return }
        try cachedStatement(sql: Statements.hold).execute(arguments: ["ids": SQLiteJSON.text(held.sorted())])
    }

    /// After a claim ended: if the row does not keep its key, the next one of the key is to be looked at.
    func letGo(_ key: String, _ settlement: Settlement, gaveWay: Bool, now: Date) throws {
        if !gaveWay, settlement.keepsKey { return }
        let arguments: StatementArguments = ["id": settlement.proof.id, "claim_no": settlement.proof.number]
        try cachedStatement(sql: Statements.free).execute(arguments: arguments)
        try promote(key, now: now)
    }

    /// Makes the next one of a key that waits behind one to be looked at.
    func promote(_ key: String, now: Date = Date()) throws {
        let arguments: StatementArguments = ["key": key, "now": SQLiteTime.text(now)]
        do {
            try cachedStatement(sql: Statements.promote).execute(arguments: arguments)
        } catch let error as DatabaseError where error.refusesRow && isInsideTransaction {
            // The next one's own trouble; a later run tries to lead the line on.
        }
    }

    /// Whether a row was not begun in time.
    func isAnyExpired(now: String) throws -> Bool {
        try Row.fetchOne(cachedStatement(sql: Statements.anyExpired), arguments: ["now": now]) != nil
    }

    /// Makes rows FAILED that were not begun in time.
    func expire(
        now: String,
        _ retention: ResultRetention,
        except avoided: Set<Int64> = []
    ) throws -> [ExpiredTask] {
        guard try isAnyExpired(now: now) else { return [] }
        let rows = try Row.fetchAll(
            cachedStatement(sql: Statements.expire),
            arguments: [
                "now": now, "limit": ExpiredTask.most, "except": SQLiteJSON.text(avoided.sorted()),
            ]
        )
        for key in Set(rows.compactMap { $0.textIfAny(2) }) { try promote(key) }
        // Within the transaction: the lock was waited for before.
        for row in rows where row[3] { try keepFailed(row[0], keep: retention[row.text(1)], now: Date()) }
        return rows.map { ExpiredTask(id: $0[0], name: $0.text(1)) }
    }
}
