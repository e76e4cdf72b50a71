public import Foundation
import GRDB
public import TaskRun
import Text

extension SQLiteStore {
    /// The most batches that one call of ``endBatches(after:now:)`` ends.
    private static let endLimit = 1000

    /// Makes tasks due whose batches have ended unnoticed.
    ///
    /// Where there is nothing to do no lock is taken.
    public func endBatches(after batch: String?, now: Date?) async throws(StoreError) -> EndedBatches {
        let isNothing = try await read("cannot look for batches that have ended") { database in
            try database.endedBatches(after: batch, limit: 1).isEmpty
                && !database.finds(Statements.anyDeserted)
        }
        if isNothing { return EndedBatches() }
        return try await transaction("cannot end batches") { database in
            try database.run(Statements.forgetDeserted)
            let ended = try database.endedBatches(after: batch, limit: Self.endLimit)
            var result = try database.endBatches(ended, now: now ?? Date())
            // A name that is no text comes back as another one: never backwards.
            if ended.count == Self.endLimit, let last = ended.last, ByteText(batch ?? "") < ByteText(last) {
                result.last = last
            }
            return result
        }
    }
}

extension Database {
    /// Batches that have no open task and for which a task waits; behind this one in the order of their bytes.
    fileprivate func endedBatches(after batch: String?, limit: Int) throws -> [String] {
        try rows(Statements.ended, ["after": batch ?? "", "limit": limit])
    }
}

extension Database {
    /// Adds what is to follow on tasks that are gone; due at once, so that the same transaction can claim it.
    func addFollowUps(_ settlements: [Settlement], _ results: [SettleResult], now: Date) throws {
        for (settlement, result) in zip(settlements, results) where result == .settled {
            for var task in settlement.additions {
                if task.delay == nil, task.runAt == nil { task.runAt = now }
                do {
                    _ = try add(task)
                } catch let error as DatabaseError {
                    let known = StoreError(sqlite: error, "cannot add a task that is to follow", isAboutRows: true)
                    guard known.code == .refused else { throw error }
                    throw StoreError(.refused, subject: known.subject, cause: known.cause, isAboutFollowUp: true)
                }
            }
        }
    }

    /// Counts what has ended of batches that a task waits for, and makes the tasks due whose batches have ended with it.
    ///
    /// Also rows that were to go back may be gone, as they were cancelled or gave way.
    ///
    /// - Returns: Which of these tasks go on waiting, as the table refuses to let them become due.
    @discardableResult
    func endBatches(_ settlements: [Settlement], _ results: [SettleResult], now: Date) throws -> [BatchRefusal] {
        // By the bytes of the names, as the table compares them; to Swift more texts are equal.
        var counts: [[UInt8]: (complete: Int, cancelled: Int)] = [:]
        for (settlement, result) in zip(settlements, results) where result != .leaseLost && result != .untouched {
            guard let batch = settlement.batch else { continue }
            counts[Array(batch.utf8), default: (0, 0)].complete += settlement.verdict == .delete ? 1 : 0
            counts[Array(batch.utf8), default: (0, 0)].cancelled += settlement.verdict == .cancel ? 1 : 0
        }
        let batches = counts.keys.map { String(decoding: $0, as: UTF8.self) }
        for (batch, count) in zip(batches, counts.values) {
            try countEnds(batch, complete: count.complete, cancelled: count.cancelled)
        }
        return try endBatches(batches, now: now).refusals
    }

    /// Makes the tasks due that wait for these batches, of those of which no task is open.
    @discardableResult
    func endBatches(_ batches: [String], now: Date) throws -> EndedBatches {
        var all = EndedBatches()
        // Once each, by their bytes.
        for batch in Set(batches.map { Array($0.utf8) }) {
            let ended = try endBatch(String(decoding: batch, as: UTF8.self), now: now)
            all.due += ended.due
            all.refusals += ended.refusals
        }
        return all
    }

    /// Counts ends of a batch, if a task waits for it.
    func countEnds(_ batch: String, complete: Int = 0, cancelled: Int = 0) throws {
        try run(Statements.countEnds, ["batch": batch, "complete": complete, "cancelled": cancelled])
    }

    private func endBatch(_ batch: String, now: Date) throws -> EndedBatches {
        let waiting = try rows(Statements.over, ["batch": batch])
        guard !waiting.isEmpty else { return EndedBatches() }
        let failed = try first(Statements.failed, ["batch": batch])
        var refusals: [BatchRefusal] = []
        for task in waiting {
            let numbers = BatchNumbers(
                batch: batch,
                complete: task.complete,
                failed: failed ?? 0,
                cancelled: task.cancelled
            )
            let refusal = try release(task.id, of: batch, data: numbers.put(into: task.data), now: now)
            if let refusal { refusals.append(refusal) }
        }
        // They are told when the next run tries again.
        if refusals.isEmpty { try run(Statements.forgetBatch, ["batch": batch]) }
        return EndedBatches(due: waiting.count - refusals.count, refusals: refusals)
    }

    /// Makes a task due that has waited long enough; what a trigger refuses is undone, and the task goes on waiting.
    private func release(_ id: Int64, of batch: String, data: String, now: Date) throws -> BatchRefusal? {
        var (isDue, cause) = (false, String?.none)
        do {
            try inSavepoint {
                isDue = try run(Statements.makeDue, ["id": id, "data": data, "now": SQLiteTime.text(now)]) == 1
                return .commit
            }
        } catch let error as DatabaseError
            where [.SQLITE_CONSTRAINT, .SQLITE_ERROR, .SQLITE_MISMATCH].contains(error.resultCode)
            && isInsideTransaction
        {
            // Where the trigger has undone all of the transaction, nothing is left that could be committed.
            cause = StoreError(sqlite: error, "").cause
        }
        return isDue ? nil : BatchRefusal(id: id, batch: batch, cause: cause)
    }
}

/// A task that has waited for its batch, with what was counted of it.
struct WaitingTask {
    let id: Int64
    let data: String
    let complete: Int64
    let cancelled: Int64

    static func reader(_ columns: Columns) -> (ResultRow) -> WaitingTask {
        let (id, data) = (columns["id"], columns["data"])
        let (complete, cancelled) = (columns["complete"], columns["cancelled"])
        return { row in
            WaitingTask(
                id: row.integer(id),
                data: row.text(data),
                complete: row.natural(complete),
                cancelled: row.natural(cancelled)
            )
        }
    }
}
