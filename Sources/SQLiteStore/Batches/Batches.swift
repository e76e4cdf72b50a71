import Foundation
import GRDB
import TaskRun

/// The batches of tasks: counts the ends of their tasks, and makes the tasks due that wait for them.
struct Batches {
    let database: Database

    /// Whether no batch after this one has ended unnoticed, and no counts are left without a waiting task.
    func isNothingToEnd(after batch: String?) throws -> Bool {
        try ended(after: batch, limit: 1).isEmpty && !database.finds(Statements.anyDeserted)
    }

    /// Ends batches that have ended unnoticed, and forgets counts for which no task waits.
    func endUnnoticed(after batch: String?, now: Date) throws -> EndedBatches {
        try database.run(Statements.forgetDeserted)
        let ended = try ended(after: batch, limit: EndedBatches.most)
        var result = try end(ended, now: now)
        result.last = EndedBatches.last(of: ended, after: batch)
        return result
    }

    /// The batches without an open task for which a task waits, after this one in the order of their bytes.
    private func ended(after batch: String?, limit: Int) throws -> [String] {
        try database.rows(Statements.ended, ["after": batch ?? "", "limit": limit])
    }

    /// Adds follow-up tasks, due at once, so that the same transaction can claim them.
    func add(_ followUps: [NewTask], now: Date) throws {
        for var task in followUps {
            if task.delay == nil, task.runAt == nil { task.runAt = now }
            do {
                _ = try Tasks(database: database).add(task)
            } catch let error as DatabaseError {
                let known = StoreError(sqlite: error, "cannot add a follow-up", isAboutRows: true)
                guard known.code == .refused else { throw error }
                throw StoreError(.refused, subject: known.subject, cause: known.cause, isAboutFollowUp: true)
            }
        }
    }

    /// Makes the tasks due that wait for these batches, if a batch has no open task.
    @discardableResult
    func end(_ batches: [String], now: Date) throws -> EndedBatches {
        try end(BatchCounts(batches: batches), now: now)
    }

    /// Counts the ends of tasks for their batches, and makes the tasks due whose batches have ended with them.
    @discardableResult
    func end(_ batches: BatchCounts, now: Date) throws -> EndedBatches {
        for ends in batches.counts where ends.isAny {
            try countEnds(ends.batch, complete: ends.complete, cancelled: ends.cancelled)
        }
        var all = EndedBatches()
        for ends in batches.counts {
            let ended = try end(ends.batch, now: now)
            all.due += ended.due
            all.refusals += ended.refusals
        }
        return all
    }

    /// Counts ends of a batch, if a task waits for it.
    func countEnds(_ batch: String, complete: Int64 = 0, cancelled: Int64 = 0) throws {
        try database.run(Statements.countEnds, ["batch": batch, "complete": complete, "cancelled": cancelled])
    }

    private func end(_ batch: String, now: Date) throws -> EndedBatches {
        let waiting = try database.rows(Statements.over, ["batch": batch])
        guard !waiting.isEmpty else { return EndedBatches() }
        let failed = try database.first(Statements.failed, ["batch": batch]) ?? 0
        let refusals = try waiting.compactMap { row in
            try makeDue(row.id, of: batch, data: row.data(failed: failed), now: now)
        }
        // If some were refused, the next run needs the counts when it tries again.
        if refusals.isEmpty { try database.run(Statements.forgetBatch, ["batch": batch]) }
        return EndedBatches(due: waiting.count - refusals.count, refusals: refusals)
    }

    /// Makes a task due; if a trigger refuses that, it is undone, and the task keeps waiting.
    private func makeDue(_ id: Int64, of batch: String, data: String, now: Date) throws -> BatchRefusal? {
        var (isDue, cause) = (false, String?.none)
        do {
            try database.inSavepoint {
                let arguments: StatementArguments = ["id": id, "data": data, "now": SQLiteTime.text(now)]
                isDue = try database.run(Statements.makeDue, arguments) == 1
                return .commit
            }
        } catch let error as DatabaseError where error.refusesRow && database.isInsideTransaction {
            // If the trigger has undone the whole transaction, nothing is left to commit, and the error goes on.
            cause = StoreError(sqlite: error, "").cause
        }
        return isDue ? nil : BatchRefusal(id: id, batch: batch, cause: cause)
    }
}
