import Platform
import TaskRun

/// The batches of tasks on one session: counts the ends of their tasks, and makes the tasks due that wait for them.
struct Batches {
    let session: PostgreSQLSession

    /// Makes tasks due whose batches have ended unnoticed.
    func endUnnoticed(after batch: String?, now: Date?) throws(PostgreSQLFailure) -> EndedBatches {
        let look = Request(BatchSQL.ended, [batch ?? "", String(EndedBatches.most)])
        let answers = try session.exchange([look, Request(BatchSQL.anyDeserted)])
        if answers[BatchSQL.anyDeserted].only.bool("any_deserted") {
            // In a transaction of its own, so that it holds no row while it waits for others.
            let found = try session.exchange([.begin, Request(BatchSQL.deserted)])[BatchSQL.deserted]
            let deserted = found.map { $0.text("batch") }
            try session.exchange([Request(BatchSQL.forget, [SQLText.array(deserted)]), .commit])
        }
        let ended = answers[BatchSQL.ended].map { $0.text("batch") }
        guard !ended.isEmpty else { return EndedBatches() }
        try session.exchange([.begin, SessionSettings.patience])
        var result = try end(BatchCounts(batches: ended), now: now)
        try session.exchange([.commit])
        result.last = EndedBatches.last(of: ended, after: batch)
        return result
    }

    /// Counts the ends, and makes tasks due whose batches have ended with them.
    ///
    /// If the table refuses such a task, it keeps waiting; the next run tries again.
    ///
    /// - Returns: How many tasks became due, and which were refused.
    @discardableResult
    func end(_ batches: BatchCounts, now: Date?) throws(PostgreSQLFailure) -> EndedBatches {
        let counts = batches.counts
        guard !counts.isEmpty else { return EndedBatches() }
        let names = SQLText.array(counts.map(\.batch))
        let values = [names, SQLText.array(counts.map(\.complete)), SQLText.array(counts.map(\.cancelled))]
        let answers = try session.exchange([
            Request(BatchSQL.count, values), Request(BatchSQL.over, [names]), Request(BatchSQL.anyOver, [names]),
        ])
        let waiting = answers[BatchSQL.over].map { BatchFollower($0) }
        let isPartial = answers[BatchSQL.anyOver].only.integer("waiting") > Int64(waiting.count)
        guard !waiting.isEmpty else { return EndedBatches(isPartial: isPartial) }
        let over = SQLText.array(waiting.map(\.batch))
        let failed = Dictionary(
            try session.rows(of: Request(BatchSQL.failed, [over])).map { ($0.bytes("batch"), $0.integer("failed")) },
            uniquingKeysWith: { first, _ in first }
        )
        let due = waiting.map { (task: $0, data: $0.data(failed: failed[Array($0.batch.utf8)] ?? 0)) }
        var refusals: [BatchRefusal] = []
        if try makeDue(due, now: now) != nil {
            for one in due { try makeDue([one], now: now).map { refusals.append($0) } }
        }
        try session.exchange([Request(BatchSQL.forget, [over])])
        return EndedBatches(due: due.count - refusals.count, refusals: refusals, isPartial: isPartial)
    }

    /// Makes tasks due, or none of them.
    ///
    /// - Returns: Nil if they are due, or why the first one is not.
    private func makeDue(
        _ due: [(task: BatchFollower, data: String)],
        now: Date?
    ) throws(PostgreSQLFailure) -> BatchRefusal? {
        let values = [SQLText.array(due.map(\.task.id)), SQLText.array(due.map(\.data)), SQLText.moment(now)]
        var cause: String?
        do {
            let answers = try session.exchange([.mark, Request(BatchSQL.release, values)])
            if answers.changedRows(of: BatchSQL.release) == due.count {
                try session.exchange([.keep])
                return nil
            }
        } catch {
            guard error.isAboutStatement else { throw error }
            cause = error.storeError(subject: "").cause
        }
        try session.exchange([.undo, .keep])
        return due.first.map { BatchRefusal(id: $0.task.id, batch: $0.task.batch, cause: cause) }
    }
}
