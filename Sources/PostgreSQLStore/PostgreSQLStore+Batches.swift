public import Platform
public import TaskRun

extension PostgreSQLStore {
    /// The most batches that one call of ``endBatches(after:now:)`` ends.
    private static let endLimit = 1000

    /// Makes tasks due whose batches have ended unnoticed: see ``TaskRun/TaskStore``.
    ///
    /// - Returns: How many tasks, and which the table refuses.
    /// - Throws: What the database reports.
    public func endBatches(after batch: String?, now: Date?) async throws(StoreError) -> EndedBatches {
        try await reach(to: "end batches") { session throws(PostgreSQLFailure) in
            let look = Request(BatchSQL.ended, [batch ?? "", String(Self.endLimit)])
            let answers = try session.exchange([look, Request(BatchSQL.anyDeserted)])
            if answers[BatchSQL.anyDeserted].only.bool("any_deserted") {
                // In a transaction of its own, so that no row is held while others are waited for.
                let found = try session.exchange([.begin, Request(BatchSQL.deserted)])[BatchSQL.deserted]
                let deserted = found.map { $0.text("batch") }
                try session.exchange([Request(BatchSQL.forget, [SQLText.array(deserted)]), .commit])
            }
            let ended = answers[BatchSQL.ended].map { $0.text("batch") }
            guard !ended.isEmpty else { return EndedBatches() }
            try session.exchange([.begin, SessionSettings.patience])
            var result = try BatchEnds(batches: ended).note(now: now, in: session)
            try session.exchange([.commit])
            if ended.count == Self.endLimit { result.last = ended.last }
            return result
        }
    }
}

/// Which tasks of which batches have ended, within a transaction.
struct BatchEnds: Sendable {
    private struct Counts {
        let batch: String
        var complete: Int64 = 0
        var cancelled: Int64 = 0
    }

    /// By the bytes of the names, as the table compares them; to Swift more texts are equal.
    private var counts: [[UInt8]: Counts] = [:]

    /// Batches that are to be looked at.
    init(batches: [String]) {
        for batch in batches { counts[Array(batch.utf8)] = Counts(batch: batch) }
    }

    /// What settlements have ended; also rows that were to go back may be gone, as they were cancelled or gave way.
    ///
    /// Others are to be looked at.
    init(_ settlements: [Settlement], _ results: [SettleResult], _ others: [String] = []) {
        self.init(batches: others)
        for (settlement, result) in zip(settlements, results) where result != .leaseLost && result != .untouched {
            guard let batch = settlement.batch else { continue }
            var count = counts[Array(batch.utf8)] ?? Counts(batch: batch)
            count.complete += settlement.verdict == .delete ? 1 : 0
            count.cancelled += settlement.verdict == .cancel ? 1 : 0
            counts[Array(batch.utf8)] = count
        }
    }

    /// Counts the ends, and makes the tasks due whose batches have ended with them.
    ///
    /// A task that the table does not let become due goes on waiting; the next run tries again.
    ///
    /// - Returns: How many tasks became due, and which are refused.
    @discardableResult
    func note(now: Date?, in session: PostgreSQLSession) throws(PostgreSQLFailure) -> EndedBatches {
        guard !counts.isEmpty else { return EndedBatches() }
        let counts = Array(counts.values)
        let names = SQLText.array(counts.map(\.batch))
        let values = [names, SQLText.array(counts.map(\.complete)), SQLText.array(counts.map(\.cancelled))]
        let answers = try session.exchange([
            Request(BatchSQL.count, values), Request(BatchSQL.over, [names]), Request(BatchSQL.anyOver, [names]),
        ])
        let waiting = answers[BatchSQL.over].map { Waiting($0) }
        let isPartial = answers[BatchSQL.anyOver].only.integer("waiting") > Int64(waiting.count)
        guard !waiting.isEmpty else { return EndedBatches(isPartial: isPartial) }
        let over = SQLText.array(waiting.map(\.batch))
        let failed = Dictionary(
            try session.rows(of: Request(BatchSQL.failed, [over])).map { ($0.bytes("batch"), $0.integer("failed")) },
            uniquingKeysWith: { first, _ in first }
        )
        let free = waiting.map { row in
            let numbers = BatchNumbers(
                batch: row.batch,
                complete: row.complete,
                failed: failed[Array(row.batch.utf8)] ?? 0,
                cancelled: row.cancelled
            )
            return Free(id: row.id, batch: row.batch, data: numbers.put(into: row.data))
        }
        var refusals: [BatchRefusal] = []
        if try release(free, now: now, in: session) != nil {
            for one in free { try release([one], now: now, in: session).map { refusals.append($0) } }
        }
        try session.exchange([Request(BatchSQL.forget, [over])])
        return EndedBatches(due: free.count - refusals.count, refusals: refusals, isPartial: isPartial)
    }

