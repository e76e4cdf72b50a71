import Text

/// The messages of a run about single tasks and rows, each logged once.
final class Notices {
    /// How many lost results are named.
    private static let mostLostResults = 10

    private let run: RunShared
    /// Tasks that still wait although their batches have ended.
    private var refusedFollowers: Set<Int64> = []
    /// Rows that the database does not let be changed.
    private var refusedRows: Set<Int64> = []
    /// How many results of tasks that are done could not be kept.
    private var lostResults = 0
    private var hasSaidWaiting = false

    init(_ run: RunShared) { self.run = run }

    /// Nothing is due, the run holds no task, and it stays.
    func waiting(isIdle: Bool) {
        if isIdle, !hasSaidWaiting { run.tell(.waiting) }
        hasSaidWaiting = isIdle
    }

    /// Something is due again.
    func waitingEnded() { hasSaidWaiting = false }

    func refused(_ rows: [RefusedRow], to doing: String) {
        for row in rows where refusedRows.insert(row.id).inserted {
            let subject = "task \(row.id)" + (row.name.map { " \($0)" } ?? "")
            trouble(
                "cannot \(doing) \(subject)",
                cause: row.cause,
                advice: "The run passes it over and performs the others. Repair the row, or remove what refuses it.",
                task: row.id
            )
        }
    }

    func refused(_ refusals: [BatchRefusal]) {
        for refusal in refusals where refusedFollowers.insert(refusal.id).inserted {
            run.tell(.trouble(refusal.error(in: run.store.location)))
        }
    }

    /// A task is done, and its result could not be kept.
    func lostResult(of end: PendingEnd) {
        let isGone = end.verdict == .delete || end.verdict == .cancel
        guard isGone, end.task.token != nil, end.decided.record != nil else { return }
        lostResults += 1
        guard lostResults <= Self.mostLostResults else { return }
        let isLast = lostResults == Self.mostLostResults
        let rest =
            end.form == .withoutResult ? "Its token shows only that it has ended." : "Its token shows nothing."
        trouble(
            "cannot keep the result of task \(end.task.id) \(end.task.name)",
            cause: end.words ?? StoreError.skipped,
            advice: "The task is done. \(rest) Remove what refuses the result."
                + (isLast ? " Further lost results are not reported." : "")
        )
    }

    /// The end of a task has waited for another transaction for a while.
    func held(_ end: PendingEnd, by holder: String) {
        let subject = "cannot write the end of task \(end.task.id) \(end.task.name) in \(run.store.location)"
        let advice = "It is tried again until the transaction ends; other tasks are settled in the meantime."
        run.tell(.held(StoreError(.held, subject: subject, cause: holder, advice: advice, task: end.task.id)))
    }

    /// A claim brought nothing, and this is the reason.
    func found(_ finding: RunState.Finding) {
        switch finding {
        case .queueIsEmpty: break
        case .rowsAreLocked: heldForLong("cannot claim tasks that are due", "another transaction has their rows locked")
        case .rowsWaitForOthers(let cause):
            let advice = "Check which task or index prevents that."
            heldForLong("cannot claim tasks that are due", cause, advice: advice)
        }
    }

    /// A task whose batch has ended cannot be made due.
    func lockedFollower() {
        heldForLong("cannot make a task due whose batch has ended", "another transaction has its row locked")
    }

    private func heldForLong(
        _ what: String,
        _ cause: String,
        advice: String = "See pg_stat_activity for transactions that have been open for long."
    ) {
        let error = StoreError(
            .held,
            subject: "\(what) in \(run.store.location)",
            cause: "\(cause), for \(DurationText.exact(PassedOver.patience)) and longer",
            advice: "They are tried again until the run ends, and by the next runs. \(advice)"
        )
        run.tell(.held(error))
    }

    private func trouble(_ what: String, cause: String, advice: String, task: Int64? = nil) {
        let subject = "\(what) in \(run.store.location)"
        run.tell(.trouble(StoreError(.refused, subject: subject, cause: cause, advice: advice, task: task)))
    }
}
