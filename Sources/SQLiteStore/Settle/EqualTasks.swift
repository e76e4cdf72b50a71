import Foundation
import GRDB
import TaskRun

/// Removes equal tasks, of the same name and `dedupe_key`, of which only one may wait.
struct EqualTasks {
    let database: Database
    let keeper: HistoryKeeper
    /// How long the result of a removed task is kept.
    let keep: Duration
    let now: Date

    /// Writes a claimed row that is to become WAITING; if an equal one waits, only one of them stays.
    ///
    /// - Parameters:
    ///   - id: The number of the row.
    ///   - claimNumber: Its claim, or nil for any.
    ///   - change: Writes the row, or returns false if it changed nothing.
    /// - Returns: What became of the row, and the batch of an equal one that was removed for it: it may have ended.
    /// - Throws: What the database reports.
    func write(
        _ id: Int64,
        claimNumber: Int64? = nil,
        _ change: () throws -> Bool
    ) throws -> (result: SettleResult, removed: String?) {
        do {
            return (try change() ? .settled : .leaseLost, nil)
        } catch let error as DatabaseError where error.extendedResultCode == .SQLITE_CONSTRAINT_UNIQUE {
            guard let equal = try database.first(Statements.equalOf, ["id": id]) else { throw error }
            let back = EqualTask(id: id, isToBeCancelled: equal.isOtherToBeCancelled)
            guard [EqualTask(id: equal.id), back].staying == id else {
                return (try giveWay(id, claimNumber: claimNumber) ? .gaveWay : .leaseLost, nil)
            }
            let removed = try removeOlder(equal.id)
            return (try change() ? .settled : .leaseLost, removed)
        }
    }

    /// Removes a waiting row that has a newer equal, and returns its batch, which may have ended with it.
    func removeOlder(_ id: Int64) throws -> String? {
        try Results(database: database).keep(Statements.keepGivenWay, id, for: keep, now: now)
        let gone = try database.first(Statements.removeOlder, ["id": id])
        if let gone { try note(gone) }
        if let key = gone?.lockKey { try LockLines(database: database).promote(key, now: now) }
        return gone?.batch
    }

    /// Removes a claimed row that has a newer equal, or returns false if its claim no longer holds.
    private func giveWay(_ id: Int64, claimNumber: Int64?) throws -> Bool {
        try Results(database: database).keep(Statements.keepGivenWay, id, for: keep, now: now)
        guard let gone = try database.first(Statements.giveWay, ["id": id, "claim_no": claimNumber]) else {
            return false
        }
        try note(gone)
        return true
    }

    private func note(_ gone: RemovedRow) throws {
        try History(database: database, keeper: keeper).note(gone.row, .replaced, now: now)
    }
}

/// A waiting row that is equal to another one, which is to become WAITING.
struct EqualRow {
    let id: Int64
    /// Whether that other one is to be cancelled.
    let isOtherToBeCancelled: Bool

    init(_ row: ResultRow) { (id, isOtherToBeCancelled) = (row.integer("id"), row.flag("is_to_be_cancelled")) }
}

/// The columns of a removed row that matter for other rows.
struct RemovedRow {
    let row: EndedRow
    let lockKey: String?

    var batch: String? { row.batch }

    init(_ row: ResultRow) { (self.row, lockKey) = (EndedRow(row), row.textIfAny("lock_key")) }
}
