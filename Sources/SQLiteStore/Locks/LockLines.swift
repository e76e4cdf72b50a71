import Foundation
import GRDB
import TaskRun

/// The tasks with a lock key: which of them may be claimed, and which one is next.
struct LockLines {
    /// The most rows behind others that one repair looks at, from each of two starting points.
    private static let repairLimit = 1000

    let database: Database

    /// Whether a claim must look at any row with a lock key: one step in an index that is empty if no task has a key.
    func isAnyOpen() throws -> Bool { try database.finds(Statements.anyOpen) }

    /// Whether a row with a lock key that a claim must look at is due, or may be due because not all rows were seen.
    func isAnyDue(names: [String], queues: QueueFilter?, now: String) throws -> Bool {
        try isAnyOpen()
            && !LaneSearch(names: names, queues: queues, keyed: true, now: now, atMost: 1, in: database).isNothing
    }

    /// Whether a row with a lock key may be claimed; `except` lists the rows that claims pass over, as JSON.
    func isAllowed(_ id: Int64, except: String, now: String) throws -> Bool {
        try database.first(Statements.isAllowed, ["id": id, "now": now, "except": except]) ?? false
    }

    /// Notes that other rows of the same key come before these rows.
    func putBehind(_ ids: [Int64]) throws {
        if !ids.isEmpty { try database.run(Statements.markBehind, ["ids": ids.json]) }
    }

    /// Notes that these rows hold their keys.
    func hold(_ ids: [Int64]) throws {
        if !ids.isEmpty { try database.run(Statements.hold, ["ids": ids.sorted().json]) }
    }

    /// After a claim has ended: if the row does not keep its key, the next row of the key may run.
    func release(_ key: String, _ settlement: Settlement, gaveWay: Bool, now: Date) throws {
        if settlement.freesKey {
            try database.run(Statements.free, ["id": settlement.proof.id, "claim_no": settlement.proof.number])
        }
        if gaveWay || !settlement.keepsKey { try promote(key, now: now) }
    }

    /// Lets claims look at the next row of a key that is behind others.
    func promote(_ key: String, now: Date = Date()) throws {
        do {
            try database.run(Statements.promote, ["key": key, "id": nil, "now": SQLiteTime.text(now)])
        } catch let error as DatabaseError where error.refusesRow && database.isInsideTransaction {
            // The database refuses only that row. A later run repairs the key.
        }
    }

    /// Repairs keys whose next row no claim looks at, because rows were changed by hand, and returns how many were
    /// repaired.
    func repair(now: Date) throws -> Int {
        let now = SQLiteTime.text(now)
        var count = try giveKeysToCrashed()
        guard let span = try database.first(Statements.spanBehind)?.ids else { return count }
        // If the rows are very many: the first ones, and some from a random number on, so that each is reached at some
        // time.
        for start in [span.lowerBound, Int64.random(in: span)] {
            let range: StatementArguments = ["id": start, "limit": Self.repairLimit, "now": now]
            for id in try database.rows(Statements.deserted, range) {
                do {
                    try database.run(Statements.freeFailedHolder, ["id": id])
                    count += try database.run(Statements.promote, ["key": nil, "id": id, "now": now])
                } catch let error as DatabaseError where error.refusesRow && database.isInsideTransaction {
                    // The database refuses only that row.
                }
            }
        }
        return count
    }

    /// Gives rows whose runs died their keys, unless another row holds them, and returns how many got theirs.
    private func giveKeysToCrashed() throws -> Int {
        try database.rows(Statements.crashedWithoutKey, ["limit": Self.repairLimit]).count { id in
            try database.run(Statements.freeFailedHolder, ["id": id])
            return try database.run(Statements.holdCrashed, ["id": id]) == 1
        }
    }
}

/// The numbers of the rows that are behind others.
struct Span {
    /// From the smallest number to the greatest, or nil if there are no such rows.
    let ids: ClosedRange<Int64>?

    init(_ row: ResultRow) { ids = row.integerIfAny("least").map { $0...row.integer("most") } }
}