    /// A task whose batch has ended: a row of `batch_over.sql`.
    private struct Waiting {
        let id: Int64
        let data: String
        let batch: String
        let complete: Int64
        let cancelled: Int64

        init(_ row: PostgreSQLResult.Row) {
            (id, data, batch) = (row.integer("id"), row.text("data"), row.text("batch"))
            (complete, cancelled) = (row.integer("complete"), row.integer("cancelled"))
        }
    }

    /// A task that has waited long enough, with its new payload.
    private struct Free {
        let id: Int64
        let batch: String
        let data: String
    }

    /// Makes tasks due, or none of them.
    ///
    /// - Returns: Why not, told of the first one; nil: they are due.
    private func release(
        _ free: [Free],
        now: Date?,
        in session: PostgreSQLSession
    ) throws(PostgreSQLFailure) -> BatchRefusal? {
        let values = [SQLText.array(free.map(\.id)), SQLText.array(free.map(\.data)), SQLText.moment(now)]
        var cause: String?
        do {
            let answers = try session.exchange([.mark, Request(BatchSQL.release, values)])
            if answers.changedRows(of: BatchSQL.release) == free.count {
                try session.exchange([.keep])
                return nil
            }
        } catch {
            guard error.isAboutStatement else { throw error }
            cause = error.storeError(subject: "").cause
        }
        try session.exchange([.undo, .keep])
        return free.first.map { BatchRefusal(id: $0.id, batch: $0.batch, cause: cause) }
    }
}

extension SettlementBatch {
    /// Whether something is left to be done when it is known which rows were settled.
    var hasSequel: Bool { settlements.contains(where: \.hasSequel) }

    /// Adds what is to follow on tasks that are gone, and tells the batches of theirs.
    ///
    /// - Returns: Which tasks go on waiting although their batches have ended.
    func conclude(
        _ results: [SettleResult],
        removed: [RemovedEqual] = [],
        in session: PostgreSQLSession
    ) throws(PostgreSQLFailure) -> EndedBatches {
        let tasks = zip(settlements, results).flatMap { $1 == .settled ? $0.additions : [] }
        do throws(PostgreSQLFailure) {
            let steps = TaskInsertion(tasks).steps
            for (place, step) in steps.enumerated() {
                let opening = place == 0 ? [SessionSettings.haste(isAlone: settlements.count == 1)] : []
                let closing = place == steps.count - 1 ? [SessionSettings.noHaste] : []
                let answers = try session.exchange(opening + [step.request] + closing)
                // One with a key has a statement of its own, which adds nothing where an equal one waits.
                let isWhole = answers[step.request.statement].count == step.tasks.count
                guard isWhole || step.tasks.first?.dedupeKey != nil else { throw PostgreSQLFailure.notKept }
            }
        } catch {
            if error.state == PostgreSQLFailure.lockTimeout {
                throw PostgreSQLFailure(.held, state: error.state, message: error.message)
            }
            guard error.isAboutStatement || error == .notKept else { throw error }
            // A token that another task has: that is no row which is to give way, so its state is not told.
            let state = error.state == PostgreSQLFailure.uniqueViolation ? nil : error.state
            var refusal = PostgreSQLFailure(.refused, state: state, message: error.message)
            refusal.isAboutFollowUp = true
            throw refusal
        }
        return try BatchEnds(settlements, results, removed.compactMap(\.batch)).note(now: now, in: session)
    }
}
