import Logging
import TaskRun
import Text

/// Writes to the log what a run does, for log levels below warning.
struct RunLog: Sendable {
    /// Where it goes.
    let logger: Logger

    /// Writes an event down.
    ///
    /// Never a payload.
    func note(_ event: RunEvent) {
        switch event {
        case .trouble(let error):
            // Trouble that may pass needs no person. If it does not pass, the run ends with it and says so.
            // For the rest see Troubles.
            if error.isPassing { logger.notice("\(error)") }
        case .held:
            // See Troubles.
            break
        case .recovered(let tasks):
            logger.notice("recovered from dead runs: \(tasks.map { "\($0.id)" }.joined(separator: ", "))")
            let gone = tasks.filter(\.gaveWay)
            if !gone.isEmpty {
                logger.notice("of these, gave way to equal tasks: \(gone.map { "\($0.id)" }.joined(separator: ", "))")
            }
        case .expired(let tasks):
            logger.notice("FAILED, expired before they began: \(tasks.map { "\($0.id)" }.joined(separator: ", "))")
        case .heldBack(let task, let why):
            // Said at once, whatever is logged: see QuietTeller.
            logger.debug("not begun: \(why.reason)", metadata: Self.metadata(task))
        case .stopping:
            logger.notice("asked to stop")
        case .began(let task):
            logger.debug("begun", metadata: Self.metadata(task))
        case .progress(let task, let progress, _):
            let total = progress.total.map { " of \($0)" } ?? ""
            logger.debug("progress \(progress.done)\(total)", metadata: Self.metadata(task))
        case .ended(let task, let verdict, let result, let took):
            let end = Self.end(verdict, result)
            logger.info("\(end) after \(DurationText.taken(took))", metadata: Self.metadata(task))
        case .skipped(let task, let note):
            let why = note.map { ": \($0.gist)" } ?? ""
            logger.info("skipped by a hook\(why)", metadata: Self.metadata(task))
        case .waiting:
            logger.debug("nothing is due")
        case .abandoned:
            // Said at once, whatever is logged: see QuietTeller.
            break
        }
    }

    private static func metadata(_ task: ClaimedTask) -> Logger.Metadata {
        ["task.id": "\(task.id)", "task.name": "\(task.name)", "attempt": "\(task.attempt)"]
    }

    private static func end(_ verdict: Verdict?, _ result: SettleResult) -> String {
        switch (result, verdict) {
        case (.leaseLost, _): "lease lost"
        case (.untouched, _): "stuck"
        case (.gaveWay, _): "gave way to an equal task that waits,"
        case (.settled, nil), (.settled, .delete): "succeeded"
        case (.settled, .retry(let wait, _)): "to be tried again in \(DurationText.rounded(wait))"
        case (.settled, .fail): "FAILED"
        case (.settled, .release): "released"
        case (.settled, .cancel), (.cancelled, _): "cancelled"
        }
    }
}
